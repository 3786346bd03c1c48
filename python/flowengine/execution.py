"""An execution, wherever it runs: what all handles have in common."""

from __future__ import annotations

import abc
import contextlib
import math
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from dataclasses import dataclass
from typing import Any, TypeVar

from .background import in_background
from .errors import FlowEngineError
from .outputs import Answer
from .progress import Progress
from .result import FlowResult

T = TypeVar("T")

POLL_SECONDS = 0.2
"""How soon Ctrl-C is noticed where waiting cannot be interrupted."""


@dataclass(frozen=True)
class FlowView:
    """What a flow's caller sees of an execution: the values of its nodes, the last of them, and its progress."""

    answers: Mapping[str, Answer]
    last_node: str
    progress: Progress


class Execution(abc.ABC):
    """A handle on an execution: its events and lines as they come, and how it ends."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._changed = threading.Condition()
        self._has_ended = False
        self._on_end: list[Callable[[], None]] = []

    @property
    @abc.abstractmethod
    def execution_id(self) -> str:
        """The id of the execution. Raises `FlowEngineError` if it could not be started."""

    @abc.abstractmethod
    def events(self, after: int = 0) -> Iterator[dict[str, Any]]:
        """Answer the events from the first on, or behind the one with the seq `after`, live, until it has ended.

        They are not kept in memory: each reader takes them from the history, or from a temporary file, at its own pace.
        """

    @abc.abstractmethod
    def cancel(self) -> None:
        """Cancel the execution; it ends as `cancelled` when all that runs has ended. If it has ended: do nothing."""

    @abc.abstractmethod
    def end(self) -> None:
        """Cancel, and wait until nothing runs any more, as far as that can be brought about. Ctrl-C stops waiting."""

    @abc.abstractmethod
    def _watch(self) -> None:
        """Make sure that somebody waits for the end, once more if that has failed before."""

    @abc.abstractmethod
    def _result(self) -> FlowResult:
        """Answer the result, or raise why there is none. Called with the lock, when it has ended."""

    def logs(self) -> Iterator[str]:
        """Answer the lines that nodes print and log, live, until the execution has ended."""
        for event in self.events():
            inner = event.get("event", {})
            text = inner.get("line", inner.get("message"))
            if event["type"] == "NodeEvent" and text is not None:
                yield text

    def wait(self, timeout: float | None = None) -> FlowResult:
        """Wait for the end. Raises `TimeoutError` after `timeout` seconds, and `FlowEngineError` if it never began."""
        self._watch()
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        while True:
            left = max(0.0, min(POLL_SECONDS, deadline - time.monotonic()))
            with self._changed:
                if self._changed.wait_for(lambda: self._has_ended, left):
                    return self._result()
            if time.monotonic() >= deadline:
                raise TimeoutError(f"the execution has not ended within {timeout} s")

    async def wait_async(self) -> FlowResult:
        """Wait for the end in an event loop, without taking a thread from it."""
        # Half of the time that importing flowengine would take.
        import asyncio

        self._watch()
        loop = asyncio.get_running_loop()
        wakeup: asyncio.Future[None] = loop.create_future()

        def settle() -> None:
            if not wakeup.done():
                wakeup.set_result(None)

        def notify() -> None:
            # The loop may be gone by then.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(settle)

        with self._changed:
            self._on_end.append(notify)
        try:
            while True:
                with self._changed:
                    if self._has_ended:
                        return self._result()
                if wakeup.done():
                    wakeup = loop.create_future()
                # The loop has to wake up now and then: kernels of notebooks notice interrupts only then.
                await asyncio.wait([wakeup], timeout=POLL_SECONDS)
        finally:
            with self._changed:
                self._on_end.remove(notify)

    def _finish(self) -> None:
        """Tell those who watch and wait that it has ended."""
        self._progress.close()
        with self._changed:
            self._has_ended = True
            self._changed.notify_all()
            waiting = list(self._on_end)
        for notify in waiting:
            notify()


def start_here(start: Callable[[], Execution]) -> Execution:
    """Start an execution; Ctrl-C meanwhile ends it again."""
    return start_and_use(start, lambda execution: execution)


def run_to_end(start: Callable[[], Execution]) -> FlowResult:
    """Start an execution and wait for its end. Ctrl-C cancels it, and is raised when it has ended.

    So does whatever other signal handlers raise, such as for an alarm. What is raised meanwhile is raised at once.
    """
    return start_and_use(start, Execution.wait)


def start_and_use(start: Callable[[], Execution], use: Callable[[Execution], T]) -> T:
    """Start an execution and answer what `use` makes of it; Ctrl-C until then cancels it, as in `run_to_end`."""
    starting = in_background(start)
    try:
        return use(_started(starting))
    except FlowEngineError:
        raise
    except BaseException:
        _end(starting)
        raise


async def run_in_loop(start: Callable[[], Execution]) -> FlowResult:
    """Do the same in an event loop; cancelling the coroutine cancels the execution."""
    import asyncio

    starting = in_background(start)
    try:
        execution = await asyncio.shield(asyncio.wrap_future(starting))
        return await execution.wait_async()
    except asyncio.CancelledError:
        await asyncio.shield(asyncio.wrap_future(in_background(lambda: _end(starting))))
        raise


def _started(starting: Future[Execution]) -> Execution:
    """Wait for a start such that Ctrl-C is noticed on every system."""
    while not starting.done():
        wait_for([starting], POLL_SECONDS)
    return starting.result()


def _end(starting: Future[Execution]) -> None:
    """End what is being started, or was."""
    try:
        execution = _started(starting)
    except Exception:
        # What has not begun need not be ended; whoever waits for it is told something else already.
        return
    try:
        execution.end()
    except Exception as error:
        said = f'flowengine: cannot tell that execution "{execution.execution_id}" has ended: {error}'
        print(said, file=sys.stderr)
