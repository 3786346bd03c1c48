"""Following events on a server, whatever becomes of connections.

C1. Every event behind `after` comes once, in order: a new connection asks for what comes after the last one, and what
    comes twice, or too early, is not passed on.
C2. It ends after WorkflowCompleted; quietly when nobody drives the execution for longer than a server takes to come
    back; with `FlowApiError` when patience has run out, or the server refuses.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Any

from ..errors import AccessError, FlowApiError, UnavailableError
from .backoff import Backoff
from .http import Call, Http
from .problems import connection_error, unreadable_answer

_HEADERS = {"Accept": "application/x-ndjson"}
_IDLE_SECONDS = 45
"""The server sends something every 15 seconds."""
_DRIVERLESS_SECONDS = 20.0
"""A server that comes back resumes what it drove: so long an execution may be without a driver."""


def newest_position(http: Http) -> int:
    """Answer the place that comes after all events so far of all executions. Raises `FlowApiError`."""
    stream = http.open(Call("/api/events", headers=_HEADERS), _IDLE_SECONDS)
    stream.close()
    place = stream.headers.get("X-Events-After", "")
    if not place.isdecimal():
        raise unreadable_answer(http.url, "it does not say where the events begin")
    return int(place)


class _Interrupted(Exception):
    """Nobody drives the execution."""


class Following:
    """One reader of events."""

    def __init__(self, http: Http, path: str, after: int, patience: float) -> None:
        self._http = http
        self._path = path
        self._after = after
        self._unreachable = Backoff(patience)
        self._driverless = Backoff(_DRIVERLESS_SECONDS)
        self._has_completed = False

    def of_execution(self) -> Iterator[dict[str, Any]]:
        """Answer the events of one execution. Raises `FlowApiError`."""
        while not self._has_completed:
            try:
                yield from self._connection("seq")
                self._check_cut()
            except _Interrupted:
                if not self._driverless.pause():
                    return
            except UnavailableError:
                if not self._unreachable.pause():
                    raise

    def of_all(self) -> Iterator[dict[str, Any]]:
        """Answer the events of all executions, each with its `position`, without an end. Raises `FlowApiError`."""
        while True:
            try:
                yield from self._connection("position")
                raise self._lost("the connection was cut")
            except UnavailableError:
                if not self._unreachable.pause():
                    raise

    def _connection(self, place: str) -> Iterator[dict[str, Any]]:
        """Answer what one connection brings that is new."""
        for message in self._messages():
            if message["type"] == "StreamEnded":
                self._read_end(message)
                return
            number = message.get(place)
            if not isinstance(number, int):
                raise self._no_event()
            if not self._is_new(number, place):
                continue
            self._after = number
            self._unreachable.reset()
            self._driverless.reset()
            self._has_completed = place == "seq" and message["type"] == "WorkflowCompleted"
            yield message
            if self._has_completed:
                return

    def _is_new(self, number: int, place: str) -> bool:
        """Answer whether an event comes next. Raises `UnavailableError` if others have to come before it."""
        if number > self._after + 1 and place == "seq":
            raise self._lost(f"events after {self._after} are missing")
        return number > self._after

    def _messages(self) -> Iterator[dict[str, Any]]:
        call = Call(self._path, query={"after": self._after}, headers=_HEADERS)
        stream = self._http.open(call, _IDLE_SECONDS)
        try:
            for line in stream.lines():
                if line:
                    yield self._read(line)
        except (OSError, http.client.HTTPException) as error:
            raise connection_error(self._http.url, error, was_sent=True) from error
        finally:
            stream.close()

    def _read(self, line: bytes) -> dict[str, Any]:
        message = self._http.parse(line)
        if isinstance(message, dict) and isinstance(message.get("type"), str):
            return message
        raise self._no_event()

    def _no_event(self) -> FlowApiError:
        return unreadable_answer(self._http.url, "a line of the stream is no event")

    def _read_end(self, end: dict[str, Any]) -> None:
        reason, message = end.get("reason"), f"the server has ended the stream: {end.get('message')}"
        if isinstance(end.get("after"), int):
            self._after = max(self._after, end["after"])
        if reason == "completed":
            self._has_completed = True
        elif reason == "interrupted":
            raise _Interrupted
        elif reason == "unauthenticated":
            raise AccessError(message, code="unauthenticated", hint="Connect with a valid token.", status=401)
        else:
            raise UnavailableError(message, code="unavailable")

    def _check_cut(self) -> None:
        """Tell a stream that had nothing more to bring from one that was cut. Raises `UnavailableError` if it was."""
        if self._has_completed:
            return
        call = Call(self._path.removesuffix("/events"))
        ended_at, last_seq = self._http.ask(call, lambda answer: (answer.get("ended_at"), int(answer["last_seq"])))
        if ended_at is None or last_seq > self._after:
            raise self._lost("the connection was cut")
        self._has_completed = True

    def _lost(self, state: str) -> FlowApiError:
        return UnavailableError(f'cannot follow events of "{self._http.url}": {state}', code="unavailable")
