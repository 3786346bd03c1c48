"""What functions print and log, line by line."""

from __future__ import annotations

import io
import logging
import sys
import threading
from collections.abc import Callable

_LONGEST_LINE = 64 * 1024


class LineStream(io.TextIOBase):
    """A text stream that hands on each line as soon as it is complete; longer ones than 64 Ki characters are cut."""

    def __init__(self, name: str, emit: Callable[[str, str], None], descriptor: int) -> None:
        super().__init__()
        self._name = name
        self._emit = emit
        self._descriptor = descriptor
        self._pending = ""
        self._lock = threading.RLock()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """What programs expect of a stream; the text is handed on as it is."""
        return "utf-8"

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def fileno(self) -> int:
        """Answer a descriptor for programs that the function starts; what they write there comes by stderr."""
        return self._descriptor

    def write(self, text: str) -> int:
        """Hand on the lines that `text` completes."""
        with self._lock:
            *lines, self._pending = (self._pending + text).split("\n")
            for line in lines:
                self._emit_parts(line.removesuffix("\r"))
            if len(self._pending) > _LONGEST_LINE:
                self.end_line()
        return len(text)

    def end_line(self) -> None:
        """Hand on what has no line end yet."""
        with self._lock:
            if self._pending:
                self._emit_parts(self._pending)
                self._pending = ""

    def _emit_parts(self, line: str) -> None:
        """Hand on a line, in several if it is too long for one."""
        for start in range(0, len(line) or 1, _LONGEST_LINE):
            self._emit(self._name, line[start : start + _LONGEST_LINE])


def redirect_output(emit: Callable[[str, str], None]) -> Callable[[], None]:
    """Send what is printed and logged to `emit(stream, line)`; the answer hands on lines that have not ended.

    Logging shows from INFO on, unless the functions' own module sets it up.
    """
    stdout, stderr = LineStream("stdout", emit, 1), LineStream("stderr", emit, 2)
    sys.stdout, sys.stderr = stdout, stderr
    logging.basicConfig(stream=stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")

    def end_lines() -> None:
        stdout.end_line()
        stderr.end_line()

    return end_lines
