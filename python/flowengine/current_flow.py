"""Which flow a call of a task belongs to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .flows import Flow

_current: ContextVar[Flow | None] = ContextVar("flowengine_flow", default=None)


def current_flow() -> Flow | None:
    """Answer the flow of the innermost `with` block or `@flow` function, if there is one."""
    return _current.get()


@contextmanager
def building(flow: Flow) -> Iterator[None]:
    """Let calls of tasks add nodes to `flow` until the end of the block."""
    token = _current.set(flow)
    try:
        yield
    finally:
        _current.reset(token)
