from __future__ import annotations

import concurrent.futures
import importlib.metadata
import json
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.version import Version

import flowengine
from flowengine import errors

ROOT = Path(__file__).resolve().parents[2]


def test_the_version_is_the_engines() -> None:
    engine = json.loads((ROOT / "deno.json").read_text())["version"]
    assert flowengine.__version__ == engine
    # A preview such as 1.2.0-rc.1 has another form there.
    assert Version(importlib.metadata.version("flowengine")) == Version(engine)


def test_importing_it_loads_no_other_package() -> None:
    code = "import sys; import flowengine; print([m for m in sys.modules if 'site-packages' in str(sys.modules[m])])"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = [name for name in eval(done.stdout) if not name.startswith(("flowengine", "_", "distutils"))]
    assert loaded == []


def test_importing_it_leaves_alone_what_only_some_programs_need() -> None:
    code = "import sys; import flowengine; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert {"asyncio", "http.client", "ssl", "urllib.request", "flowengine.client"} & {*done.stdout.split()} == set()


def test_its_names_can_be_listed_and_are_there() -> None:
    assert set(flowengine.__all__) <= set(dir(flowengine))
    assert all(hasattr(flowengine, name) for name in flowengine.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        flowengine.no_such_name  # type: ignore[attr-defined]  # noqa: B018


@pytest.mark.parametrize(
    "error",
    [
        flowengine.FlowEngineError("message", code="invalid_input", hint="Do something."),
        flowengine.InvalidWorkflowError("message", status=422, request_id="1"),
        flowengine.ExecutionFailedError("message", {"code": "node_failed", "details": {"traceback": "..."}}, "id"),
        flowengine.SandboxError("message", server_message="said", status=500),
        flowengine.SandboxTimeoutError(["sleep", "9"], 1.5, b"out", b"err"),
        flowengine.SandboxCommandError(["false"], 1, "out", "err"),
    ],
)
def test_errors_come_out_of_other_processes_as_they_were(error: errors.FlowEngineError) -> None:
    with concurrent.futures.ProcessPoolExecutor(1) as processes:
        found = processes.submit(fail_with, pickle.dumps(error)).exception(60)
    assert type(found) is type(error)
    assert str(found) == str(error)
    known = {name: value for name, value in vars(found).items() if not name.startswith("__")}
    assert known == vars(error)


def fail_with(pickled: bytes) -> None:
    raise pickle.loads(pickled)
