from __future__ import annotations

import atexit
import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from flow_server import FlowServer

pytest_plugins = ["services"]

# What it keeps must not be left in the folder.
EXAMPLES = tempfile.mkdtemp(prefix="flowengine-hypothesis-")
atexit.register(shutil.rmtree, EXAMPLES, ignore_errors=True)
os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = EXAMPLES
hypothesis.settings.register_profile("flowengine", database=None, deadline=None)
hypothesis.settings.load_profile("flowengine")


@pytest.fixture(autouse=True)
def _database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps the history of the user out of it."""
    assert os.environ.get("FLOW_BIN"), "set FLOW_BIN to the command that runs flow"
    monkeypatch.setenv("FLOW_DB", str(tmp_path / "flow.db"))
    monkeypatch.delenv("FLOWENGINE_URL", raising=False)
    monkeypatch.setenv("FLOW_VALUES", str(tmp_path / "values"))


class _Item(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"title": "An item"}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def item_url() -> Iterator[str]:
    """A server that answers an item."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Item)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/item"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def run_script(folder: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a script as a user would."""
    file = folder / "script.py"
    file.write_text(script)
    command = [sys.executable, str(file), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FlowServer]:
    """A server of its own, that wants no token."""
    running = FlowServer(tmp_path)
    try:
        yield running
    finally:
        running.stop()
