from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from flow_server import FlowServer
from text_server import serve_text

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


@pytest.fixture
def item_url() -> Iterator[str]:
    """A server that answers an item."""
    with serve_text('{"title": "An item"}') as url:
        yield f"{url}/item"


def run_script(folder: Path, script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a script as a user would."""
    file = folder / "script.py"
    file.write_text(script)
    return run_python(str(file), *arguments)


def run_python(*arguments: str, cwd: Path | None = None, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs `python` with arguments, in a folder."""
    command = [sys.executable, *arguments]
    return subprocess.run(command, input=stdin, cwd=cwd, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FlowServer]:
    """A server of its own, that wants no token."""
    running = FlowServer(tmp_path)
    try:
        yield running
    finally:
        running.stop()
