"""How a flow runs as a whole."""

from __future__ import annotations

import math
from typing import Any, Literal, TypeAlias

from .errors import InvalidFlowError

OnError: TypeAlias = Literal["StopWorkflow", "ContinueOnError"]


def to_settings(max_parallel: int | None, timeout: float | None, on_error: OnError | None) -> dict[str, Any]:
    """Answer the settings of a document. Raises `InvalidFlowError` for values that make no sense."""
    if max_parallel is not None and (type(max_parallel) is not int or max_parallel < 1):
        raise InvalidFlowError(f"max_parallel={max_parallel!r}: it must be a whole number, at least 1")
    is_time = isinstance(timeout, (int, float)) and not isinstance(timeout, bool) and 0 < timeout < math.inf
    if timeout is not None and not is_time:
        raise InvalidFlowError(f"timeout={timeout!r}: it must be a positive number of seconds")
    if on_error not in {None, "StopWorkflow", "ContinueOnError"}:
        raise InvalidFlowError(f"on_error={on_error!r}: it is no way to go on", hint='Pass "ContinueOnError".')
    settings = {
        "max_parallel_nodes": max_parallel,
        "max_execution_time_ms": None if timeout is None else max(1, round(timeout * 1000)),
        "on_error": on_error,
    }
    return {name: value for name, value in settings.items() if value is not None}
