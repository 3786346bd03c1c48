"""Output of commands, bounded."""

from __future__ import annotations


class BoundedOutput:
    """Keeps the beginning and the end of a stream, at most `limit` bytes of them, and counts the rest."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._head = bytearray()
        self._tail = bytearray()
        self.lost = 0

    def push(self, data: bytes) -> None:
        """Take what comes next."""
        room = max(0, (self._limit + 1) // 2 - len(self._head))
        self._head += data[:room]
        self._tail += data[room:]
        excess = len(self._tail) - self._limit // 2
        if excess > 0:
            del self._tail[:excess]
            self.lost += excess

    def skip(self, count: int) -> None:
        """Count what is left out."""
        self.lost += count

    def read(self) -> bytes:
        """Answer what was kept; a mark tells how much is missing in the middle."""
        if self.lost == 0:
            return bytes(self._head + self._tail)
        return bytes(self._head) + b"\n[... %d bytes truncated ...]\n" % self.lost + bytes(self._tail)
