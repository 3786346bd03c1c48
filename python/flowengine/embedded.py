"""An execution that `flow` runs for this process."""

from __future__ import annotations

import collections
import contextlib
import json
import os
import subprocess
import tempfile
import threading
import weakref
from collections.abc import Iterator
from typing import Any

from .child import close_outputs, end_child, interrupt
from .errors import FlowEngineError
from .event_log import EventLog
from .execution import POLL_SECONDS, Execution, FlowView
from .outcome import Outcome
from .program import check_exit, find_program, silent_end, start_program
from .result import FlowResult

_CANCEL_SECONDS = 30
_KEPT_LINES = 100
_CANCELLED_EARLY = "the flow was cancelled before its execution began"


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
        self._process = self._start(program, inputs, options)
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._read_events, self._read_errors)]
        try:
            # The first waits for the second, at once if the program has nothing to say.
            for thread in reversed(self._threads):
                thread.start()
            self._send(document)
        except BaseException:
            end_child(self._process)
            raise

    def _start(self, program: list[str], inputs: Any, options: list[str]) -> subprocess.Popen[bytes]:
        """Start the program. A file has the inputs until it has read them, or this process ends."""
        handle, name = tempfile.mkstemp(prefix="flowengine-", suffix=".json")
        self._inputs_file = name
        self._at_exit = weakref.finalize(self, _delete, name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(inputs, file)
            return start_program([*program, "run", "-", "--json", "--input", f"@{name}", *options])
        except BaseException:
            self._forget_inputs()
            raise

    def _forget_inputs(self) -> None:
        # Whoever runs flows in `atexit` is too late for finalizers.
        self._at_exit.detach()
        _delete(self._inputs_file)

    def _send(self, document: str) -> None:
        stdin = self._process.stdin
        # If it ends before it has read all, its exit status says why.
        if stdin is not None:
            with contextlib.suppress(OSError), stdin:
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
        while not self._has_begun.wait(POLL_SECONDS):
            # Ctrl-C is noticed in between.
            continue
        if self._outcome.execution_id is None:
            raise self._start_error()
        return self._outcome.execution_id

    def cancel(self) -> None:
        """Cancel the execution; it ends as `cancelled` when all that runs has ended. If it has ended: do nothing."""
        with self._changed:
            if self._is_cancelled or self._process.poll() is not None:
                return
            # A second signal would kill it.
            self._is_cancelled = True
        interrupt(self._process)

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
        except Exception as error:
            # Nobody would read any more, and it would wait for that.
            self._process.kill()
            self._said.append(f"cannot read its events: {error!r}")
        finally:
            self._process.wait()
            self._threads[1].join()
            close_outputs(self._process)
            self._forget_inputs()
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
            self._forget_inputs()
            self._has_begun.set()
        self._progress.show(message)

    def _read_errors(self) -> None:
        for line in self._process.stderr or ():
            self._said.append(line.decode(errors="replace"))

    def _start_error(self) -> FlowEngineError:
        status, said = self._process.returncode, "".join(self._said)
        if self._was_cancelled_early():
            return FlowEngineError(_CANCELLED_EARLY, code="cancelled")
        try:
            # Without an execution even 0 is no success.
            check_exit(status or int(bool(said or self._failure)), said, self._failure)
        except FlowEngineError as error:
            return error
        return silent_end(status)

    def _was_cancelled_early(self) -> bool:
        """Whether it was interrupted before there was an execution: `flow` says 130 then, or the signal killed it."""
        return self._is_cancelled and self._failure is None and (self._process.returncode or 0) not in {0, 1, 2}

    def _result(self) -> FlowResult:
        if self._outcome.execution_id is None:
            if self._was_cancelled_early():
                return self._outcome.cancelled(_CANCELLED_EARLY)
            raise self._start_error()
        said = "".join(self._said).strip() or f"status {self._process.returncode}"
        return self._outcome.result(self._failure or {"code": "interrupted", "message": f"flow ended: {said}"})


def _delete(name: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(name)


def _read_message(line: bytes) -> dict[str, Any] | None:
    """Answer what a line says, if it is an object of JSON."""
    try:
        message = json.loads(line)
    except ValueError:
        return None
    return message if isinstance(message, dict) else None
