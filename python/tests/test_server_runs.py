from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from conftest import run_script
from event_memory import check_keeps_no_events
from flow_server import FlowServer
from processes import is_alive, read_pid, wait_until_gone
from sample_tasks import (
    double,
    echo,
    large,
    negate,
    numbers,
    sleep_long,
    start,
    tick,
    total,
)

from flowengine import Flow, FlowClient, InvalidFlowError, InvalidWorkflowError, UnavailableError, nodes

PROGRAM = """
from flowengine import Flow, task
import requests

@task(retry=3, timeout=30)
def fetch_data(url: str) -> dict:
    return requests.get(url).json()

@task()
def process(data: dict) -> dict:
    return {"summary": data["title"]}

flow = Flow("data-pipeline")
flow >> fetch_data >> process
result = flow.run(url="https://api.example.com/item")
print(result.success, result.outputs, result.output, result["process"])
result.raise_for_status()
"""

WAIT = """
import os, sys, time
from flowengine import Flow, task

@task
def wait(pid_file: str) -> None:
    open(pid_file, "w").write(str(os.getpid()))
    time.sleep(300)

Flow("wait").then(wait).run(pid_file=sys.argv[1])
"""


@pytest.fixture
def on_server(server: FlowServer, monkeypatch: pytest.MonkeyPatch) -> FlowServer:
    """A server on which all flows of the test run."""
    monkeypatch.setenv("FLOWENGINE_URL", server.url)
    return server


@pytest.fixture(params=["here", "on a server"])
def anywhere(request: pytest.FixtureRequest) -> None:
    """Runs a test twice: without a server, and with one."""
    if request.param == "on a server":
        request.getfixturevalue("on_server")


@pytest.mark.usefixtures("anywhere")
def test_a_program_with_requests_runs_as_written(tmp_path: Path, item_url: str) -> None:
    done = run_script(tmp_path, PROGRAM.replace("https://api.example.com/item", item_url))
    value = {"summary": "An item"}
    assert done.stdout == f"True { ({'fetch_data': {'title': 'An item'}, 'process': value}) } {value} {value}\n", (
        done.stderr
    )


@pytest.mark.usefixtures("anywhere")
def test_ctrl_c_cancels_the_flow_and_ends_the_script(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(WAIT)
    process = subprocess.Popen([sys.executable, str(script), str(tmp_path / "pid")], stderr=subprocess.PIPE, text=True)
    pid = read_pid(tmp_path / "pid")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in said
    # What shells show as 130.
    assert process.returncode == -signal.SIGINT
    assert not is_alive(pid)


@pytest.mark.usefixtures("anywhere")
def test_a_handle_follows_and_cancels_wherever_it_runs(tmp_path: Path) -> None:
    handle = Flow("handle").then([echo, sleep_long]).submit(value="hello", pid_file=str(tmp_path / "pid"))
    pid = read_pid(tmp_path / "pid")
    next(event for event in handle.events() if event["type"] == "NodeCompleted")
    with pytest.raises(TimeoutError):
        handle.wait(timeout=0.05)
    handle.cancel()
    handle.cancel()
    result = handle.wait(timeout=60)
    assert (result.status, result.outputs) == ("cancelled", {"echo": "hello"})
    assert next(iter(handle.logs())) == "echoing hello"
    events = list(handle.events())
    assert [event["seq"] for event in events] == list(range(1, len(events) + 1))
    assert [event["seq"] for event in handle.events(after=5)] == list(range(6, len(events) + 1))
    assert handle.execution_id == result.execution_id
    assert not is_alive(pid)
    handle.cancel()


@pytest.mark.usefixtures("anywhere")
def test_a_failure_is_told_in_the_same_way_wherever_it_happens() -> None:
    result = Flow("failure").then(double).run(value={"not": "a number"})
    error = result.error or {}
    assert (result.status, error["code"], error["node_id"]) == ("failed", "node_failed", "double")
    assert "in double" in error["details"]["traceback"]
    with pytest.raises(InvalidFlowError, match=r"shel\.exec"):
        Flow("wrong").then(nodes.node("shel.exec")).run()


@pytest.mark.usefixtures("on_server")
def test_values_of_all_nodes_come_from_a_server() -> None:
    made = Flow("diamond")
    made >> start >> [double, negate] >> total
    assert dict(made.run(number=5).outputs) == {"start": 5, "double": 10, "negate": -5, "total": 5}
    value = {"raw": b"\x00\xff", "type": "String", "value": "${{ 1 }}"}
    assert Flow("echo").then(echo).run(value=value).output == value
    assert len(Flow("large").then(large).run(size=40_000_000).output) == 40_000_000


@pytest.mark.usefixtures("on_server")
def test_a_thousand_items_are_mapped_on_a_server() -> None:
    with Flow("map") as made:
        total(double.map(numbers(1000)))
    assert made.run().output == 999_000


@pytest.mark.usefixtures("on_server")
def test_ten_flows_run_side_by_side_on_a_server() -> None:
    made = Flow("ten").then(start, double)

    async def run_all() -> list[int]:
        results = await asyncio.gather(*(made.run_async(number=number) for number in range(10)))
        return [result.output for result in results]

    assert asyncio.run(run_all()) == [2 * number for number in range(10)]


def test_cancelling_a_coroutine_cancels_its_execution_on_a_server(tmp_path: Path, on_server: FlowServer) -> None:
    async def cancel() -> None:
        running = asyncio.create_task(Flow("async").then(sleep_long).run_async(pid_file=str(tmp_path / "pid")))
        await asyncio.to_thread(read_pid, tmp_path / "pid")
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancel())
    assert [item.status for item in on_server.client().executions.list()] == ["cancelled"]
    assert not is_alive(read_pid(tmp_path / "pid"))


def test_a_run_goes_on_when_the_server_is_killed_and_started_again(on_server: FlowServer) -> None:
    with Flow("killed") as made:
        total(tick.map(list(range(20))))
    handle = made.submit()
    seen = []
    for event in handle.events():
        seen.append(event["seq"])
        if event["type"] == "NodeCompleted" and event.get("index") == 3:
            on_server.kill()
            on_server.start()
    assert seen == list(range(1, len(seen) + 1))
    assert handle.wait(60).output == sum(range(20))


def test_a_run_whose_server_stays_away_ends_with_an_error(tmp_path: Path, server: FlowServer) -> None:
    client = FlowClient(server.url, patience=0.3)
    handle = Flow("gone").then(sleep_long).submit(pid_file=str(tmp_path / "pid"), client=client)
    pid = read_pid(tmp_path / "pid")
    server.kill()
    with ThreadPoolExecutor(4) as threads:
        waiting = [threads.submit(handle.wait, 60) for _ in range(4)]
        errors = [waiter.exception(60) for waiter in waiting]
    assert [type(error) for error in errors] == [UnavailableError] * 4, "all who wait are told"
    assert "flow serve" in str(errors[0])
    server.start()
    handle.cancel()
    assert handle.wait(60).status == "cancelled"
    wait_until_gone(pid)


def test_progress_of_a_server_is_shown(on_server: FlowServer, capfd: pytest.CaptureFixture[str]) -> None:
    Flow("progress").then(echo).run(value="hello", progress=True)
    assert "▶ echo\n  echo | echoing hello\n✓ echo" in capfd.readouterr().err
    assert on_server.client().executions.list()[0].workflow_id == "progress"


def test_a_server_keeps_the_history_itself(on_server: FlowServer, tmp_path: Path) -> None:
    for options in ({"db": tmp_path / "other.db"}, {"store": False}):
        with pytest.raises(InvalidFlowError, match="FLOWENGINE_URL"):
            Flow("here").then(start).run(number=1, **options)
    assert on_server.client().executions.list() == []


def test_what_is_not_on_the_machine_of_the_server_is_told(server: FlowServer) -> None:
    made = Flow("lost").then(start)

    def error_with(**options: Any) -> dict[str, str]:
        client = FlowClient(server.url, **options)
        return made.run(number=1, client=client).error or {}

    module = error_with(server_path=["/no/such/folder"])
    assert module["code"] == "invalid_config"
    assert (
        f'cannot import "sample_tasks" on "{os.uname().nodename}": no "sample_tasks" in /no/such' in module["message"]
    )
    assert "server_path" in module["hint"]
    assert "@task(image=...)" in module["hint"]
    python = error_with(server_python="/no/such/python")
    assert (python["code"], "server_python" in python["hint"]) == ("program_not_found", True)


def test_a_module_that_needs_what_is_not_installed_says_so(tmp_path: Path) -> None:
    (tmp_path / "needy.py").write_text("import no_such_package\n")
    node = nodes.node(
        "python.task", {"module": "needy", "function": "f", "path": [str(tmp_path)], "python": sys.executable}
    )
    error = Flow("needy").then(node).run().error or {}
    assert 'it needs "no_such_package", which is not installed' in error["message"]
    assert sys.executable in error["hint"]
    assert "needy.py" in error["details"]["traceback"]


def test_a_script_is_found_where_it_was_deployed(tmp_path: Path, server: FlowServer) -> None:
    deployed = tmp_path / "deployed"
    deployed.mkdir()
    script = (
        "import os, sys\nfrom flowengine import Flow, FlowClient, task\n"
        "@task\ndef where() -> str:\n    return os.path.dirname(__file__)\n"
        f"client = FlowClient({server.url!r}, server_path=[sys.argv[1]], server_python={sys.executable!r})\n"
        "print(Flow('deployed').then(where).run(client=client).raise_for_status().output)\n"
    )
    (tmp_path / "script.py").write_text(script)
    shutil.copy(tmp_path / "script.py", deployed)
    done = run_script(tmp_path, script, str(deployed))
    assert done.stdout == f"{deployed}\n", done.stderr


def test_a_flow_is_saved_on_a_server_and_run_from_there(server: FlowServer) -> None:
    client = FlowClient(server.url, server_path=[str(Path(__file__).parent)], server_python=sys.executable)
    made = Flow("nightly").then(start, double)
    client.workflows.put("nightly", made)
    assert client.run("nightly", {"number": 4}).outputs == {"double": {"result": 8}}
    assert client.run(made, {"number": 5}).outputs == {"double": {"result": 10}}
    config = client.workflows.get("nightly").document["nodes"][0]["config"]
    assert config["path"] == [str(Path(__file__).parent)]


@pytest.mark.usefixtures("on_server")
def test_handles_of_a_server_keep_no_events() -> None:
    check_keeps_no_events()


def test_an_invalid_flow_is_one_error_here_and_on_a_server(on_server: FlowServer) -> None:
    with pytest.raises(InvalidWorkflowError) as caught:
        Flow("wrong").then(nodes.node("no.such")).submit()
    assert caught.value.issues[0]["code"]
    assert on_server.client().executions.list() == []
