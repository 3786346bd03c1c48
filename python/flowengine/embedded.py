"""An execution that `flow` runs for this process."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import FlowEngineError
from .event_log import EventLog
from .execution import Execution, FlowView
from .outcome import Outcome
from .program import check_exit, environment, find_program
from .result import FlowResult

_CANCEL_SECONDS = 30
_KEPT_LINES = 100


class EmbeddedExecution(Execution):
    """An execution in a process `flow run` of ours."""

    def __init__(
        self,
        document: str,
        inputs: Any,
        options: list[str],
        view: FlowView,
    ) -> None:
        super().__init__(view.progress)
        self._outcome = Outcome(view.answers, view.last_node)
        self._log = EventLog()
        self._has_begun = threading.Event()
        self._failure: dict[str, Any] | None = None
        self._said: collections.deque[str] = collections.deque(maxlen=_KEPT_LINES)
        self._is_cancelled = False
        program = find_program()
        handle, name = tempfile.mkstemp(prefix="flowengine-", suffix=".json")
        self._inputs_file = Path(name)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(inputs, file)
        self._process = self._start(program, options)
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._read_events, self._read_errors)]
        # The first waits for the second, at once if the program has nothing to say.
        for thread in reversed(self._threads):
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

    def events(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """Answer the events from the first on, or behind the one with the seq `after`, live, until it has ended.

        They are kept in a temporary file of at most 1 GiB, which is gone with the handle, and take no memory.
        """
        for line in self._log.lines():
            event = json.loads(line)
            if after == 0 or event["seq"] > after:
                yield event

    @property
    def execution_id(self) -> str:
        """The id of the execution. Raises `FlowEngineError` if it could not be started."""
        self._has_begun.wait()
        if self._outcome.execution_id is None:
            raise self._start_error()
        return self._outcome.execution_id

    def cancel(self) -> None:
        """Cancel the execution; it ends as `cancelled` when all that runs has ended. If it has ended: do nothing."""
        # A second signal would kill it.
        if not self._is_cancelled and self._process.poll() is None:
            self._is_cancelled = True
            self._process.send_signal(signal.SIGINT)

    def end(self) -> None:
        """Cancel, and wait until nothing runs any more. Ctrl-C, or half a minute, kills what is left."""
        self.cancel()
        try:
            self._process.wait(_CANCEL_SECONDS)
            self._threads[0].join()
        except BaseException:
            self._process.kill()
            raise

    def _watch(self) -> None:
        """Do nothing: a thread reads from the beginning."""

    def _read_events(self) -> None:
        try:
            for line in self._process.stdout or ():
                message = _read_message(line)
                if message is None:
                    self._said.append(line.decode(errors="replace"))
                else:
                    self._take(message, line)
        finally:
            self._process.wait()
            self._threads[1].join()
            self._inputs_file.unlink(missing_ok=True)
            self._log.end()
            self._has_begun.set()
            self._finish()

    def _take(self, message: dict[str, Any], line: bytes) -> None:
        """Take an event, or the error for which there are no more of them."""
        if "type" not in message:
            self._failure = message.get("error", message)
            return
        self._outcome.take(message)
        self._log.append(line)
        if not self._has_begun.is_set():
            # It has been read, and this process may end without any further word.
            self._inputs_file.unlink(missing_ok=True)
            self._has_begun.set()
        self._progress.show(message)

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
        if self._outcome.execution_id is None:
            raise self._start_error()
        said = "".join(self._said).strip() or f"status {self._process.returncode}"
        return self._outcome.result(self._failure or {"code": "interrupted", "message": f"flow ended: {said}"})


def _read_message(line: bytes) -> dict[str, Any] | None:
    """Answer what a line says, if it is an object of JSON."""
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None
