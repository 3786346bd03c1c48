"""The nodes of an execution on a terminal, drawn in place while it runs; the last picture stays."""

from __future__ import annotations

import os
import shutil
import threading
import unicodedata
from collections.abc import Mapping
from typing import Any, TextIO

from .execution_view import LOOKS, ExecutionView, NodeView, Tone
from .ticker import Ticker

_FRAME_SECONDS = 0.1
_MAX_LABEL_COLUMNS = 40
_MAX_FINAL_NODES = 100
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_COLOURS: dict[Tone, str] = {"quiet": "2", "busy": "36", "good": "32", "warning": "33", "bad": "31"}


class TerminalDisplay:
    """Draws at most ten pictures a second. What nodes print is written for good, above the picture."""

    def __init__(self, view: ExecutionView, stream: TextIO) -> None:
        self._view = view
        self._stream = stream
        self._has_colours = not os.environ.get("NO_COLOR")
        self._drawn = 0
        self._tick = 0
        self._lock = threading.Lock()
        self._ticker: Ticker | None = None

    def show(self, event: Mapping[str, Any]) -> None:
        """Take an event; the next picture shows it."""
        with self._lock:
            self._view.apply(event)
        if self._ticker is None:
            self._ticker = Ticker(_FRAME_SECONDS, self._draw_now)
            self._ticker.start()

    def close(self) -> None:
        """Draw the last picture and leave the cursor below it."""
        if self._ticker is None:
            return
        self._ticker.stop()
        self._view.end()
        self._draw(self._picture(_MAX_FINAL_NODES, self._size().columns))

    def _draw_now(self) -> None:
        with self._lock:
            size = self._size()
            self._draw(self._picture(max(1, size.lines - 4), size.columns))

    def _draw(self, picture: list[str]) -> None:
        columns = self._size().columns
        above = [_fit(line, columns) for line in self._view.take_lines()]
        start = f"\x1b[{self._drawn}A\r\x1b[J" if self._drawn else "\r"
        self._stream.write(start + "".join(f"{line}\n" for line in [*above, *picture]))
        self._stream.flush()
        self._drawn = len(picture)
        self._tick += 1

    def _picture(self, count: int, columns: int) -> list[str]:
        nodes, hidden = self._view.selection(count)
        width = min(_MAX_LABEL_COLUMNS, max((_columns(node.id) for node in nodes), default=0))
        lines = [self._paint(_fit(f"{self._view.name}  {self._view.execution_id}", columns), "1")]
        lines += [self._node_line(node, width, columns) for node in nodes]
        if hidden:
            lines.append(self._paint(_fit(f"  … and {hidden} more nodes", columns), "2"))
        return [*lines, _fit(self._view.summary(), columns)]

    def _node_line(self, node: NodeView, width: int, columns: int) -> str:
        symbol, tone = LOOKS[self._view.shown_status(node)]
        if tone == "busy":
            symbol = _SPINNER[self._tick % len(_SPINNER)]
        label = _fit(node.id, width + 1)
        padding = " " * (width - _columns(label))
        text = _fit(f"{label}{padding}  {node.detail(self._view.clock())}".rstrip(), columns - 4)
        return f"  {self._paint(symbol, _COLOURS[tone])} {text}"

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self._has_colours else text

    def _size(self) -> os.terminal_size:
        usual = shutil.get_terminal_size()
        try:
            columns, lines = os.get_terminal_size(self._stream.fileno())
        except (OSError, ValueError, AttributeError):
            return usual
        # Terminals of programs that have set no size say 0.
        return os.terminal_size((columns or usual.columns, lines or usual.lines))


def _columns(text: str) -> int:
    return sum(_width(character) for character in text)


def _width(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _fit(text: str, columns: int) -> str:
    """Answer as much of a line as a terminal shows without a break."""
    room = max(1, columns - 1)
    if _columns(text) <= room:
        return text
    kept, used = "", 0
    for character in text:
        used += _width(character)
        if used > room - 1:
            break
        kept += character
    return f"{kept}…"
