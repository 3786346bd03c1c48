"""Whether this process runs flows, or is a worker that one of them has started."""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import FlowEngineError

_ARGUMENTS_VARIABLE = "FLOWENGINE_ARGV"
_MAX_VARIABLE = 100_000
"""Linux takes no variable of more than 128 KiB."""

_IMPORTING_VARIABLE = "FLOWENGINE_IMPORTING"
"""Tells all that a worker starts while it imports modules which ones these are."""

SCRIPT_MODULE = "__flow_{}__"
"""What workers call the module that a script is."""

_is_importing = False
_has_met_flow = False
_threads_of_imports: weakref.WeakSet[threading.Thread] = weakref.WeakSet()


class FlowStarted(SystemExit):
    """A module that a worker imports has come to where it runs a flow. No `Exception`, so that nobody catches it."""


def arguments_for_workers() -> dict[str, str]:
    """Answer variables that tell workers the arguments of the script, whose top level they run as far as the flow."""
    text = json.dumps(sys.argv)
    starts = range(0, len(text), _MAX_VARIABLE)
    return {_arguments_variable(part): text[at : at + _MAX_VARIABLE] for part, at in enumerate(starts)}


def _arguments_variable(part: int) -> str:
    return f"{_ARGUMENTS_VARIABLE}_{part}" if part > 0 else _ARGUMENTS_VARIABLE


def _take_arguments() -> list[str] | None:
    parts: list[str] = []
    while (text := os.environ.pop(_arguments_variable(len(parts)), None)) is not None:
        parts.append(text)
    return json.loads("".join(parts)) if parts else None


def become_worker() -> None:
    """Say that this process works for a flow: it takes over the arguments of the script, and runs none of its flows."""
    usual = threading.excepthook
    threading.excepthook = lambda args: None if args.exc_type is FlowStarted else usual(args)
    logging.getLogger("asyncio").addFilter(_is_of_user)
    sys.argv = _take_arguments() or sys.argv


def _is_of_user(record: logging.LogRecord) -> bool:
    """Whether an event loop complains of something else than of a flow that was not run."""
    return not (record.exc_info and record.exc_info[0] is FlowStarted)


@contextmanager
def importing(place: str) -> Iterator[None]:
    """Let no flow be run until the end of the block, in which a worker imports the module of tasks `place`.

    What goes wrong after a flow was to be run, in whatever thread, is no error: its result is not there.
    Raises `FlowEngineError` if a worker that is importing it has started what this process works for: without end,
    each worker would start another one.
    """
    global _is_importing, _has_met_flow
    outer = os.environ.get(_IMPORTING_VARIABLE)
    places = json.loads(outer or "[]")
    if place in places:
        raise FlowEngineError(
            f'"{place}" starts itself: importing it runs a program that calls its tasks',
            code="invalid_config",
            hint='Put what it does as a script under `if __name__ == "__main__":`.',
        )
    os.environ[_IMPORTING_VARIABLE] = json.dumps([*places, place])
    known = set(threading.enumerate())
    before, _is_importing = (_is_importing, _has_met_flow), True
    try:
        yield
    except BaseException:
        if not _has_met_flow:
            raise
    finally:
        os.environ.pop(_IMPORTING_VARIABLE, None)
        if outer is not None:
            os.environ[_IMPORTING_VARIABLE] = outer
        _threads_of_imports.update(set(threading.enumerate()) - known)
        _is_importing, _has_met_flow = before


def check_may_run() -> None:
    """Raise `FlowStarted` while a worker imports a script: a flow at its top level would start itself again."""
    global _has_met_flow
    if _is_importing or threading.current_thread() in _threads_of_imports:
        _has_met_flow = True
        raise FlowStarted("a worker that imports a script does not run its flows")
