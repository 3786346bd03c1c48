"""Requests to a Zypi server."""

from __future__ import annotations

import http.client
import json
import time
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import SandboxError

GRACE_SECONDS = 30.0
"""How long a server may take for what is not a command, such as booting a VM."""
_MAX_REQUEST_BYTES = 8_000_000
_MAX_ANSWER_BYTES = 256 * 1024 * 1024
_READ_BYTES = 64 * 1024
_FULL_POOL_DELAYS = (0.5, 1.0, 2.0, 4.0, 8.0)


@dataclass(frozen=True)
class Answer:
    """What the server has answered; `fields` are empty if it is no JSON object."""

    host: str
    status: int
    text: str
    fields: Mapping[str, Any]

    @property
    def reason(self) -> str | None:
        """What the server says that is wrong."""
        error = self.fields.get("error")
        return error if error is None or isinstance(error, str) else json.dumps(error)


class Transport:
    """Sends requests to one server, each by a connection of its own. Threads may share it."""

    def __init__(self, url: str) -> None:
        parts = urllib.parse.urlsplit(url if isinstance(url, str) else "")
        try:
            port = parts.port
        except ValueError:
            parts, port = urllib.parse.urlsplit(""), None
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SandboxError(
                f'"{url}" is not the address of a Zypi server',
                code="invalid_config",
                hint='Write it as "http://host:4000".',
            )
        self._open = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._hostname, self._port = parts.hostname, port
        self._path = parts.path.rstrip("/")
        self.host = parts.netloc.rpartition("@")[2]

    def send_when_free(self, path: str, body: Mapping[str, Any], timeout: float) -> Answer:
        """Post what takes a VM of its own, again after a while if there is none."""
        for delay in _FULL_POOL_DELAYS:
            answer = self.send("POST", path, body, timeout)
            if answer.status < 400 or "pool_exhausted" not in answer.text:
                return answer
            time.sleep(delay)
        return self.send("POST", path, body, timeout)

    def send(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, timeout: float = GRACE_SECONDS
    ) -> Answer:
        """Send a request; answers of all statuses are answers.

        Raises `SandboxError`: `unavailable`, `timeout`, `invalid_input` (the request is too large).
        """
        data = None if body is None else json.dumps(body).encode()
        if data is not None and len(data) > _MAX_REQUEST_BYTES:
            raise SandboxError(
                f"Cannot send {len(data)} bytes of files and stdin: Zypi reads {_MAX_REQUEST_BYTES} bytes per request",
                code="invalid_input",
                hint="Use `with Sandbox(...) as box:`, where files are sent in pieces.",
            )
        connection = self._open(self._hostname, self._port, timeout=timeout)
        try:
            return self._exchange(connection, method, path, data, time.monotonic() + timeout)
        except TimeoutError:
            raise SandboxError(
                f'Zypi at "{self.host}" did not answer within {timeout:g} s',
                code="timeout",
                hint="Check whether the server hangs; it answers on /health.",
            ) from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise SandboxError(
                f'Cannot reach Zypi at "{self.host}": {reason}',
                code="unavailable",
                hint="Start Zypi, or correct zypi_url.",
            ) from error
        finally:
            connection.close()

    def _exchange(
        self, connection: http.client.HTTPConnection, method: str, path: str, data: bytes | None, deadline: float
    ) -> Answer:
        headers = {"Accept": "application/json", "Connection": "close"}
        if data is not None:
            headers["Content-Type"] = "application/json"
        connection.connect()
        # Of a connection that is to be closed it does not tell any more.
        socket = connection.sock
        connection.request(method, f"{self._path}/{path}", data, headers)
        response = connection.getresponse()
        body = bytearray()
        while chunk := response.read1(_READ_BYTES):
            body += chunk
            if len(body) > _MAX_ANSWER_BYTES:
                raise SandboxError(f'"{self.host}" answered more than 256 MiB', code="output_too_large")
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            socket.settimeout(left)
        text = body.decode("utf-8", "replace")
        return Answer(self.host, response.status, text, _fields_of(text))


def _fields_of(text: str) -> Mapping[str, Any]:
    try:
        parsed = json.loads(text)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
