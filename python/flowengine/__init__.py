"""Run Python functions as durable workflows.

>>> from flowengine import Flow, task
"""

from __future__ import annotations

from . import nodes
from .builder import FlowBuilder
from .drawing import Drawing
from .errors import (
    EngineNotFoundError,
    ExecutionFailedError,
    FlowEngineError,
    InvalidFlowError,
    InvalidValueError,
)
from .execution import Execution
from .expressions import expression
from .flows import Flow, FlowFunction, flow
from .result import FlowResult
from .tasks import Task, task

__version__ = "0.1.0"

__all__ = [
    "Drawing",
    "EngineNotFoundError",
    "Execution",
    "ExecutionFailedError",
    "Flow",
    "FlowBuilder",
    "FlowEngineError",
    "FlowFunction",
    "FlowResult",
    "InvalidFlowError",
    "InvalidValueError",
    "Task",
    "expression",
    "flow",
    "nodes",
    "task",
]
