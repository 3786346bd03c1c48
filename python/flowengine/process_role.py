"""Whether this process runs flows, or is a worker that one of them has started."""

from __future__ import annotations

import json
import os
import sys

ARGUMENTS_VARIABLE = "FLOWENGINE_ARGV"
"""Tells workers the arguments of the script, whose top level they run as far as the flow."""

_is_worker = False


class FlowStarted(BaseException):
    """A module that a worker imports has come to where it runs a flow. No `Exception`, so that nobody catches it."""


def become_worker() -> None:
    """Say that this process works for a flow and must not run any itself."""
    global _is_worker
    _is_worker = True
    arguments = os.environ.pop(ARGUMENTS_VARIABLE, None)
    if arguments is not None:
        sys.argv = json.loads(arguments)


def check_may_run() -> None:
    """Raise `FlowStarted` in a worker: a flow that is run at the top level of a script would start itself again."""
    if _is_worker:
        raise FlowStarted("a worker does not run flows")
