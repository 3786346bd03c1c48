"""A program that works for this process, and is left alone by the terminal's Ctrl-C."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from collections.abc import Mapping
from typing import Any


def start_child(command: list[str], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a program with pipes for stdin, stdout and stderr. Raises `OSError`."""
    pipe = subprocess.PIPE
    return subprocess.Popen(command, env=env, stdin=pipe, stdout=pipe, stderr=pipe, **_APART)


def interrupt(child: subprocess.Popen[bytes]) -> None:
    """Do to it what Ctrl-C would; nothing if it has ended."""
    if sys.platform != "win32":
        child.send_signal(signal.SIGINT)
        return
    try:
        # The only one that reaches a group of its own.
        child.send_signal(signal.CTRL_BREAK_EVENT)
    except OSError:
        # There is no console that could bring it.
        child.terminate()


def end_child(child: subprocess.Popen[bytes]) -> None:
    """Kill it, and leave nothing of it."""
    child.kill()
    child.wait()
    if child.stdin is not None:
        with contextlib.suppress(OSError):
            child.stdin.close()
    close_outputs(child)


def close_outputs(child: subprocess.Popen[bytes]) -> None:
    """Close our ends of what it has written to."""
    for pipe in (child.stdout, child.stderr):
        if pipe is not None:
            pipe.close()


def _apart() -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


_APART = _apart()
