"""Requests to one server."""

from __future__ import annotations

import contextlib
import http.client
import json
import math
import os
import socket
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ..errors import FlowApiError, FlowEngineError, InvalidFlowError
from .problems import answered_error, connection_error, unreadable_answer
from .proxies import find_proxy

MAX_ANSWER_BYTES = 256 * 1024 * 1024
_TLS_PORT = 443
_MAX_ERROR_BYTES = 1024 * 1024
_MAX_KEPT_CONNECTIONS = 4
_KEEP_SECONDS = 5.0
"""Shorter than servers and proxies keep them."""
_READ_BYTES = 64 * 1024

T = TypeVar("T")
Query = Mapping[str, "str | int | bool | None"]


@dataclass(frozen=True)
class Call:
    """One request; `path` is from the root of the server, `body` is sent as JSON."""

    path: str
    method: str = "GET"
    query: Query = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None


@dataclass(frozen=True)
class Answer:
    """The whole answer to a request."""

    body: bytes
    headers: http.client.HTTPMessage


class Stream:
    """An answer that comes bit by bit. Has to be closed."""

    def __init__(self, connection: http.client.HTTPConnection, answer: http.client.HTTPResponse, sock: Any) -> None:
        self.headers = answer.headers
        self._connection = connection
        self._answer = answer
        self._socket = sock

    def lines(self, most: int = MAX_ANSWER_BYTES) -> Iterator[bytes]:
        """Answer the lines, the last one only if it is complete. Raises `OSError` and `HTTPException` when cut off."""
        parts: list[bytes] = []
        length = 0
        while chunk := self._answer.read1(_READ_BYTES):
            first, *others = chunk.split(b"\n")
            parts.append(first)
            length += len(first)
            if length > most:
                raise http.client.LineTooLong("line of the stream")
            if others:
                yield b"".join(parts)
                yield from others[:-1]
                parts, length = [others[-1]], len(others[-1])

    def close(self) -> None:
        """End it, also for the server."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._connection.close()


class Http:
    """Sends requests to one server, and raises `FlowApiError` for all that goes wrong. Any thread may use it.

    A few connections are kept for the next requests. Only GET is sent by one that was used before: if the server has
    closed it meanwhile, nothing else could be sent again without the danger of doing it twice.
    """

    def __init__(self, url: str, token: str | None, timeout: float, ca_file: str | os.PathLike[str] | None) -> None:
        parts = _check_url(url)
        self.url = urllib.parse.urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
        self._host = parts.hostname or ""
        self._port = parts.port
        self._prefix = parts.path.rstrip("/")
        self._timeout = timeout
        self._headers = {"Accept": "application/json", "User-Agent": "flowengine-python"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {_check_token(token)}"
        self._tls = _open_tls(ca_file) if parts.scheme == "https" else None
        self._proxy = find_proxy(parts)
        if self._proxy is not None and self._tls is None:
            self._headers.update(self._proxy.headers)
            # Such a proxy wants whole addresses.
            self._prefix = self.url
        self._lock = threading.Lock()
        self._kept: list[tuple[float, http.client.HTTPConnection]] = []
        self._keeper = os.getpid()

    def json(self, call: Call) -> Any:
        """Send a request, and answer the JSON that comes."""
        return self.parse(self.read(call).body)

    def parse(self, data: bytes) -> Any:
        """Answer what a part of an answer says in JSON."""
        try:
            return json.loads(data)
        except ValueError:
            raise unreadable_answer(self.url, "it is no JSON") from None

    def ask(self, call: Call, read: Callable[[Any], T]) -> T:
        """Send a request, and answer what `read` makes of the JSON that comes."""
        answer = self.json(call)
        try:
            return read(answer)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise unreadable_answer(self.url, f"{type(error).__name__}: {error}") from error

    def read(self, call: Call) -> Answer:
        """Send a request, and answer all that comes."""
        connection, answer = self._send(call)
        with self._closed_on_error(connection, was_sent=True):
            body = answer.read(MAX_ANSWER_BYTES + 1)
            if len(body) > MAX_ANSWER_BYTES:
                raise unreadable_answer(self.url, "it is longer than 256 MiB")
            if answer.length:
                raise http.client.IncompleteRead(body, answer.length)
        self._keep(connection, answer)
        return Answer(body, answer.headers)

    def open(self, call: Call, idle_timeout: float) -> Stream:
        """Send a request, and answer what comes as it comes; `idle_timeout` is how long nothing may come."""
        connection, answer = self._send(call)
        sock = connection.sock or getattr(getattr(answer.fp, "raw", None), "_sock", None)
        if sock is not None:
            sock.settimeout(idle_timeout)
        return Stream(connection, answer, sock)

    def close(self) -> None:
        """Close the connections that are kept."""
        with self._lock:
            kept, self._kept = self._kept, []
        for _, connection in kept:
            connection.close()

    def _send(self, call: Call) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        """Send a request, and answer a good answer as soon as it begins."""
        kept = self._take() if call.method == "GET" else None
        if kept is not None:
            try:
                return self._exchange(kept, call)
            except FlowApiError as error:
                if error.status is not None or error.code == "timeout":
                    raise
        return self._exchange(self._connect(), call)

    def _exchange(
        self, connection: http.client.HTTPConnection, call: Call
    ) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
        with self._closed_on_error(connection, was_sent=True):
            connection.request(call.method, self._target(call), *_body_and_headers(call, self._headers))
            answer = connection.getresponse()
            if 200 <= answer.status < 300:
                return connection, answer
            text = answer.read(_MAX_ERROR_BYTES)
            request = f'{call.method} "{call.path}"'
            raise answered_error(answer.status, text, request, answer.headers)

    def _connect(self) -> http.client.HTTPConnection:
        proxy = self._proxy
        host, port = (self._host, self._port) if proxy is None else (proxy.host, proxy.port)
        if self._tls is None:
            connection = http.client.HTTPConnection(host, port, timeout=self._timeout)
        else:
            connection = http.client.HTTPSConnection(host, port, timeout=self._timeout, context=self._tls)
            if proxy is not None:
                connection.set_tunnel(self._host, self._port or _TLS_PORT, proxy.headers)
        with self._closed_on_error(connection, was_sent=False):
            connection.connect()
        return connection

    @contextlib.contextmanager
    def _closed_on_error(self, connection: http.client.HTTPConnection, *, was_sent: bool) -> Iterator[None]:
        """Close the connection if the block is left by an exception; what is wrong with it is a `FlowApiError`."""
        try:
            yield
        except BaseException as error:
            connection.close()
            if isinstance(error, (OSError, http.client.HTTPException)):
                raise connection_error(self.url, error, was_sent=was_sent, proxy=self._proxy) from error
            raise

    def _take(self) -> http.client.HTTPConnection | None:
        oldest = time.monotonic() - _KEEP_SECONDS
        with self._lock:
            if self._keeper != os.getpid():
                # This is a copy of the process that they belong to: both would read the same answers.
                self._keeper, oldest = os.getpid(), math.inf
            fresh = [entry for entry in self._kept if entry[0] > oldest]
            stale = [entry for entry in self._kept if entry[0] <= oldest]
            taken = fresh.pop() if fresh else None
            self._kept = fresh
        for _, connection in stale:
            connection.close()
        return None if taken is None else taken[1]

    def _keep(self, connection: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> None:
        with self._lock:
            if not answer.will_close and len(self._kept) < _MAX_KEPT_CONNECTIONS:
                self._kept.append((time.monotonic(), connection))
                return
        connection.close()

    def _target(self, call: Call) -> str:
        given = {name: _to_text(value) for name, value in call.query.items() if value is not None}
        query = urllib.parse.urlencode(given)
        return f"{self._prefix}{call.path}{'?' if query else ''}{query}"


def _body_and_headers(call: Call, headers: Mapping[str, str]) -> tuple[bytes | None, dict[str, str]]:
    """Answer what is sent. Raises `FlowEngineError` for what cannot be."""
    for name, value in call.headers.items():
        if not (value.isascii() and value.isprintable()):
            raise FlowEngineError(f"cannot send the header {name}: {value!r} is no printable ASCII")
    if call.body is None:
        return None, {**headers, **call.headers}
    try:
        body = json.dumps(call.body, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        hint = "Pass documents of None, bool, numbers, text, lists and dicts."
        raise InvalidFlowError(f'cannot send {call.method} "{call.path}": {error}', hint=hint) from error
    return body, {**headers, "Content-Type": "application/json", **call.headers}


def _to_text(value: str | int | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_url(url: str) -> urllib.parse.SplitResult:
    with contextlib.suppress(ValueError):
        parts = urllib.parse.urlsplit(url.strip())
        # Looking at a port that is none raises.
        if parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0 and parts.username is None:
            return parts
    raise FlowEngineError(
        f'cannot use "{url}" as a server: it is no address', hint="Write it like http://127.0.0.1:3000."
    )


def _check_token(token: str) -> str:
    if token and token.isascii() and token.isprintable() and " " not in token:
        return token
    raise FlowEngineError("the token is none: it is empty, or has other characters than tokens have")


def _open_tls(ca_file: str | os.PathLike[str] | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=None if ca_file is None else os.fspath(ca_file))
    except OSError as error:
        raise FlowEngineError(f'cannot read "{ca_file}": {error}', hint="Name a file of certificates in PEM.") from None
