"""An execution on a server."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..errors import UnavailableError
from ..execution import Execution
from ..outcome import Outcome
from ..progress import Progress
from ..result import FlowResult
from .answers import ExecutionDetails
from .backoff import Backoff

if TYPE_CHECKING:
    from .executions import ExecutionsApi

_BEHIND_ALL = 2**53 - 1
"""A place behind every event: following from there brings nothing but the end."""
_END_SECONDS = 30.0


class RemoteExecution(Execution):
    """A handle on an execution of a server, whoever has started it.

    Its result has the outputs that the server tells: those that the workflow declares by name, or else the ports of its
    last nodes by node id.
    """

    def __init__(
        self,
        executions: ExecutionsApi,
        execution_id: str,
        *,
        outcome: Outcome | None = None,
        progress: Progress | None = None,
    ) -> None:
        super().__init__(progress or Progress(None))
        self._executions = executions
        self._execution_id = execution_id
        self._outcome = outcome
        self._details: ExecutionDetails | None = None
        self._trouble: Exception | None = None
        self._seen = 0
        self._watcher: threading.Thread | None = None
        if self._progress.is_shown:
            self._watch()

    @property
    def execution_id(self) -> str:
        """The id of the execution."""
        return self._execution_id

    def events(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """Answer the events from the first on (or behind the one with the seq `after`), live, to the last.

        They come from the server's history. A connection that breaks is made anew, without a loss or a repetition.
        Raises `UnavailableError` if the server stays out of reach.
        """
        return self._executions.events(self._execution_id, after=after)

    def cancel(self) -> None:
        """Cancel the execution; it ends as `cancelled` when all that runs has ended. If it has ended: do nothing."""
        self._executions.cancel(self._execution_id)

    def end(self) -> None:
        """Cancel, and wait half a minute at most until nothing runs any more."""
        self.cancel()
        self.wait(_END_SECONDS)

    def _watch(self) -> None:
        with self._changed:
            has_failed = self._has_ended and self._trouble is not None
            if self._watcher is not None and not has_failed:
                return
            self._has_ended, self._trouble = False, None
            self._watcher = threading.Thread(target=self._follow, name="flowengine-follow", daemon=True)
            self._watcher.start()

    def _follow(self) -> None:
        try:
            self._details = self._wait_for_end()
        except Exception as error:
            self._trouble = error
        finally:
            self._finish()

    def _wait_for_end(self) -> ExecutionDetails | None:
        """Answer how it has ended, or stands while nobody drives it; None if the events tell."""
        pauses = Backoff(_END_SECONDS)
        wants_events = self._outcome is not None or self._progress.is_shown
        while True:
            for event in self._executions.events(self._execution_id, after=self._seen if wants_events else _BEHIND_ALL):
                self._seen = event["seq"]
                self._take(event)
            if self._outcome is not None and self._outcome.is_complete:
                return None
            details = self._executions.get(self._execution_id)
            if details.status != "running":
                return details
            if not pauses.pause():
                raise UnavailableError(f'execution "{self._execution_id}" is running, but its events have ended')

    def _take(self, event: dict[str, Any]) -> None:
        if self._outcome is not None:
            self._outcome.take(event)
        self._progress.show(event)

    def _result(self) -> FlowResult:
        if self._trouble is not None:
            raise self._trouble
        interrupted = {
            "code": "interrupted",
            "message": f'execution "{self._execution_id}" was interrupted: nobody drives it',
            "hint": f'Resume it with "flow resume {self._execution_id}", or client.executions.resume(...).',
        }
        if self._outcome is not None and (self._outcome.is_complete or self._details is None):
            return self._outcome.result(interrupted)
        return _read_result(self._details, interrupted)


def _read_result(details: ExecutionDetails | None, interrupted: dict[str, Any]) -> FlowResult:
    if details is None:
        raise UnavailableError("nobody has told how the execution has ended")
    error = interrupted if not details.has_ended else None if details.error is None else dict(details.error)
    return FlowResult(
        execution_id=details.execution_id,
        status="interrupted" if details.status == "running" else details.status,
        outputs=details.outputs,
        last_node=next(reversed(list(details.outputs)), ""),
        error=error,
        duration_ms=details.duration_ms or 0,
    )
