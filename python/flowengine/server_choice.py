"""Which server flows run on, if on any."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .client import FlowClient


def client_from_environment() -> FlowClient | None:
    """Answer a client of the server that `FLOWENGINE_URL` names; None if there is none.

    `FLOWENGINE_TOKEN`, `FLOWENGINE_CA_FILE`, `FLOWENGINE_SERVER_PYTHON` and `FLOWENGINE_SERVER_PATH` (folders, with a
    `:` between them) are its arguments.
    """
    names = ("URL", "TOKEN", "CA_FILE", "SERVER_PYTHON", "SERVER_PATH")
    url, *others = (os.environ.get(f"FLOWENGINE_{name}") or None for name in names)
    return None if url is None else _client_for(url, *others)


@functools.lru_cache(maxsize=8)
def _client_for(
    url: str, token: str | None, ca_file: str | None, server_python: str | None, server_path: str | None
) -> FlowClient:
    # Most runs need none of it.
    from .client import FlowClient

    folders = None if server_path is None else server_path.split(":")
    return FlowClient(url, token, ca_file=ca_file, server_python=server_python, server_path=folders)
