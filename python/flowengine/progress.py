"""What happens, for people who watch: a live picture on a terminal or in a notebook, else lines."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from .execution_view import LOOKS, ExecutionView, line_of, name_of, one_line


class Display(Protocol):
    """Something that shows events."""

    def show(self, event: Mapping[str, Any]) -> None:
        """Take an event, and show it as soon as that makes sense."""

    def close(self) -> None:
        """Show the last picture: no more events come."""


class Progress:
    """A display that may be there or not. One that breaks is not used any more: an execution does not fail for it."""

    def __init__(self, display: Display | None) -> None:
        self._display = display

    @property
    def is_shown(self) -> bool:
        """Whether there is somebody to show events to."""
        return self._display is not None

    def show(self, event: Mapping[str, Any]) -> None:
        """Take an event; always from the same thread."""
        if self._display is not None:
            try:
                self._display.show(event)
            except Exception:
                # Such as stderr that nobody reads any more.
                self._display = None

    def close(self) -> None:
        """Say that no more events come."""
        display, self._display = self._display, None
        if display is not None:
            try:
                display.close()
            except Exception:
                return


def open_progress(wanted: bool | None, name: str, node_ids: Iterable[str]) -> Progress:
    """Answer who shows the execution of a flow: `None` wants it on a terminal and in a notebook only."""
    return Progress(None if wanted is False else _choose(bool(wanted), ExecutionView(name, node_ids)))


def _choose(is_wanted: bool, view: ExecutionView) -> Display | None:
    if _is_notebook():
        from .notebook_progress import NotebookDisplay

        return NotebookDisplay(view)
    is_terminal = sys.stderr is not None and sys.stderr.isatty()
    if is_terminal and os.environ.get("TERM", "dumb") != "dumb":
        from .terminal_progress import TerminalDisplay

        return TerminalDisplay(view, sys.stderr)
    return PlainDisplay() if is_wanted or is_terminal else None


def _is_notebook() -> bool:
    """Whether this is the kernel of a notebook, which has no terminal but shows HTML."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return getattr(shell, "kernel", None) is not None


class PlainDisplay:
    """A line on stderr for each event that people want to know of."""

    def show(self, event: Mapping[str, Any]) -> None:
        """Write the line about an event."""
        line = describe_event(event)
        if line is not None:
            print(line, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Do nothing: all is written."""


def describe_event(event: Mapping[str, Any]) -> str | None:
    """Answer the line about an event."""
    name = name_of(event)
    match event["type"]:
        case "NodeStarted":
            return f"{LOOKS['running'][0]} {name}"
        case "NodeCompleted":
            how = "from the cache" if event.get("cached") else f"{event['duration_ms'] / 1000:.1f} s"
            return f"{LOOKS['succeeded'][0]} {name} ({how})"
        case "NodeFailed":
            return f"{LOOKS['failed'][0]} {name}: {one_line(event['error']['message'])}"
        case "NodeRetrying":
            again = f"again in {event['delay_ms'] / 1000:g} s"
            return f"{LOOKS['retrying'][0]} {name}: {one_line(event['error']['message'])}; {again}"
        case "NodeEvent":
            line = line_of(event)
            return None if line is None else f"  {line}"
        case "WorkflowCompleted":
            return f"{event['status']} after {event['duration_ms'] / 1000:.1f} s"
    return None
