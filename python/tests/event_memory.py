"""What handles keep of the events of their executions."""

from __future__ import annotations

import tracemalloc

from sample_tasks import chatter

from flowengine import Execution, Flow

_LINES, _LENGTH = 10_000, 1000
_MAX_KEPT_BYTES = 2 * 1024 * 1024


def check_keeps_no_events() -> Execution:
    """Run a flow that prints 10 MB, check that its handle keeps none of it and yet shows all, and answer the handle."""
    handle = Flow("chatter").then(chatter).submit(lines=_LINES, length=_LENGTH)
    tracemalloc.start()
    try:
        assert handle.wait(120).success
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < _MAX_KEPT_BYTES
    assert sum(len(line) for line in handle.logs()) == _LINES * _LENGTH
    return handle
