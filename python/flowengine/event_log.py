"""The events of an execution, kept for those who come to read them later."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator

from .errors import FlowEngineError

MAX_KEPT_BYTES = 1024**3
"""Of one execution. Events that come after that are not kept for readers; they count for the result all the same."""
_READ_BYTES = 256 * 1024
_POLL_SECONDS = 0.2


class EventLog:
    """Lines of JSON in a temporary file without a name: they take no memory, and are gone with this object.

    One thread adds, any number of others read, each from where it wants.
    """

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="flowengine-")  # noqa: SIM115
        self._changed = threading.Condition()
        self._size = 0
        self._has_ended = False
        self._trouble: str | None = None

    def __del__(self) -> None:
        # No finalizer: it would be too late for those whom `atexit` makes. The file may have been refused.
        file = getattr(self, "_file", None)
        if file is not None:
            file.close()

    def append(self, line: bytes) -> None:
        """Keep a line. If that is not possible any more, readers are told when they come to that place."""
        with self._changed:
            if self._trouble is not None:
                return
            try:
                self._write(line)
            except OSError as error:
                self._trouble = str(error)
            self._changed.notify_all()

    def _write(self, line: bytes) -> None:
        if self._size + len(line) > MAX_KEPT_BYTES:
            raise OSError("they take more than 1 GiB")
        self._file.seek(self._size)
        self._file.write(line)
        # Else the system would refuse it only when a reader comes.
        self._file.flush()
        self._size += len(line)

    def end(self) -> None:
        """Say that no more will come."""
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()

    def lines(self) -> Iterator[bytes]:
        """Answer the lines from the first on, also those to come, until `end`.

        Raises `FlowEngineError` where lines could not be kept.
        """
        place, rest = 0, b""
        while (chunk := self._read(place, max(_READ_BYTES, len(rest)))) is not None:
            place += len(chunk)
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines

    def _read(self, place: int, most: int) -> bytes | None:
        with self._changed:
            while place >= self._size and not self._has_ended and self._trouble is None:
                self._changed.wait(_POLL_SECONDS)
            if place < self._size:
                self._file.seek(place)
                return self._file.read(min(most, self._size - place))
            if self._trouble is None:
                return None
        raise FlowEngineError(
            f"cannot show more events: {self._trouble}",
            code="too_large",
            hint="Read them from the history: `flow executions logs ID`.",
        )
