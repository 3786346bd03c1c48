"""A client of the HTTP API of `flow serve`."""

from __future__ import annotations

from .answers import (
    AuditEntry,
    CalledBy,
    ErrorInfo,
    ExecutionDetails,
    ExecutionSummary,
    Health,
    LogLine,
    NodeState,
    NodeType,
    PlannedNode,
    Queue,
    QueuedExecution,
    QueuePlace,
    RerunPlan,
    SavedWorkflow,
    WorkflowSummary,
)
from .executions import ExecutionsApi
from .flow_client import FlowClient
from .remote_execution import RemoteExecution
from .workflows import WorkflowsApi

__all__ = [
    "AuditEntry",
    "CalledBy",
    "ErrorInfo",
    "ExecutionDetails",
    "ExecutionSummary",
    "ExecutionsApi",
    "FlowClient",
    "Health",
    "LogLine",
    "NodeState",
    "NodeType",
    "PlannedNode",
    "Queue",
    "QueuePlace",
    "QueuedExecution",
    "RemoteExecution",
    "RerunPlan",
    "SavedWorkflow",
    "WorkflowSummary",
    "WorkflowsApi",
]
