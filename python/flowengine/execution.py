"""An execution that `flow` runs for this process."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from .errors import FlowEngineError
from .outputs import Answer, Outputs
from .program import check_exit, environment, find_program
from .progress import show_event
from .result import FlowResult

_CANCEL_SECONDS = 30
_KEPT_LINES = 100
_POLL_SECONDS = 0.2


class Execution:
    """A handle on an execution: its events and lines as they come, and how it ends."""

    def __init__(
        self,
        document: str,
        inputs: Any,
        options: list[str],
        answers: Mapping[str, Answer],
        last_node: str,
        progress: bool | None,
    ) -> None:
        self._answers = answers
        self._last_node = last_node
        self._is_shown = sys.stderr.isatty() if progress is None else progress
        self._events: list[dict[str, Any]] = []
        self._failure: dict[str, Any] | None = None
        self._said: collections.deque[str] = collections.deque(maxlen=_KEPT_LINES)
        self._changed = threading.Condition()
        self._has_ended = False
        program = find_program()
        handle, name = tempfile.mkstemp(prefix="flowengine-", suffix=".json")
        self._inputs_file = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(inputs, file)
        self._process = self._start(program, options)
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._read_events, self._read_errors)]
        for thread in self._threads:
            thread.start()
        self._send(document)

    def _start(self, program: list[str], options: list[str]) -> subprocess.Popen[bytes]:
        command = [*program, "run", "-", "--json", "--input", f"@{self._inputs_file}", *options]
        try:
            # A session of its own: Ctrl-C is to reach only us, and we cancel then.
            return subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=environment(),
                start_new_session=True,
            )
        except BaseException:
            self._inputs_file.unlink(missing_ok=True)
            raise

    def _send(self, document: str) -> None:
        stdin = self._process.stdin
        # If it ends before it has read all, its exit status says why.
        if stdin is not None:
            with contextlib.suppress(BrokenPipeError), stdin:
                stdin.write(document.encode())

    def events(self) -> Iterator[dict[str, Any]]:
        """Answer the events from the first on, live, until the execution has ended."""
        seen = 0
        while True:
            with self._changed:
                while seen >= len(self._events) and not self._has_ended:
                    self._changed.wait(_POLL_SECONDS)
                fresh = self._events[seen:]
                is_last = self._has_ended
            yield from fresh
            seen += len(fresh)
            if is_last:
                return

    def logs(self) -> Iterator[str]:
        """Answer the lines that nodes print and log, live, until the execution has ended."""
        for event in self.events():
            inner = event.get("event", {})
            text = inner.get("line", inner.get("message"))
            if event["type"] == "NodeEvent" and text is not None:
                yield text

    @property
    def execution_id(self) -> str:
        """The id of the execution. Raises `FlowEngineError` if it could not be started."""
        for event in self.events():
            return str(event["execution_id"])
        self._process.wait()
        raise self._start_error()

    def cancel(self) -> None:
        """Cancel the execution; it ends as `cancelled` when all that runs has ended."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def wait(self, timeout: float | None = None) -> FlowResult:
        """Wait for the end. Raises `TimeoutError` after `timeout` seconds, and `FlowEngineError` if it never began."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._has_ended, timeout):
                raise TimeoutError(f"the execution has not ended within {timeout} s")
        return self._result()

    def wait_interruptibly(self) -> FlowResult:
        """Wait for the end; Ctrl-C cancels the execution, and is raised when it has ended. A second one kills it."""
        try:
            while not self._has_ended:
                with self._changed:
                    self._changed.wait_for(lambda: self._has_ended, _POLL_SECONDS)
        except KeyboardInterrupt:
            self._end()
            raise
        return self._result()

    async def wait_async(self) -> FlowResult:
        """Wait for the end in an event loop; cancelling the coroutine cancels the execution."""
        try:
            return await asyncio.to_thread(self.wait)
        except asyncio.CancelledError:
            await asyncio.to_thread(self._end)
            raise

    def _end(self) -> None:
        """Cancel, and wait until nothing runs any more."""
        self.cancel()
        try:
            self._process.wait(_CANCEL_SECONDS)
            self._threads[0].join()
        except BaseException:
            self._process.kill()
            raise

    def _read_events(self) -> None:
        try:
            for line in self._process.stdout or ():
                try:
                    message = json.loads(line)
                except ValueError:
                    self._said.append(line.decode(errors="replace"))
                else:
                    self._take(message)
        finally:
            self._process.wait()
            self._threads[1].join()
            self._inputs_file.unlink(missing_ok=True)
            with self._changed:
                self._has_ended = True
                self._changed.notify_all()

    def _take(self, message: dict[str, Any]) -> None:
        """Take an event, or the error for which there are no more of them."""
        if "type" not in message:
            self._failure = message.get("error", message)
            return
        if not self._events:
            # It has been read, and this process may end without any further word.
            self._inputs_file.unlink(missing_ok=True)
        with self._changed:
            self._events.append(message)
            self._changed.notify_all()
        if self._is_shown:
            try:
                show_event(message)
            except (OSError, ValueError):
                # Nobody reads stderr any more: that is no reason to stop listening.
                self._is_shown = False

    def _read_errors(self) -> None:
        for line in self._process.stderr or ():
            self._said.append(line.decode(errors="replace"))

    def _start_error(self) -> FlowEngineError:
        status = self._process.returncode or 1
        try:
            check_exit(status, "".join(self._said), self._failure)
        except FlowEngineError as error:
            return error
        return FlowEngineError("flow ended without an event", code="internal")

    def _result(self) -> FlowResult:
        last = self._events[-1] if self._events else None
        if last is None:
            raise self._start_error()
        if last["type"] != "WorkflowCompleted":
            said = "".join(self._said).strip() or f"status {self._process.returncode}"
            error = self._failure or {"code": "interrupted", "message": f"flow ended: {said}"}
            return FlowResult(last["execution_id"], "interrupted", {}, self._last_node, error)
        return FlowResult(
            execution_id=last["execution_id"],
            status=last["status"],
            outputs=Outputs(dict(self._outputs()), self._answers),
            last_node=self._last_node,
            error=self._error(last.get("error")),
            duration_ms=last["duration_ms"],
        )

    def _error(self, error: dict[str, Any] | None) -> dict[str, Any] | None:
        """Answer the error of the execution, with the code of the node that brought it about, and its id."""
        failures = [event for event in self._events if event["type"] == "NodeFailed"]
        if error is None or error.get("code") != "node_failed" or not failures:
            return error
        return {**error, "code": failures[-1]["error"]["code"], "node_id": failures[-1]["node_id"]}

    def _outputs(self) -> Iterator[tuple[str, Any]]:
        for event in self._events:
            if event["type"] != "NodeCompleted" or "index" in event:
                continue
            yield event["node_id"], event["outputs"]
