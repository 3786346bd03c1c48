"""Whether this process runs flows, or is a worker that one of them has started."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

ARGUMENTS_VARIABLE = "FLOWENGINE_ARGV"
"""Tells workers the arguments of the script, whose top level they run as far as the flow."""

SCRIPT_MODULE = "__flow_{}__"
"""What workers call the module that a script is."""

_is_importing = False


class FlowStarted(BaseException):
    """A module that a worker imports has come to where it runs a flow. No `Exception`, so that nobody catches it."""


def become_worker() -> None:
    """Say that this process works for a flow: it takes over the arguments of the script."""
    arguments = os.environ.pop(ARGUMENTS_VARIABLE, None)
    if arguments is not None:
        sys.argv = json.loads(arguments)


@contextmanager
def importing() -> Iterator[None]:
    """Let no flow be run until the end of the block, in which a worker imports a module of tasks."""
    global _is_importing
    before, _is_importing = _is_importing, True
    try:
        yield
    finally:
        _is_importing = before


def check_may_run() -> None:
    """Raise `FlowStarted` while a worker imports a script: a flow at its top level would start itself again."""
    if _is_importing:
        raise FlowStarted("a worker that imports a script does not run its flows")
