"""Functions that are not in a file that workers could import."""

from __future__ import annotations

import importlib.util
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import run_python, run_script

from flowengine import Flow, FlowEngineError, InvalidFlowError, task
from flowengine.function_code import FunctionCode, load_function

SCRIPT = """
import dataclasses
from flowengine import Flow, task

offset = 1

@dataclasses.dataclass
class Point:
    x: int

def moved(x):
    return x + offset

def scaling(factor):
    @task
    def scale(value: int) -> Point:
        return Point(moved(value) * factor)
    return scale

@task
def double(point: Point) -> Point:
    return Point(2 * point.x)

flow = Flow("by value")
flow >> scaling(3) >> double >> task(lambda point: point["x"])
result = flow.run(value=2)
print(result.raise_for_status().output, result["double"], *result.outputs)
"""
EXPECTED = "18 Point(x=18) scale double lambda\n"


def test_closures_and_lambdas_of_a_script_run(tmp_path: Path) -> None:
    done = run_script(tmp_path, SCRIPT)
    assert done.stdout == EXPECTED, done.stderr


@pytest.mark.parametrize("arguments", [["-c", SCRIPT], ["-"]], ids=["python -c", "stdin"])
def test_code_without_a_file_runs(arguments: list[str], tmp_path: Path) -> None:
    done = run_python(*arguments, cwd=tmp_path, stdin=SCRIPT)
    assert done.stdout == EXPECTED, done.stderr


def test_functions_that_are_typed_into_an_interpreter_run(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "dumb", "PYTHON_BASIC_REPL": "1"}
    process = subprocess.Popen(
        [sys.executable, "-q"], stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path, env=environment
    )
    os.close(theirs)
    lines = "from flowengine import Flow, task\n@task\ndef twice(n: int) -> int:\n    return 2 * n\n\n"
    os.write(ours, f"{lines}print('answer', Flow('typed').then(twice).run(n=21).output)\nexit()\n".encode())
    said = b""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            said += os.read(ours, 4096)
        except OSError:
            break
    os.close(ours)
    process.wait(60)
    assert b"answer 42" in said, said.decode()


def test_without_cloudpickle_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
    with pytest.raises(InvalidFlowError, match=r"flowengine\[notebook\]"):
        Flow("lambda").then(task(lambda: 1))


def test_a_flow_that_is_saved_needs_functions_in_modules(tmp_path: Path) -> None:
    made = Flow("lambda").then(task(lambda: 1))
    with pytest.raises(InvalidFlowError, match='the function of "lambda" is not in a module'):
        made.save(tmp_path / "saved.json")
    assert not (tmp_path / "saved.json").exists()


def test_code_of_another_python_is_refused() -> None:
    code = FunctionCode(lambda: 1, "one").text()
    assert load_function(code)() == 1
    with pytest.raises(FlowEngineError, match=r"the code is of Python 2\.7, and this is 3"):
        load_function(f"2.7:{code.partition(':')[2]}")


def test_equal_functions_have_equal_code() -> None:
    def make(offset: int) -> Any:
        return lambda value: value + offset

    codes = [FunctionCode(make(offset), "add").text() for offset in (1, 1, 2)]
    assert (codes[0] == codes[1], codes[0] == codes[2]) == (True, False)
