"""Pauses before trying again."""

from __future__ import annotations

import random
import time

_FIRST_PAUSE = 0.1
_LONGEST_PAUSE = 5.0


class Backoff:
    """Pauses between attempts: each twice as long as the one before, of random length, until patience runs out."""

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self._pause = _FIRST_PAUSE
        self._since: float | None = None

    def reset(self) -> None:
        """Begin anew: there has been progress."""
        self._pause = _FIRST_PAUSE
        self._since = None

    def pause(self) -> bool:
        """Wait before the next attempt. Answer False if patience has run out."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        if now - self._since >= self.patience:
            return False
        seconds = self._pause * (0.5 + random.random() / 2)
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        time.sleep(seconds)
        return True
