"""Run Python functions as durable workflows.

>>> from flowengine import Flow, task
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import nodes
from .builder import FlowBuilder
from .drawing import Drawing
from .errors import (
    AccessError,
    ConflictError,
    EngineNotFoundError,
    ExecutionFailedError,
    FlowApiError,
    FlowEngineError,
    InvalidFlowError,
    InvalidValueError,
    InvalidWorkflowError,
    NotFoundError,
    UnavailableError,
)
from .execution import Execution
from .expressions import expression
from .flow_function import FlowFunction, flow
from .flows import Flow
from .result import FlowResult
from .sandbox import ExecResult, Sandbox, SandboxCommandError, SandboxError, SandboxTimeoutError
from .tasks import Task, task

if TYPE_CHECKING:
    from .client import FlowClient

__version__ = "0.1.0"

__all__ = [
    "AccessError",
    "ConflictError",
    "Drawing",
    "EngineNotFoundError",
    "ExecResult",
    "Execution",
    "ExecutionFailedError",
    "Flow",
    "FlowApiError",
    "FlowBuilder",
    "FlowClient",
    "FlowEngineError",
    "FlowFunction",
    "FlowResult",
    "InvalidFlowError",
    "InvalidValueError",
    "InvalidWorkflowError",
    "NotFoundError",
    "Sandbox",
    "SandboxCommandError",
    "SandboxError",
    "SandboxTimeoutError",
    "Task",
    "UnavailableError",
    "expression",
    "flow",
    "nodes",
    "task",
]


if not TYPE_CHECKING:
    # Type checkers would take any name for one that is here.
    def __getattr__(name: str) -> Any:
        """Answer the client, whose modules most programs do not need."""
        if name == "FlowClient":
            from .client import FlowClient

            return FlowClient
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Answer all names, those that nobody has asked for yet too."""
    return sorted({*globals(), *__all__})
