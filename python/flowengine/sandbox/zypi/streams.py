"""What a script in a session says about a command, and what has been read of its output."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass

from ..errors import SandboxError
from ..output import BoundedOutput

NOTHING_MORE = 2**53 - 1
"""An offset beyond all ends."""
_HEAD = re.compile(r"^(-|lost|\d+) (\d+) (\d+)$")


@dataclass
class Report:
    """`code` is None while the command runs; `out` and `err` are the next bytes of outputs that have so many in all."""

    code: int | None
    out_bytes: int
    err_bytes: int
    out: bytes
    err: bytes


def parse_report(text: str) -> Report:
    """Read what a script has answered. Raises `SandboxError`."""
    head, out, err = [*text.split("\n"), "", ""][:3]
    match = _HEAD.match(head)
    try:
        pieces = [base64.b64decode(piece, validate=True) for piece in (out, err)]
    except ValueError:
        match = None
    if match is None:
        raise SandboxError(f"The session answered what makes no sense: {text[:200]!r}", server_message=text[:200])
    code = {"-": None, "lost": -1}.get(match[1], -1) if not match[1].isdigit() else int(match[1])
    return Report(code, int(match[2]), int(match[3]), pieces[0], pieces[1])


class SessionStream:
    """One output of a command: its beginning as it comes, then its end, without what is too much between."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = BoundedOutput(limit)
        self._read = 0

    def take(self, piece: bytes) -> None:
        """Take the next bytes."""
        self._read += len(piece)
        self._kept.push(piece)

    def next_offset(self, has_ended: bool) -> int:
        """Answer where the next piece begins."""
        return NOTHING_MORE if not has_ended and self._read >= self._limit else self._read

    def wanted(self, total: int) -> tuple[int, int]:
        """Answer offset and count of what is left to be read, up to where something is left out."""
        end = min(total, self._limit) if self._read < self._limit else total
        return self._read, max(0, end - self._read)

    def finish(self, total: int) -> bool:
        """Answer whether all of an output of `total` bytes has been read, but for what is too much."""
        too_much = total - self._read - self._limit // 2
        if self._read >= self._limit and too_much > 0:
            self._kept.skip(too_much)
            self._read += too_much
        return self._read >= total

    def read(self) -> bytes:
        """Answer what was kept."""
        return self._kept.read()
