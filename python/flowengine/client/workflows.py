"""The workflows that a server has saved."""

from __future__ import annotations

import urllib.parse
from collections.abc import Mapping

from .answers import SavedWorkflow, WorkflowSummary, read_all
from .documents import Placement, Workflow
from .http import Call, Http


class WorkflowsApi:
    """Saved workflows, by id."""

    def __init__(self, http: Http, placement: Placement) -> None:
        self._http = http
        self._placement = placement

    def list(self) -> list[WorkflowSummary]:
        """Answer all of them."""
        return self._http.ask(Call("/api/workflows"), lambda answer: read_all(WorkflowSummary, answer))

    def get(self, id: str, *, version: int | None = None) -> SavedWorkflow:
        """Answer the newest version, or the one asked for. Raises `NotFoundError`."""
        answer = self._http.read(Call(_path(id), query={"version": version}))
        return SavedWorkflow(self._http.parse(answer.body), answer.headers.get("ETag"))

    def create(self, workflow: Workflow) -> str:
        """Save a new workflow, and answer its id. Raises `InvalidWorkflowError`, `ConflictError` if it is there."""
        call = Call("/api/workflows", method="POST", body=self._placement.document_of(workflow))
        return self._http.ask(call, lambda answer: str(answer["id"]))

    def put(self, id: str, workflow: Workflow, *, if_match: str | None = None, only_new: bool = False) -> str | None:
        """Save a new version, or a new workflow, and answer its etag.

        `if_match` is the etag of the version that it replaces. Raises `ConflictError` if somebody has saved another one
        meanwhile (or, with `only_new`, any), and `InvalidWorkflowError`.
        """
        headers = {**_conditions(if_match), **({"If-None-Match": "*"} if only_new else {})}
        call = Call(_path(id), method="PUT", headers=headers, body=self._placement.document_of(workflow))
        return self._http.read(call).headers.get("ETag")

    def delete(self, id: str, *, if_match: str | None = None) -> None:
        """Delete it with all its versions; its executions stay. Raises `NotFoundError`, `ConflictError`."""
        self._http.json(Call(_path(id), method="DELETE", headers=_conditions(if_match)))


def _conditions(if_match: str | None) -> Mapping[str, str]:
    return {} if if_match is None else {"If-Match": if_match}


def _path(id: str) -> str:
    return f"/api/workflows/{urllib.parse.quote(id, safe='')}"
