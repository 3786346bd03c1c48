"""Proxies between a client and its server, as `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` name them.

They mean what they do for `urllib.request`, on macOS and Windows with the system's settings besides. A server on this
machine is always asked directly, as by Go's programs: no proxy could reach it.
"""

from __future__ import annotations

import base64
import ipaddress
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import FlowEngineError

_DEFAULT_PORT = 80


@dataclass(frozen=True)
class Proxy:
    """Where it is, and what it wants to be told with each request."""

    host: str
    port: int
    headers: Mapping[str, str]

    @property
    def url(self) -> str:
        """Its address, without a password."""
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"


def find_proxy(parts: urllib.parse.SplitResult) -> Proxy | None:
    """Answer the proxy for a server, if there is one. Raises `FlowEngineError` for one that cannot be used."""
    host = parts.hostname or ""
    if _is_this_machine(host):
        return None
    # Most clients get along without it, and start faster.
    import urllib.request

    known = urllib.request.getproxies()
    named = known.get(parts.scheme) or known.get("all")
    if not named or urllib.request.proxy_bypass(parts.netloc):
        return None
    proxy = urllib.parse.urlsplit(named if "://" in named else f"http://{named}")
    try:
        port = proxy.port or _DEFAULT_PORT
    except ValueError:
        proxy, port = urllib.parse.urlsplit(""), 0
    if proxy.scheme != "http" or not proxy.hostname:
        shown = named.rpartition("@")[2]
        raise FlowEngineError(
            f'cannot use "{shown}" as a proxy: only those of the form http://host:port can be used',
            hint=f"Correct {parts.scheme.upper()}_PROXY, or name {host} in NO_PROXY.",
        )
    return Proxy(proxy.hostname, port, _headers_of(proxy))


def _headers_of(proxy: urllib.parse.SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    user, password = (urllib.parse.unquote(part or "") for part in (proxy.username, proxy.password))
    return {"Proxy-Authorization": f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode('ascii')}"}


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
