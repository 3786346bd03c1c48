"""Messages between the worker and `flow`."""

from __future__ import annotations

import json
import os
import queue
import threading
from typing import Any, BinaryIO

_HEADER_BYTES = 4
CALL_END = b"\x1eflow-call-end\n"


class Channel:
    """Messages over what were stdin and stdout; from now on nobody else can read or write there."""

    def __init__(self, *, takes_many: bool = True) -> None:
        self._takes_many = takes_many
        self._reader: BinaryIO = os.fdopen(os.dup(0), "rb")
        self._writer: BinaryIO = os.fdopen(os.dup(1), "wb", buffering=0)
        self._lock = threading.Lock()
        self._calls: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.close(nothing)
        os.dup2(2, 1)
        threading.Thread(target=self._read_calls, name="flowengine-calls", daemon=True).start()

    def next_call(self) -> dict[str, Any]:
        """Wait for a call and answer it."""
        return self._calls.get()

    def send(self, text: str) -> None:
        """Send a message that is JSON already; may be called by any thread."""
        body = text.encode("utf-8", "backslashreplace")
        frame = memoryview(len(body).to_bytes(_HEADER_BYTES, "big") + body)
        with self._lock:
            while frame:
                frame = frame[self._writer.write(frame) or 0 :]

    def send_line(self, stream: str, line: str) -> None:
        """Send a line that a function has printed."""
        self.send(json.dumps({"type": "line", "stream": stream, "line": line}))

    def end_call(self) -> None:
        """Mark on stderr that what comes now is not of this call any more."""
        os.write(2, CALL_END)

    def leave(self) -> None:
        """Give it up in a copy of this process, whose messages would fall between those of this one."""
        nothing = os.open(os.devnull, os.O_RDWR)
        for end in (self._reader, self._writer):
            os.dup2(nothing, end.fileno(), inheritable=False)
        os.close(nothing)

    def _read_calls(self) -> None:
        """Read until `flow` closes its end, be it because it has died: then nobody wants the result any more."""
        while (frame := self._read_frame()) is not None:
            self._calls.put(json.loads(frame))
            if not self._takes_many:
                return
        os._exit(0)

    def _read_frame(self) -> bytes | None:
        header = self._reader.read(_HEADER_BYTES)
        if len(header) < _HEADER_BYTES:
            return None
        length = int.from_bytes(header, "big")
        body = self._reader.read(length)
        return body if len(body) == length else None
