"""A flow server, as programs see it."""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..document import guard_tags
from ..execution import Execution, FlowView, run_to_end
from ..outcome import Outcome
from ..result import FlowResult
from .answers import AuditEntry, Health, NodeType, Queue, read_all, read_as, read_queue
from .documents import Placement, Workflow
from .executions import ExecutionsApi, StartOptions
from .following import Following, newest_position
from .http import Call, Http
from .remote_execution import RemoteExecution
from .workflows import WorkflowsApi

if TYPE_CHECKING:
    from typing_extensions import Unpack

_TIMEOUT_SECONDS = 30.0
_PATIENCE_SECONDS = 60.0


class FlowClient:
    """A client of the server at `url`. Nothing is sent before it is used; any thread may use it.

    `timeout` is how long the server may take to say something, in seconds; `patience` how long to go on trying when it
    cannot be reached while an execution is followed. `ca_file` has the certificate authority of a server with TLS, in
    PEM; without, those of the system are trusted. What goes wrong is a `FlowApiError`.

    `server_python` and `server_path` are for flows of Python functions on another machine: the Python that has
    flowengine there, and the folders there that it imports their modules from; without, those of this machine.
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        *,
        timeout: float = _TIMEOUT_SECONDS,
        patience: float = _PATIENCE_SECONDS,
        ca_file: str | os.PathLike[str] | None = None,
        server_python: str | None = None,
        server_path: Sequence[str] | None = None,
    ) -> None:
        self._http = Http(url, token, timeout, ca_file)
        self._patience = patience
        self.url = self._http.url
        path = None if server_path is None else list(server_path)
        self._placement = Placement(server_python, path)
        self.executions = ExecutionsApi(self._http, patience, self._placement)
        self.workflows = WorkflowsApi(self._http, self._placement)

    def __enter__(self) -> FlowClient:
        """Answer the client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Close connections that are kept for further requests; they are closed after some seconds in any case."""
        self._http.close()

    def health(self) -> Health:
        """Answer whether the server answers, and its version."""
        return self._http.ask(Call("/health"), lambda answer: read_as(Health, answer))

    def check_ready(self) -> None:
        """Raise `UnavailableError` with the reason if the server cannot take work."""
        self._http.json(Call("/ready"))

    def metrics(self) -> str:
        """Answer what Prometheus collects."""
        return self._http.read(Call("/metrics", headers={"Accept": "text/plain"})).body.decode()

    def openapi(self) -> dict[str, Any]:
        """Answer the description of the API (OpenAPI 3.1)."""
        described: dict[str, Any] = self._http.json(Call("/openapi.json"))
        return described

    def agent_card(self) -> dict[str, Any]:
        """Answer what the server tells agents of itself."""
        card: dict[str, Any] = self._http.json(Call("/.well-known/agent-card.json"))
        return card

    def node_types(self) -> list[NodeType]:
        """Answer the node types that workflows may use there."""
        return self._http.ask(Call("/api/nodes"), lambda answer: read_all(NodeType, answer))

    def node_type(self, type: str) -> NodeType:
        """Answer what a node type takes and gives. Raises `NotFoundError`."""
        path = f"/api/nodes/{urllib.parse.quote(type, safe='')}"
        return self._http.ask(Call(path), lambda answer: read_as(NodeType, answer))

    def queue(self, *, limit: int = 100) -> Queue:
        """Answer which executions wait until they may run, and why."""
        return self._http.ask(Call("/api/queue", query={"limit": limit}), read_queue)

    def audit(self, *, limit: int = 100, before: int | None = None) -> list[AuditEntry]:
        """Answer who changed what, the newest first; `before` is the id of the last entry of the page before."""
        call = Call("/api/audit", query={"limit": limit, "before": before})
        return self._http.ask(call, lambda answer: read_all(AuditEntry, answer["entries"]))

    def events(self, *, after: int | None = None) -> Iterator[dict[str, Any]]:
        """Answer the events of all executions, live, each with its `position`; without an end.

        Without `after` it begins with what is new from this call on, with `after=0` at the beginning of the history. A
        connection that breaks is made anew, without a loss or a repetition. Raises `UnavailableError` if the server
        stays out of reach.
        """
        if after is None:
            after = newest_position(self._http)
        return Following(self._http, "/api/events", after, self._patience).of_all()

    def start(
        self, workflow: str | Workflow, inputs: Mapping[str, Any] | None = None, **options: Unpack[StartOptions]
    ) -> RemoteExecution:
        """Start a saved workflow, by its id, or a document, and answer a handle on it.

        `options` are those of `executions.start`. Raises `InvalidWorkflowError`, `NotFoundError`.
        """
        return self.executions.handle(self.executions.start(workflow, inputs, **options))

    def run(
        self, workflow: str | Workflow, inputs: Mapping[str, Any] | None = None, **options: Unpack[StartOptions]
    ) -> FlowResult:
        """Start a workflow, and wait for its end; Ctrl-C cancels it. Whether it has succeeded is in the result."""
        return run_to_end(lambda: self.start(workflow, inputs, **options))

    @property
    def is_on_this_machine(self) -> bool:
        """Whether the address says so, such that files of this machine are there too."""
        host = urllib.parse.urlsplit(self.url).hostname or ""
        return self._placement.path is None and (host == "localhost" or host == "::1" or host.startswith("127."))

    def launcher(
        self, document: Mapping[str, Any], inputs: Mapping[str, Any], view: FlowView
    ) -> Callable[[], Execution]:
        """Answer what starts a flow of Python functions, with inputs in JSON; for `Flow.run` and the like."""
        placed = self._placement.place(document)

        def start() -> Execution:
            body = {"workflow": placed, "inputs": {name: guard_tags(value) for name, value in inputs.items()}}
            execution_id = self.executions.post_start(body)
            outcome = Outcome(view.answers, view.last_node)
            return RemoteExecution(self.executions, execution_id, outcome=outcome, progress=view.progress)

        return start
