"""What functions print and log, line by line."""

from __future__ import annotations

import codecs
import io
import sys
import threading
from collections.abc import Callable
from typing import Any, TextIO

from .logs import show_logs

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
        self._plain: TextIO | None = None
        self._bytes = _ByteStream(self)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """What programs expect of a stream; the text is handed on as it is."""
        return "utf-8"

    @property
    def buffer(self) -> io.BufferedIOBase:
        """Where bytes are written; they are handed on as the text that they are in UTF-8."""
        return self._bytes

    def reconfigure(self, **_: Any) -> None:
        """Do nothing: lines are handed on at once, whatever programs set up for other streams."""

    def writable(self) -> bool:
        """Say that it can be written to."""
        return True

    def fileno(self) -> int:
        """Answer a descriptor for programs that the function starts; what they write there comes by stderr."""
        return self._descriptor

    def write(self, text: str) -> int:
        """Hand on the lines that `text` completes."""
        if self._plain is not None:
            return self._plain.write(text)
        with self._lock:
            *lines, self._pending = (self._pending + text).split("\n")
            for line in lines:
                self._emit_parts(line.removesuffix("\r"))
            if len(self._pending) > _LONGEST_LINE:
                self.end_line()
        return len(text)

    def flush(self) -> None:
        """Write what a copy of the process has kept; all else is handed on at once."""
        if self._plain is not None:
            self._plain.flush()

    def end_line(self) -> None:
        """Hand on what has no line end yet."""
        self.flush()
        with self._lock:
            if self._pending:
                self._emit_parts(self._pending)
                self._pending = ""

    def leave(self) -> None:
        """Write to the descriptor from now on: this is a copy of the process, which has no part in its messages."""
        # A thread that is not in the copy may have held it.
        self._lock = threading.RLock()
        self._pending = ""
        self._plain = open(  # noqa: SIM115
            self._descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False
        )

    def _emit_parts(self, line: str) -> None:
        """Hand on a line, in several if it is too long for one."""
        for start in range(0, len(line) or 1, _LONGEST_LINE):
            self._emit(self._name, line[start : start + _LONGEST_LINE])


class _ByteStream(io.BufferedIOBase):
    """The bytes of a text stream."""

    def __init__(self, text: LineStream) -> None:
        super().__init__()
        self._text = text
        self._decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._text.fileno()

    def write(self, data: Any) -> int:
        content = bytes(data)
        self._text.write(self._decoder.decode(content))
        return len(content)

    def flush(self) -> None:
        self._text.flush()


class Output:
    """`sys.stdout`, `sys.stderr` and logging of a worker, handed to `emit(stream, line)`.

    Logging shows from INFO on, unless the functions' own modules set it up.
    """

    def __init__(self, emit: Callable[[str, str], None]) -> None:
        self._streams = (LineStream("stdout", emit, 1), LineStream("stderr", emit, 2))
        sys.stdout, sys.stderr = self._streams
        show_logs()

    def end_lines(self) -> None:
        """Hand on lines that have not ended."""
        for stream in self._streams:
            stream.end_line()

    def leave(self) -> None:
        """Let this copy of the process write for itself."""
        for stream in self._streams:
            stream.leave()
