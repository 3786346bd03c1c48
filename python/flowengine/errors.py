"""What can go wrong, as exceptions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


class FlowEngineError(Exception):
    """A problem with a clear message and, if there is something to do about it, a hint.

    `code` is one of the engine's error codes, such as `invalid_config`.
    """

    def __init__(self, message: str, *, code: str = "invalid_argument", hint: str | None = None) -> None:
        super().__init__(message if hint is None else f"{message}\n{hint}")
        self.message = message
        self.code = code
        self.hint = hint

    def __reduce__(self) -> Any:
        """Answer how it is made again in another process, whatever arguments its class wants."""
        return _remake, (type(self), self.args, self.__dict__)


class InvalidFlowError(FlowEngineError):
    """A flow that cannot be run: its wiring or its values are wrong."""


class InvalidValueError(FlowEngineError):
    """A value that cannot travel between nodes."""


class EngineNotFoundError(FlowEngineError):
    """There is no `flow` program to run with."""


class ExecutionFailedError(FlowEngineError):
    """An execution did not succeed; `error` is what the engine says about it, `traceback` the one of the function.

    `execution_id` is for `flow executions show` and `flow rerun`.
    """

    def __init__(self, message: str, error: dict[str, Any], execution_id: str | None = None) -> None:
        hint = error.get("hint")
        super().__init__(message, code=str(error.get("code", "node_failed")), hint=None if hint is None else str(hint))
        self.error = error
        self.execution_id = execution_id

    @property
    def traceback(self) -> str | None:
        """The traceback of the Python function that failed, if it was one."""
        text = (self.error.get("details") or {}).get("traceback")
        return None if text is None else str(text)


class FlowApiError(FlowEngineError):
    """A request to a server that has failed.

    `status` is the HTTP status, or None if there was no answer; `request_id` names the request in the server's log.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "unavailable",
        hint: str | None = None,
        status: int | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.status = status
        self.request_id = request_id


class AccessError(FlowApiError):
    """The server does not accept the token (401), or it may not do this (403)."""


class NotFoundError(FlowApiError):
    """There is no such workflow, execution or node type (404)."""


class ConflictError(FlowApiError):
    """It cannot be done as things stand (409), or somebody has changed them meanwhile (412)."""


class InvalidWorkflowError(FlowApiError, InvalidFlowError):
    """The server cannot run that (422); `issues` are all problems of a document, each with `code` and `message`."""

    issues: Sequence[Mapping[str, Any]] = ()


class UnavailableError(FlowApiError):
    """The server cannot be reached, does not answer in time, or cannot work now (429, 503): trying again may help."""

    was_sent = False
    """Whether the server may have got the request all the same."""

    retry_after: float | None = None
    """In how many seconds the server wants to be asked again, if it says so."""


def _remake(kind: type[FlowEngineError], args: tuple[Any, ...], state: dict[str, Any]) -> FlowEngineError:
    error = kind.__new__(kind, *args)
    error.__dict__.update(state)
    return error
