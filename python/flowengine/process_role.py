"""Whether this process runs flows, or is a worker that one of them has started."""

from __future__ import annotations

import json
import os
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

ARGUMENTS_VARIABLE = "FLOWENGINE_ARGV"
"""Tells workers the arguments of the script, whose top level they run as far as the flow."""

SCRIPT_MODULE = "__flow_{}__"
"""What workers call the module that a script is."""

_is_importing = False
_has_met_flow = False
_threads_of_imports: weakref.WeakSet[threading.Thread] = weakref.WeakSet()


class FlowStarted(SystemExit):
    """A module that a worker imports has come to where it runs a flow. No `Exception`, so that nobody catches it."""


def become_worker() -> None:
    """Say that this process works for a flow: it takes over the arguments of the script, and runs none of its flows."""
    usual = threading.excepthook
    threading.excepthook = lambda args: None if args.exc_type is FlowStarted else usual(args)
    arguments = os.environ.pop(ARGUMENTS_VARIABLE, None)
    if arguments is not None:
        sys.argv = json.loads(arguments)


@contextmanager
def importing() -> Iterator[None]:
    """Let no flow be run until the end of the block, in which a worker imports a module of tasks.

    What goes wrong after a flow was to be run, in whatever thread, is no error: its result is not there.
    """
    global _is_importing, _has_met_flow
    known = set(threading.enumerate())
    before, _is_importing = (_is_importing, _has_met_flow), True
    try:
        yield
    except BaseException:
        if not _has_met_flow:
            raise
    finally:
        _threads_of_imports.update(set(threading.enumerate()) - known)
        _is_importing, _has_met_flow = before


def check_may_run() -> None:
    """Raise `FlowStarted` while a worker imports a script: a flow at its top level would start itself again."""
    global _has_met_flow
    if _is_importing or threading.current_thread() in _threads_of_imports:
        _has_met_flow = True
        raise FlowStarted("a worker that imports a script does not run its flows")
