"""How an execution ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from .errors import ExecutionFailedError

EndStatus: TypeAlias = Literal["succeeded", "failed", "cancelled", "interrupted"]


@dataclass(frozen=True)
class FlowResult:
    """How an execution ended, and what its nodes answered.

    `outputs` has the value of each task, and the ports of each other node, that succeeded, by node id. `status` is
    `interrupted` when nobody drives the execution any more; `execution_id` is empty if it was cancelled before there
    was one. `error` says why it is not `succeeded`, with the keys
    `code`, `message`, `hint`, `details` and `node_id`.
    """

    execution_id: str
    status: EndStatus
    outputs: Mapping[str, Any]
    last_node: str
    error: dict[str, Any] | None = None
    duration_ms: float = 0

    @property
    def success(self) -> bool:
        """Whether all went well."""
        return self.status == "succeeded"

    @property
    def output(self) -> Any:
        """The value of the last task; None if it did not get that far."""
        return self.outputs.get(self.last_node)

    def __getitem__(self, node_id: str) -> Any:
        """Answer the value of a node. Raises `KeyError` for one that did not succeed, or is not there."""
        try:
            return self.outputs[node_id]
        except KeyError:
            known = ", ".join(self.outputs) or "none"
            raise KeyError(f'"{node_id}" has no value; those that have one: {known}') from None

    def raise_for_status(self) -> FlowResult:
        """Answer the result itself, or raise `ExecutionFailedError` if the execution did not succeed."""
        if self.success:
            return self
        error = self.error or {"code": "cancelled", "message": f"The execution was {self.status}"}
        failure = ExecutionFailedError(str(error.get("message")), error, self.execution_id)
        if failure.traceback is not None and hasattr(failure, "add_note"):
            failure.add_note(failure.traceback)
        raise failure
