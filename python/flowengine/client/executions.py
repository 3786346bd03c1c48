"""The executions of a server."""

from __future__ import annotations

import builtins
import datetime
import math
import urllib.parse
import uuid
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeAlias, TypedDict, TypeVar

from ..errors import ConflictError, UnavailableError
from ..values import from_json
from .answers import ExecutionDetails, ExecutionSummary, LogLine, RerunPlan, Status, read_all, read_details, read_plan
from .backoff import Backoff
from .documents import Placement, Workflow, encode_inputs
from .following import Following
from .http import Call, Http
from .remote_execution import RemoteExecution

_MAX_PAGE = 200
_START_PATIENCE = 0.3
"""Whoever starts something wants to know soon that there is no server."""

T = TypeVar("T")
Time: TypeAlias = "str | datetime.datetime"


class StartOptions(TypedDict, total=False):
    """What `ExecutionsApi.start` takes by name."""

    verbose: bool | None
    timeout: float | None
    use_cache: bool
    until: str | None
    idempotency_key: str | None


class ExecutionsApi:
    """Executions, by id."""

    def __init__(self, http: Http, patience: float, placement: Placement) -> None:
        self._http = http
        self._patience = patience
        self._placement = placement

    def list(
        self,
        *,
        status: Status | None = None,
        workflow_id: str | None = None,
        id_prefix: str | None = None,
        called_by: str | None = None,
        top_level: bool | None = None,
        since: Time | None = None,
        until: Time | None = None,
        after: str | None = None,
        limit: int = 50,
    ) -> builtins.list[ExecutionSummary]:
        """Answer executions, the newest first; `after` is the id of the last one of an earlier list."""
        query = {
            "status": status,
            "workflow_id": workflow_id,
            "id_prefix": id_prefix,
            "called_by": called_by,
            "top_level": top_level,
            "since": _to_text(since),
            "until": _to_text(until),
        }
        found: builtins.list[ExecutionSummary] = []
        while len(found) < limit:
            page = {**query, "limit": min(limit - len(found), _MAX_PAGE), "cursor": after}
            summaries, after = self._http.ask(Call("/api/executions", query=page), _read_summaries)
            found += summaries
            if after is None:
                break
        return found

    def get(self, execution_id: str, *, include_workflow: bool = False) -> ExecutionDetails:
        """Answer where an execution stands, node by node. Raises `NotFoundError`."""
        query = {"include": "workflow" if include_workflow else None}
        return self._http.ask(Call(_path(execution_id), query=query), read_details)

    def handle(self, execution_id: str) -> RemoteExecution:
        """Answer a handle on an execution that was started earlier. Nothing is sent before it is used."""
        return RemoteExecution(self, execution_id)

    def start(
        self,
        workflow: str | Workflow,
        inputs: Mapping[str, Any] | None = None,
        *,
        verbose: bool | None = None,
        timeout: float | None = None,
        use_cache: bool = True,
        until: str | None = None,
        idempotency_key: str | None = None,
    ) -> str:
        """Start a saved workflow (by its id) or a document, and answer the id of the execution.

        It is started once, also if the connection breaks meanwhile. `timeout` bounds the execution, in seconds; `until`
        is a node: only it and what it depends on run. Who calls with the same `idempotency_key` and the same arguments
        within a day gets the same execution. Raises `InvalidWorkflowError`, `NotFoundError`, `ConflictError`.
        """
        which = (
            {"workflow_id": workflow}
            if isinstance(workflow, str)
            else {"workflow": self._placement.document_of(workflow)}
        )
        options = _encode_options(inputs, verbose, timeout, use_cache)
        body = {**which, **options, **({} if until is None else {"until": until})}
        return self.post_start(body, idempotency_key)

    def post_start(self, body: Mapping[str, Any], idempotency_key: str | None = None) -> str:
        """Start what the body of a request says, once, and answer the id of the execution."""
        headers = {"Idempotency-Key": idempotency_key or str(uuid.uuid4())}
        call = Call("/api/executions", method="POST", headers=headers, body=body)
        return self._insist(call, _read_id)

    def cancel(self, execution_id: str, reason: str = "Cancelled") -> bool:
        """Cancel an execution. Answer False if it had ended. Raises `NotFoundError`."""
        try:
            self._insist(Call(f"{_path(execution_id)}/cancel", method="POST", body={"reason": reason}), bool)
        except ConflictError:
            return False
        return True

    def resume(self, execution_id: str) -> RemoteExecution:
        """Go on with an interrupted execution. Raises `NotFoundError`, `ConflictError` if it is not interrupted."""
        self._http.json(Call(f"{_path(execution_id)}/resume", method="POST"))
        return self.handle(execution_id)

    def rerun(
        self,
        execution_id: str,
        *,
        start_at: str | None = None,
        only: str | None = None,
        workflow: Workflow | None = None,
        inputs: Mapping[str, Any] | None = None,
        verbose: bool | None = None,
        timeout: float | None = None,
        use_cache: bool = True,
    ) -> RemoteExecution:
        """Start a new execution that reuses what an earlier one has done.

        What runs again: what did not succeed, what has changed, the node `start_at` or `only` that node, and what is
        behind these. Raises `NotFoundError`, `ConflictError` while it is running, `InvalidWorkflowError`.
        """
        body = self._encode_rerun(start_at, only, workflow) | _encode_options(inputs, verbose, timeout, use_cache)
        return self.handle(self._http.ask(Call(f"{_path(execution_id)}/rerun", method="POST", body=body), _read_id))

    def plan_rerun(
        self,
        execution_id: str,
        *,
        start_at: str | None = None,
        only: str | None = None,
        workflow: Workflow | None = None,
        inputs: Mapping[str, Any] | None = None,
    ) -> RerunPlan:
        """Answer what `rerun` with the same arguments would do."""
        body = self._encode_rerun(start_at, only, workflow) | _encode_options(inputs, None, None, True)
        call = Call(f"{_path(execution_id)}/rerun", method="POST", query={"dry_run": True}, body=body)
        return self._http.ask(call, read_plan)

    def explain(self, execution_id: str) -> dict[str, Any]:
        """Answer why an execution went as it did, and where its time went, as `flow explain --json` does."""
        explained: dict[str, Any] = from_json(self._http.json(Call(f"{_path(execution_id)}/explain")))
        return explained

    def logs(
        self,
        execution_id: str,
        *,
        node: str | None = None,
        stream: Literal["stdout", "stderr"] | None = None,
        after: int = 0,
    ) -> Iterator[LogLine]:
        """Answer what nodes have told so far, page by page; `after` is the seq of an event."""
        place: int | None = after
        while place is not None:
            query = {"node": node, "stream": stream, "after": place}
            lines, place = self._http.ask(Call(f"{_path(execution_id)}/logs", query=query), _read_lines)
            yield from lines

    def events(self, execution_id: str, *, after: int = 0) -> Iterator[dict[str, Any]]:
        """Answer events live, to the last; a connection that breaks is made anew, without a loss or a repetition.

        Raises `NotFoundError`, and `UnavailableError` if the server stays out of reach.
        """
        return Following(self._http, f"{_path(execution_id)}/events", after, self._patience).of_execution()

    def read_events(
        self,
        execution_id: str,
        *,
        after: int = 0,
        limit: int | None = None,
        kind: Literal["all", "state", "logs"] | None = None,
        node_id: str | None = None,
    ) -> builtins.list[dict[str, Any]]:
        """Answer a page of the events that there are; only an empty one is the end."""
        query = {"after": after, "limit": limit, "kind": kind, "node_id": node_id, "follow": False}
        headers = {"Accept": "application/x-ndjson"}
        answer = self._http.read(Call(f"{_path(execution_id)}/events", query=query, headers=headers))
        return [self._http.parse(line) for line in answer.body.split(b"\n") if line]

    def _insist(self, call: Call, read: Callable[[Any], T]) -> T:
        """Send a request that does no harm when it comes twice, until it is answered.

        Once it may have got there, as long as streams are followed; before that, it is said soon that nobody is there.
        """
        backoff = Backoff(_START_PATIENCE)
        while True:
            try:
                return self._http.ask(call, read)
            except UnavailableError as error:
                if error.was_sent:
                    backoff.patience = self._patience
                if not backoff.pause():
                    raise

    def _encode_rerun(self, start_at: str | None, only: str | None, workflow: Workflow | None) -> dict[str, Any]:
        document = None if workflow is None else self._placement.document_of(workflow)
        given = {"from": start_at, "only": only, "workflow": document}
        return {name: value for name, value in given.items() if value is not None}


def _read_summaries(answer: Any) -> tuple[list[ExecutionSummary], str | None]:
    return read_all(ExecutionSummary, answer["executions"]), answer.get("next_cursor")


def _read_lines(answer: Any) -> tuple[list[LogLine], int | None]:
    return read_all(LogLine, answer["lines"]), answer.get("next_after")


def _read_id(answer: Any) -> str:
    return str(answer["execution_id"])


def _encode_options(
    inputs: Mapping[str, Any] | None, verbose: bool | None, timeout: float | None, use_cache: bool
) -> dict[str, Any]:
    options = {
        "inputs": None if inputs is None else encode_inputs(inputs),
        "verbose": verbose,
        "timeout_ms": None if timeout is None else max(1, math.ceil(timeout * 1000)),
        "no_cache": None if use_cache else True,
    }
    return {name: value for name, value in options.items() if value is not None}


def _to_text(time: Time | None) -> str | None:
    if isinstance(time, datetime.datetime):
        return time.astimezone(datetime.timezone.utc).isoformat().replace("+00:00", "Z")
    return time


def _path(execution_id: str) -> str:
    return f"/api/executions/{urllib.parse.quote(execution_id, safe='')}"
