"""The nodes of an execution in the output of a notebook's cell, which changes in place."""

from __future__ import annotations

import contextvars
import html
import importlib
import threading
from collections.abc import Callable, Mapping
from typing import Any

from .execution_view import LOOKS, ExecutionView, NodeView, Tone
from .ticker import Ticker

_FRAME_SECONDS = 0.2
_MAX_NODES = 50
_MAX_LINES = 20
_COLOURS: dict[Tone, str] = {
    "quiet": "#888",
    "busy": "#0a7ea4",
    "good": "#2f855a",
    "warning": "#b7791f",
    "bad": "#c53030",
}


class NotebookDisplay:
    """Shows at most five pictures a second; it belongs to the cell that was running when it was made."""

    def __init__(self, view: ExecutionView) -> None:
        self._view = view
        self._cell = contextvars.copy_context()
        self._lock = threading.Lock()
        self._has_changed = False
        self._handle: Any = None
        self._ticker: Ticker | None = None

    def show(self, event: Mapping[str, Any]) -> None:
        """Take an event; the next picture shows it."""
        with self._lock:
            self._view.apply(event)
            self._has_changed = True
            if self._ticker is not None:
                return
            self._cell.run(self._draw)
        self._ticker = Ticker(_FRAME_SECONDS, self._draw_if_needed)
        self._ticker.start()

    def close(self) -> None:
        """Show the last picture."""
        if self._ticker is None:
            return
        self._ticker.stop()
        self._view.end()
        self._cell.run(self._draw)

    def _draw_if_needed(self) -> None:
        with self._lock:
            if self._has_changed or any(node.is_active for node in self._view.nodes.values()):
                self._has_changed = False
                self._cell.run(self._draw)

    def _draw(self) -> None:
        if self._handle is None:
            show: Callable[..., Any] = importlib.import_module("IPython.display").display
            self._handle = show(_Picture(self._view), display_id=True)
        else:
            self._handle.update(_Picture(self._view))


class _Picture:
    """What a notebook shows: HTML, or text where there is none."""

    def __init__(self, view: ExecutionView) -> None:
        nodes, hidden = view.selection(_MAX_NODES)
        self._text = f"{view.name}: {view.summary()}"
        rows = "".join(_row(node, view) for node in nodes)
        more = f'<tr><td></td><td colspan="2">… and {hidden} more nodes</td></tr>' if hidden else ""
        lines = "\n".join(list(view.lines)[-_MAX_LINES:])
        printed = f'<pre style="max-height: 16em; overflow: auto">{html.escape(lines)}</pre>' if lines else ""
        self._html = (
            f"<div><b>{html.escape(view.name)}</b> <small>{html.escape(view.execution_id)}</small><br>"
            f'<progress value="{view.done()}" max="{max(1, len(view.nodes))}"></progress> {html.escape(view.summary())}'
            f'<table style="text-align: left">{rows}{more}</table>{printed}</div>'
        )

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"text/html": self._html, "text/plain": self._text}


def _row(node: NodeView, view: ExecutionView) -> str:
    symbol, tone = LOOKS[view.shown_status(node)]
    name = f'<td style="text-align: left">{html.escape(node.id)}</td>'
    detail = f'<td style="text-align: left">{html.escape(node.detail(view.clock()))}</td>'
    return f'<tr><td style="color: {_COLOURS[tone]}">{symbol}</td>{name}{detail}</tr>'
