"""Real services for tests: a Docker engine, a Zypi server. What a machine lacks is skipped, with the reason."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

_SERVE = Path(__file__).resolve().parents[2] / "tests" / "support" / "serve_for_python.ts"


@dataclass(frozen=True)
class Docker:
    """An engine, and its images: one with busybox, one with Python besides."""

    host: str
    busybox: str
    python: str


@contextlib.contextmanager
def _serve(name: str) -> Iterator[dict[str, str]]:
    deno = os.environ.get("DENO") or shutil.which("deno")
    if deno is None:
        pytest.skip("there is no deno, which runs the services of the tests")
    command = [deno, "run", "-A", "--no-check", str(_SERVE), name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            facts = json.loads((process.stdout and process.stdout.readline()) or "{}")
            if "obstacle" in facts:
                print(f"Tests with {name} are skipped: {facts['obstacle']}")
                pytest.skip(facts["obstacle"])
            yield facts
        finally:
            process.communicate(timeout=60)
    assert process.returncode == 0, f"{name} has left something, see its output"


@pytest.fixture(scope="session")
def _docker_engine() -> Iterator[Docker]:
    with _serve("docker") as facts:
        yield Docker(**facts)


@pytest.fixture
def docker(_docker_engine: Docker, monkeypatch: pytest.MonkeyPatch) -> Docker:
    """The engine that `flow` finds."""
    monkeypatch.setenv("DOCKER_HOST", _docker_engine.host)
    return _docker_engine


@pytest.fixture(scope="session")
def _zypi_server() -> Iterator[str]:
    with _serve("zypi") as facts:
        yield facts["url"]


@pytest.fixture
def zypi_url(_zypi_server: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A server with all the peculiarities of the real one, which `flow` finds."""
    monkeypatch.setenv("ZYPI_URL", _zypi_server)
    return _zypi_server


@pytest.fixture
def bubblewrap() -> None:
    """The program for sandboxes of this machine."""
    if shutil.which("bwrap") is None:
        pytest.skip("bubblewrap (bwrap) is not installed")
