from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import tempfile
from pathlib import Path
from typing import Any

import pytest
from conftest import run_script
from placed_tasks import Point, describe, die_once, fail, make_large, measure_large, place, wait_there
from processes import read_pid
from services import Docker

from flowengine import Flow, InvalidFlowError, task

IN_CONTAINERS = """
import sys
from flowengine import Flow, task
from neighbour import NAME

@task(image=sys.argv[1], retry=1)
def where(value: int) -> list:
    import os
    return [value, NAME, sys.argv[2], os.path.exists("/bin/busybox"), os.path.exists("/usr/bin/perl")]

result = Flow("script").then(where).run(value=1)
print(result.raise_for_status().output)
"""


class _UnixConnection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.host)


def ask_docker(docker: Docker, method: str, path: str) -> Any:
    connection = _UnixConnection(docker.host.removeprefix("unix://"))
    connection.request(method, path, headers={"Host": "docker"})
    body = connection.getresponse().read()
    connection.close()
    return json.loads(body) if body else None


def containers(docker: Docker) -> list[str]:
    return [found["Id"] for found in ask_docker(docker, "GET", "/containers/json?all=1")]


def check_description(**where: Any) -> None:
    # The one folder of which no place shows what is on the machine, wherever the tests are.
    with tempfile.NamedTemporaryFile(dir="/tmp") as outside:
        flow = Flow("placed").then(place(describe, env={"FILE_OUTSIDE": outside.name}, **where))
        handle = flow.submit(point=Point(1, 2), suffix=b"\x00\xff")
        result = handle.wait(timeout=120).raise_for_status()
    assert result.output == {
        "sum": 3,
        "doubled": 42,
        "suffix": b"\x00\xff!",
        "secret": None,
        "sees_outside": False,
    }
    assert sorted(handle.logs()) == ["complained", "printed in there"]


@pytest.fixture(autouse=True)
def _secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWENGINE_TEST_SECRET", "not for others")


def test_a_function_runs_in_a_container_with_its_modules_and_nothing_else_of_this_machine(docker: Docker) -> None:
    check_description(image=docker.python)
    assert containers(docker) == []


def test_a_script_runs_its_functions_in_containers(docker: Docker, tmp_path: Path) -> None:
    (tmp_path / "neighbour.py").write_text("NAME = 'neighbour'\n")
    done = run_script(tmp_path, IN_CONTAINERS, docker.python, "argument")
    assert done.stdout == "[1, 'neighbour', 'argument', True, False]\n", done.stderr


def test_a_failure_in_a_container_has_a_traceback_with_files_of_this_machine(docker: Docker) -> None:
    result = Flow("failing").then(place(fail, image=docker.python)).run(point=Point(1, 2))
    error = result.error or {}
    assert error["code"] == "node_failed"
    assert "LookupError: nothing at" in error["message"]
    with pytest.raises(Exception, match="LookupError") as caught:
        result.raise_for_status()
    assert f'File "{Path(__file__).parent}/placed_tasks.py", line' in str(getattr(caught.value, "traceback", ""))


def test_a_container_is_gone_when_the_time_of_its_function_is_up(docker: Docker) -> None:
    result = Flow("slow").then(place(wait_there, image=docker.python, timeout=2)).run()
    assert (result.error or {})["code"] == "timeout"
    assert containers(docker) == []


def test_a_killed_container_is_a_failure_that_is_retried(docker: Docker) -> None:
    handle = Flow("killed").then(place(wait_there, image=docker.python, retry=1, retry_delay=0)).submit()
    said = handle.logs()
    for _ in range(2):
        assert next(said) == "waiting"
        ask_docker(docker, "POST", f"/containers/{containers(docker)[0]}/kill?signal=KILL")
    result = handle.wait(timeout=60)
    assert (result.error or {})["code"] == "killed_by_signal"
    retried = [event for event in handle.events() if event["type"] == "NodeRetrying"]
    assert [event["error"]["code"] for event in retried] == ["killed_by_signal"]
    assert containers(docker) == []


def test_an_image_without_python_is_a_clear_error(docker: Docker) -> None:
    result = Flow("bare").then(place(wait_there, image=docker.busybox, retry=3)).run()
    error = result.error or {}
    assert error["code"] == "program_not_found"
    assert f'there is no program "python3" in the image "{docker.busybox}"' in error["message"]


def test_a_function_runs_in_a_microvm(zypi_url: str) -> None:
    check_description(node_type="zypi.exec", image="python")


@pytest.mark.usefixtures("bubblewrap")
def test_a_function_runs_in_a_sandbox_of_this_machine() -> None:
    check_description(node_type="sandbox.exec")


def test_large_values_get_into_a_container(docker: Docker) -> None:
    flow = Flow("large")
    flow >> make_large >> place(measure_large, image=docker.python)
    result = flow.run(size=3_000_000)
    assert result.output == [3_000_000, "0"], result.error
    assert containers(docker) == []


def test_a_killed_worker_is_a_failure_that_is_retried(tmp_path: Path) -> None:
    handle = Flow("killed").then(die_once).submit(folder=str(tmp_path))
    pid = read_pid(tmp_path / "pid-1")
    os.kill(pid, signal.SIGKILL)
    result = handle.wait(timeout=60)
    assert result.output == "second attempt"
    retried = [event["error"] for event in handle.events() if event["type"] == "NodeRetrying"]
    assert [error["code"] for error in retried] == ["killed_by_signal"]
    assert read_pid(tmp_path / "pid-2") != pid


def test_what_is_no_place_for_a_function_is_refused() -> None:
    def nothing() -> None: ...

    refused: list[tuple[dict[str, Any], str]] = [
        ({"node_type": "shell.exec"}, "cannot run as that"),
        ({"node_type": "sandbox.exec", "image": "python:3"}, "there are no images"),
        ({"image": ""}, "no name of an image"),
        ({"env": {"PORT": 1}}, "have to be text"),
    ]
    for options, said in refused:
        with pytest.raises(InvalidFlowError, match=said):
            task(**options)(nothing)
