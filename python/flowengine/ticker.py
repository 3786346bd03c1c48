"""Something that is done again and again while others work."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Ticker:
    """Calls `work` every so many seconds in a thread of its own, from `start` to `stop`."""

    def __init__(self, seconds: float, work: Callable[[], None]) -> None:
        self._seconds = seconds
        self._work = work
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="flowengine-progress", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; `work` is not at it any more then."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        try:
            while not self._stopped.wait(self._seconds):
                self._work()
        except Exception:
            # Such as a terminal that nobody reads any more: a picture is no reason to fail.
            return
