"""What a server answers, with types. Times are aware of their zone; what is absent is None."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypedDict, TypeVar

from ..outputs import Outputs

T = TypeVar("T")

Status = Literal["running", "interrupted", "succeeded", "failed", "cancelled"]
NodeStatus = Literal["waiting", "running", "retrying", "succeeded", "failed", "cancelled", "skipped", "interrupted"]


class ErrorInfo(TypedDict, total=False):
    """Why something did not succeed; `details` are facts for programs, such as `exit_code` or `traceback`."""

    code: str
    message: str
    hint: str
    details: dict[str, Any]


@dataclass(frozen=True)
class Health:
    """A server that answers."""

    status: str
    version: str
    service: str


@dataclass(frozen=True)
class CalledBy:
    """The node that started an execution."""

    execution_id: str
    node_id: str
    depth: int
    index: int | None = None


@dataclass(frozen=True)
class ExecutionSummary:
    """What lists show of an execution."""

    execution_id: str
    workflow_id: str
    workflow_name: str
    status: Status
    created_at: datetime.datetime
    last_seq: int
    ended_at: datetime.datetime | None = None
    duration_ms: float | None = None
    error: ErrorInfo | None = None
    source: str | None = None
    rerun_of: str | None = None
    called_by: CalledBy | None = None
    owner: str | None = None


@dataclass(frozen=True)
class NodeState:
    """What became of one node; `attempt` is 0 before the first, `because` says why it was skipped."""

    node_id: str
    node_type: str
    status: NodeStatus
    attempt: int
    name: str | None = None
    duration_ms: float | None = None
    error: ErrorInfo | None = None
    because: Mapping[str, Any] | None = None
    tolerated: bool = False
    cached: bool = False
    reused_from: str | None = None
    repetitions: int | None = None
    items: Mapping[str, Any] | None = None
    handler: str | None = None


@dataclass(frozen=True)
class QueuePlace:
    """Where an execution stands that waits until it may run, from 1, and why, for people."""

    position: int
    reason: str


@dataclass(frozen=True)
class ExecutionDetails(ExecutionSummary):
    """An execution with its nodes and values.

    `outputs` are the declared ones by name, else those of the last nodes by node id; `workflow` is the document, if it
    was asked for.
    """

    inputs: Mapping[str, Any] = field(default_factory=dict)
    nodes: Sequence[NodeState] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict)
    workflow: Mapping[str, Any] | None = None
    queued: QueuePlace | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing will happen any more."""
        return self.status not in {"running", "interrupted"}


@dataclass(frozen=True)
class LogLine:
    """What a node has told: `text` is its line or message, `event` all of it."""

    seq: int
    timestamp: datetime.datetime
    node_id: str
    event: Mapping[str, Any]

    @property
    def text(self) -> str | None:
        """The line or the message; None for data and progress without one."""
        text = self.event.get("line", self.event.get("message"))
        return None if text is None else str(text)


@dataclass(frozen=True)
class PlannedNode:
    """What a rerun does with a node, and why."""

    node_id: str
    action: Literal["run", "reuse", "skip"]
    why: str
    because: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class RerunPlan:
    """What a rerun of an execution would do."""

    execution_id: str
    inputs: Mapping[str, Any]
    nodes: Sequence[PlannedNode]


@dataclass(frozen=True)
class WorkflowSummary:
    """A saved workflow in a list; `nodes` and `connections` are how many there are."""

    id: str
    name: str
    description: str | None
    nodes: int
    connections: int


@dataclass(frozen=True)
class SavedWorkflow:
    """A saved workflow. `etag` names this version, for `if_match`."""

    document: dict[str, Any]
    etag: str | None


@dataclass(frozen=True)
class NodeType:
    """A node type; `config`, `inputs` and `outputs` are JSON Schemas."""

    type: str
    version: int
    description: str
    category: str
    config: Mapping[str, Any]
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]


@dataclass(frozen=True)
class QueuedExecution:
    """An execution that waits until it may run."""

    execution_id: str
    workflow_id: str
    position: int
    reason: str


@dataclass(frozen=True)
class Queue:
    """How many executions run and wait, and the first of those that wait."""

    running: int
    waiting: int
    executions: Sequence[QueuedExecution]


@dataclass(frozen=True)
class AuditEntry:
    """Who changed what."""

    id: int
    at: datetime.datetime
    actor: str
    role: str
    address: str
    action: str
    status: int
    request_id: str


def read_as(kind: type[T], answer: Mapping[str, Any]) -> T:
    """Answer an object of an answer; what this version does not know is left out.

    Raises `TypeError`, `ValueError` or `AttributeError` if it is none.
    """
    known = {item.name for item in fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: _read_field(name, value) for name, value in answer.items() if name in known})


def read_all(kind: type[T], answers: Iterable[Mapping[str, Any]]) -> list[T]:
    """Answer the objects of a list."""
    return [read_as(kind, answer) for answer in answers]


def read_details(answer: Mapping[str, Any]) -> ExecutionDetails:
    """Answer an execution with its nodes and values. Values that are files are read when they are asked for."""
    parts = {
        "inputs": Outputs(answer.get("inputs") or {}, {}),
        "outputs": Outputs(answer.get("outputs") or {}, {}),
        "nodes": tuple(read_all(NodeState, answer.get("nodes", ()))),
    }
    return read_as(ExecutionDetails, {**answer, **parts})


def read_plan(answer: Mapping[str, Any]) -> RerunPlan:
    """Answer a plan."""
    nodes = tuple(read_all(PlannedNode, answer.get("nodes", ())))
    return read_as(RerunPlan, {**answer, "inputs": Outputs(answer.get("inputs") or {}, {}), "nodes": nodes})


def read_queue(answer: Mapping[str, Any]) -> Queue:
    """Answer who waits."""
    return read_as(Queue, {**answer, "executions": read_all(QueuedExecution, answer.get("executions", ()))})


_TIMES = {"created_at", "ended_at", "timestamp", "at"}


def _read_field(name: str, value: Any) -> Any:
    if name in _TIMES and isinstance(value, str):
        # Python 3.10 does not know the zone Z.
        return datetime.datetime.fromisoformat(value.replace("Z", "+00:00"))
    if name == "called_by" and value is not None:
        return read_as(CalledBy, value)
    if name == "queued" and value is not None:
        return read_as(QueuePlace, value)
    return value
