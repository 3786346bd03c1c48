"""What can go wrong between a client and a server, as exceptions."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from email.message import Message
from typing import Any

from ..errors import (
    AccessError,
    ConflictError,
    FlowApiError,
    InvalidWorkflowError,
    NotFoundError,
    UnavailableError,
)
from .proxies import Proxy

_ADDRESS_HINT = "Check that the address is that of a flow server of this version."
_PROXY_HINT = "Check HTTP_PROXY or HTTPS_PROXY, or name the server in NO_PROXY."
_CODES = {401: "unauthenticated", 403: "forbidden", 404: "not_found", 409: "conflict", 413: "too_large"}
_KINDS: dict[int, type[FlowApiError]] = {
    401: AccessError,
    403: AccessError,
    404: NotFoundError,
    409: ConflictError,
    412: ConflictError,
    422: InvalidWorkflowError,
    429: UnavailableError,
    502: UnavailableError,
    503: UnavailableError,
    504: UnavailableError,
}


def answered_error(status: int, body: bytes, request: str, headers: Message) -> FlowApiError:
    """Answer the error that the server, or a proxy before it, has told."""
    said = _read_object(body)
    issues = said.get("issues")
    kind = InvalidWorkflowError if isinstance(issues, list) else _KINDS.get(status, FlowApiError)
    code, message, hint = said.get("code"), said.get("error", said.get("reason")), said.get("hint")
    if not isinstance(code, str) or not isinstance(message, str):
        message = message if isinstance(message, str) else f"the server answered {status} to {request}"
        code = _CODES.get(status, "invalid_argument" if status < 500 else "unavailable")
        hint = _ADDRESS_HINT
    hint = hint if isinstance(hint, str) else None
    error = kind(message, code=code, hint=hint, status=status, request_id=headers.get("X-Request-Id"))
    if isinstance(error, InvalidWorkflowError) and isinstance(issues, list):
        error.issues = issues
    # It may be a date as well, which our servers do not send.
    seconds = str(headers.get("Retry-After", ""))
    if isinstance(error, UnavailableError) and seconds.isdecimal():
        error.retry_after = float(seconds)
    return error


def _read_object(body: bytes) -> Mapping[str, Any]:
    try:
        said = json.loads(body)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def connection_error(url: str, error: Exception, *, was_sent: bool, proxy: Proxy | None = None) -> FlowApiError:
    """Answer the error about a server that could not be asked, or has not answered."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return FlowApiError(
            f'cannot trust "{url}": {error.verify_message}',
            code="unavailable",
            hint="Name the certificate authority's file: FlowClient(url, ca_file=...), or FLOWENGINE_CA_FILE.",
        )
    if isinstance(error, TimeoutError):
        made = UnavailableError(
            f'cannot get an answer from "{url}": it took too long',
            code="timeout",
            hint="Try again, or allow more time: FlowClient(url, timeout=...).",
        )
    else:
        by = "" if proxy is None else f' by the proxy "{proxy.url}"'
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        made = UnavailableError(
            f'cannot reach "{url}"{by}: {reason}',
            code="unavailable",
            hint='Check the address, and that "flow serve" runs there.' if proxy is None else _PROXY_HINT,
        )
    made.was_sent = was_sent
    return made


def unreadable_answer(url: str, what: str) -> FlowApiError:
    """Answer the error about an answer that no flow server gives."""
    return FlowApiError(f'cannot read the answer of "{url}": {what}', code="unavailable", hint=_ADDRESS_HINT)
