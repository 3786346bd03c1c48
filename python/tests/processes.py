"""Waiting for processes that tests have started in roundabout ways."""

from __future__ import annotations

import os
import time
from pathlib import Path

_PATIENCE_SECONDS = 60


def read_pid(path: Path) -> int:
    """Answer the process id that a task writes to a file when it starts."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if path.exists() and path.read_text():
            return int(path.read_text())
        time.sleep(0.02)
    raise AssertionError("the task never started")


def is_alive(pid: int) -> bool:
    """Whether there is such a process."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until_gone(pid: int) -> None:
    """Wait for one whose parent was killed: whoever reaps it then may take its time."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while is_alive(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)
