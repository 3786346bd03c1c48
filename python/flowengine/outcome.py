"""What the events of an execution say about how it went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .outputs import Answer, Outputs
from .result import FlowResult


class Outcome:
    """Takes the events of an execution, one after the other, and keeps what its result needs."""

    def __init__(self, answers: Mapping[str, Answer], last_node: str) -> None:
        self._answers = answers
        self._last_node = last_node
        self._outputs: dict[str, Any] = {}
        self._failure: dict[str, Any] | None = None
        self._end: dict[str, Any] | None = None
        self.execution_id: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether it has had the last event."""
        return self._end is not None

    def take(self, event: Mapping[str, Any]) -> None:
        """Take the next event."""
        self.execution_id = str(event["execution_id"])
        kind = event["type"]
        if kind == "NodeCompleted" and "index" not in event:
            self._outputs[event["node_id"]] = event["outputs"]
        elif kind == "NodeFailed":
            self._failure = {"code": event["error"]["code"], "node_id": event["node_id"]}
        elif kind == "WorkflowRetrying":
            self._outputs.clear()
            self._failure = None
        elif kind == "WorkflowCompleted":
            self._end = {key: event.get(key) for key in ("status", "duration_ms", "error")}

    def result(self, trouble: dict[str, Any]) -> FlowResult:
        """Answer how it ended; without a last event as `interrupted`, because of `trouble`."""
        execution_id = str(self.execution_id)
        if self._end is None:
            return FlowResult(execution_id, "interrupted", {}, self._last_node, trouble)
        return FlowResult(
            execution_id=execution_id,
            status=self._end["status"],
            outputs=Outputs(self._outputs, self._answers),
            last_node=self._last_node,
            error=self._error(self._end["error"]),
            duration_ms=self._end["duration_ms"],
        )

    def cancelled(self, message: str) -> FlowResult:
        """Answer how it ended that was cancelled before there were events."""
        return FlowResult("", "cancelled", {}, self._last_node, {"code": "cancelled", "message": message})

    def _error(self, error: dict[str, Any] | None) -> dict[str, Any] | None:
        """Answer the error of the execution, with the code of the node that brought it about, and its id."""
        if error is None or error.get("code") != "node_failed" or self._failure is None:
            return error
        return {**error, **self._failure}
