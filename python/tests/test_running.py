from __future__ import annotations

import asyncio
import datetime
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from pathlib import Path

import pytest
from conftest import run_script
from processes import is_alive, read_pid
from sample_tasks import (
    add,
    double,
    echo,
    flaky,
    later,
    negate,
    nothing,
    numbers,
    remember,
    sleep_long,
    start,
    tomorrow,
    too_slow,
    total,
)

from flowengine import (
    EngineNotFoundError,
    ExecutionFailedError,
    Flow,
    FlowBuilder,
    FlowEngineError,
    InvalidFlowError,
    flow,
    nodes,
)
from flowengine.program import find_program

PIPELINE = """
from flowengine import Flow, task
import sys, urllib.request, json

@task(retry=3, timeout=30)
def fetch_data(url: str) -> dict:
    return json.load(urllib.request.urlopen(url))

@task()
def process(data: dict) -> dict:
    return {"summary": data["title"]}

flow = Flow("data-pipeline")
flow >> fetch_data >> process
result = flow.run(url=sys.argv[1])
print(json.dumps([result.success, result.output, result["process"], result.outputs["fetch_data"]]))
result.raise_for_status()
"""


def test_a_script_runs_its_flow_at_its_top_level(tmp_path: Path, item_url: str) -> None:
    done = run_script(tmp_path, PIPELINE, item_url)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [True, {"summary": "An item"}, {"summary": "An item"}, {"title": "An item"}]


def test_a_task_runs_a_flow_of_its_own(tmp_path: Path) -> None:
    script = (
        "from flowengine import Flow, task\n@task\ndef double(value: int) -> int:\n    return 2 * value\n"
        "@task\ndef outer(value: int) -> int:\n    return Flow('inner').then(double).run(value=value).output + 1\n"
        "print(Flow('outer').then(outer).run(value=20).raise_for_status().output)\n"
    )
    done = run_script(tmp_path, script)
    assert done.stdout == "41\n", done.stderr


def test_a_package_runs_with_relative_imports(tmp_path: Path) -> None:
    package = tmp_path / "project"
    package.mkdir()
    (package / "__init__.py").write_text("")
    (package / "parts.py").write_text("WORD = 'relative'\n")
    (package / "main.py").write_text(
        "from flowengine import Flow, task\nfrom .parts import WORD\n"
        "@task\ndef word() -> str:\n    return WORD\n"
        "if __name__ == '__main__':\n    print(Flow('package').then(word).run().output)\n"
    )
    command = [sys.executable, "-m", "project.main"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "relative\n", done.stderr


def test_a_script_may_have_more_arguments_than_a_variable_can_hold(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom flowengine import Flow, task\nnames = sys.argv[1:]\n"
        "@task\ndef count() -> int:\n    return len(names)\n"
        "print(Flow('arguments').then(count).run().raise_for_status().output)\n"
    )
    done = run_script(tmp_path, script, *(f"data/measurements-of-day-{number}.csv" for number in range(8000)))
    assert done.stdout == "8000\n", done.stderr


SCRIPT = (
    "from flowengine import Flow, task\n@task\ndef double(value: int) -> int:\n    return 2 * value\n"
    "print(Flow('started').then(double).run(value=21).raise_for_status().output)\n"
)


@pytest.mark.parametrize(
    ("file", "arguments"),
    [
        ("job", ["job"]),
        ("job v1.txt", ["job v1.txt"]),
        ("job/__main__.py", ["job"]),
        ("job.py", ["-m", "cProfile", "-o", os.devnull, "job.py"]),
        ("job.py", ["-c", "import runpy; runpy.run_path('job.py')"]),
        ("job.py", ["-c", "import runpy; runpy.run_path('job.py', run_name='__main__')"]),
    ],
)
def test_a_script_may_be_called_and_started_as_one_likes(tmp_path: Path, file: str, arguments: list[str]) -> None:
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_text(SCRIPT)
    command = [sys.executable, *arguments]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "42\n", done.stderr


@pytest.mark.parametrize(
    "run",
    [
        "results = []\nthread = threading.Thread(target=lambda: results.append(flow.run(value=21)))\n"
        "thread.start()\nthread.join()\nprint(results[0].output)\n",
        "threading.Timer(0.01, lambda: print(flow.run(value=21).output)).start()\n",
        "with ThreadPoolExecutor() as pool:\n    print(pool.submit(flow.run, value=21).result().output)\n",
        "async def main():\n    both = [flow.run_async(value=value) for value in (20, 1)]\n"
        "    print(sum([result.output for result in await asyncio.gather(*both)]))\nasyncio.run(main())\n",
    ],
)
def test_a_script_may_run_its_flow_in_threads_and_event_loops_of_its_top_level(tmp_path: Path, run: str) -> None:
    script = (
        "from flowengine import Flow, task\nimport asyncio, gc, threading\n"
        "from concurrent.futures import ThreadPoolExecutor\n"
        "@task\ndef double(value: int) -> int:\n    gc.collect()\n    return 2 * value\n"
        f"flow = Flow('in-thread').then(double)\n{run}"
    )
    done = run_script(tmp_path, script)
    assert (done.stdout, done.stderr) == ("42\n", "")
    command = [*find_program(), "executions"]
    listed = subprocess.run([*command, "list", "--json"], capture_output=True, text=True, timeout=60, check=True)
    executions = json.loads(listed.stdout)
    assert len(executions) == 1 + run.count("(20, 1)")
    for execution in executions:
        logs = [*command, "logs", execution["execution_id"]]
        shown = subprocess.run(logs, capture_output=True, text=True, timeout=60, check=True)
        assert shown.stdout.strip() == ""


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_processes_that_a_script_starts_run_its_flow(tmp_path: Path, method: str) -> None:
    script = (
        "from flowengine import Flow, task\nimport multiprocessing\n"
        "@task\ndef double(value: int) -> int:\n    return 2 * value\n"
        "def run(value):\n    return Flow('started').then(double).run(value=value).raise_for_status().output\n"
        "if __name__ == '__main__':\n"
        f"    with multiprocessing.get_context({method!r}).Pool(2) as processes:\n"
        "        print(processes.map(run, [1, 2]))\n"
    )
    done = run_script(tmp_path, script)
    assert done.stdout == "[2, 4]\n", done.stderr


def test_a_program_that_ends_at_once_is_an_error_and_no_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOW_BIN", "/bin/true")
    start_thread = threading.Thread.start

    def start_and_let_it_run(thread: threading.Thread) -> None:
        start_thread(thread)
        time.sleep(0.1)

    monkeypatch.setattr(threading.Thread, "start", start_and_let_it_run)
    with pytest.raises(FlowEngineError, match=r'"/bin/true" ended with status 0 .*\n.*FLOW_BIN'):
        Flow("ended").then(start).submit(number=1).wait(10)


def test_a_script_in_an_archive_imports_from_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as archive:
        archive.writestr("factors.py", "FACTOR = 2\n")
        archive.writestr("__main__.py", f"import factors\n{SCRIPT.replace('2 *', 'factors.FACTOR *')}")
    command = [sys.executable, "app.zip"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == "42\n", done.stderr


def test_a_script_that_starts_itself_by_another_program_does_not_do_so_without_end(tmp_path: Path) -> None:
    script = (
        "from flowengine import Flow, task\nimport os, shlex, subprocess\n"
        "@task\ndef one() -> int:\n    return 1\n"
        "saved = Flow('itself').then(one).save('flow.json')\n"
        "subprocess.run([*shlex.split(os.environ['FLOW_BIN']), 'run', str(saved)])\n"
    )
    (tmp_path / "script.py").write_text(script)
    command = [sys.executable, "script.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert '"result": 1' in done.stdout
    assert 'script.py" starts itself' in done.stderr
    assert "__main__" in done.stderr


def test_a_run_leaves_no_file_open(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(SCRIPT)
    command = [sys.executable, "-W", "error", "script.py"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert (done.stdout, done.stderr) == ("42\n", "")


def test_files_where_a_script_is_started_do_not_stand_in_for_modules(tmp_path: Path) -> None:
    started_in = tmp_path / "started in"
    started_in.mkdir()
    for module in ("json", "queue", "flowengine"):
        (started_in / f"{module}.py").write_text("raise SystemExit('the wrong module')\n")
    (tmp_path / "script.py").write_text(
        "from flowengine import Flow, task\nimport os\n@task\ndef where() -> str:\n    return os.getcwd()\n"
        "print(Flow('where').then(where).run().raise_for_status().output)\n"
    )
    command = [sys.executable, str(tmp_path / "script.py")]
    done = subprocess.run(command, cwd=started_in, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout == f"{started_in}\n", done.stderr


def test_a_diamond_joins_both_ways() -> None:
    made = Flow("diamond")
    made >> start >> [double, negate] >> total >> later
    result = made.run(number=5)
    assert result.output == 6
    assert dict(result.outputs) == {"start": 5, "double": 10, "negate": -5, "total": 5, "later": 6}
    assert len(result.execution_id) == 36


def test_a_thousand_items_are_mapped() -> None:
    with Flow("map") as made:
        total(double.map(numbers(1000)))
    assert made.run().output == 999_000


def test_a_module_that_loads_slowly_is_no_reason_for_more_workers(tmp_path: Path) -> None:
    script = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r})\nfrom flowengine import Flow\n"
        "from slow_tasks import same\nwith Flow('slow') as made:\n    same.map(list(range(40)))\n"
        "print(sum(event['type'] == 'NodeResource' for event in made.submit().events()))\n"
    )
    done = run_script(tmp_path, script)
    cores = os.cpu_count() or 1
    assert 1 <= int(done.stdout) <= max(4, cores), done.stderr


def test_a_chain_maps_over_what_comes_before() -> None:
    made = Flow("chain map")
    made >> numbers >> double.map() >> total
    assert made.run(count=4).output == 12


def test_calls_of_an_execution_share_a_worker() -> None:
    made = Flow("warm")
    with made:
        stages = [nothing.new_node() for _ in range(60)]
    made.then(*stages)
    events = list(made.submit().events())
    durations = sorted(event["duration_ms"] for event in events if event["type"] == "NodeCompleted")
    print(f"a call takes {durations[30]} ms (median)")
    assert len(durations) == 60
    assert sum(event["type"] == "NodeResource" for event in events) == 1


def test_values_of_flows_that_were_built_by_names_have_their_types() -> None:
    built = FlowBuilder("built").add("first", tomorrow, day=datetime.date(2026, 1, 1)).add("then", tomorrow)
    result = built.connect("first", "then").build().run()
    assert result.outputs == {"first": datetime.date(2026, 1, 2), "then": datetime.date(2026, 1, 3)}


def test_a_flow_function_runs_when_it_is_called() -> None:
    @flow
    def pipeline(number: int, factor: int = 3) -> None:
        add(start(number), double(factor))

    assert pipeline(4).output == 10
    assert pipeline(4, factor=1).output == 6


def test_a_flow_says_how_it_runs_as_a_whole(tmp_path: Path) -> None:
    @flow(timeout=1, max_parallel=1)
    def limited(pid_file: str) -> None:
        """Take too long."""
        sleep_long(pid_file)

    settings = {"max_parallel_nodes": 1, "max_execution_time_ms": 1000}
    assert (limited.to_document()["settings"], limited.description) == (settings, "Take too long.")
    error = limited.run(pid_file=str(tmp_path / "pid")).error or {}
    assert error["code"] == "timeout"
    going_on = Flow("going on", on_error="ContinueOnError").then([start, negate])
    result = going_on.run(number="1", value={})
    assert (result.status, dict(result.outputs)) == ("failed", {"start": "1"})


def test_builtin_nodes_and_tasks_share_values() -> None:
    made = Flow("mixed")
    made >> nodes.shell("echo '{\"n\": 1}'") >> echo >> nodes.shell("cat", id="cat")
    result = made.run()
    assert result["echo"] == {"n": 1}
    assert result["cat"]["output"] == {"n": 1}


def test_a_failed_call_is_retried() -> None:
    assert Flow("flaky").then(flaky).run(folder="").output == "attempt 3"


def test_a_failure_comes_with_its_traceback(tmp_path: Path) -> None:
    result = Flow("failure").then(double).run(value={"not": "a number"})
    assert (result.success, result.status) == (False, "failed")
    with pytest.raises(ExecutionFailedError, match="TypeError") as caught:
        result.raise_for_status()
    assert "in double" in str(caught.value.traceback)
    with pytest.raises(KeyError, match='"double" has no value'):
        result["double"]


def test_a_timeout_kills_the_call(tmp_path: Path) -> None:
    result = Flow("slow").then(too_slow).run(pid_file=str(tmp_path / "pid"))
    assert (result.error or {})["code"] == "timeout"
    assert not is_alive(read_pid(tmp_path / "pid"))


def test_a_cached_result_is_used_again() -> None:
    made = Flow("cache").then(remember)
    assert made.run(value=1).output == made.run(value=1).output


def test_bytes_arrive_as_bytes() -> None:
    assert Flow("bytes").then(echo).run(value={"raw": b"\x00\xff", "type": "x"}).output == {
        "raw": b"\x00\xff",
        "type": "x",
    }


def test_a_saved_flow_runs_with_the_command_line(tmp_path: Path) -> None:
    saved = Flow("saved").then(start, double).save(tmp_path / "saved.json")
    command = f"{os.environ['FLOW_BIN']} run {saved} --set number=21 --no-store"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120, check=False)
    assert "42" in done.stdout, done.stderr


def test_the_engine_checks_and_draws_flows() -> None:
    made = Flow("checked").then(start, double)
    made.validate()
    assert "double" in made.visualize("mermaid")
    with pytest.raises(InvalidFlowError, match=r"shel\.exec"):
        Flow("wrong").then(nodes.node("shel.exec")).validate()
    with pytest.raises(InvalidFlowError, match=r"shel\.exec"):
        Flow("wrong").then(nodes.node("shel.exec")).run()


def test_a_handle_follows_and_cancels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    handle = Flow("handle").then([echo, sleep_long]).submit(value="hello", pid_file=str(tmp_path / "pid"))
    pid = read_pid(tmp_path / "pid")
    assert list(tmp_path.glob("flowengine-*")) == []
    with pytest.raises(TimeoutError):
        handle.wait(timeout=0.05)
    assert next(iter(handle.logs())) == "echoing hello"
    handle.cancel()
    result = handle.wait(timeout=60)
    assert result.status == "cancelled"
    assert [event["seq"] for event in handle.events()] == list(range(1, len(list(handle.events())) + 1))
    assert handle.execution_id == result.execution_id
    assert not is_alive(pid)


def test_flows_run_side_by_side_in_an_event_loop() -> None:
    async def both() -> list[int]:
        made = Flow("async").then(start, double)
        results = await asyncio.gather(made.run_async(number=1), made.run_async(number=2))
        return [result.output for result in results]

    assert asyncio.run(both()) == [2, 4]


def test_cancelling_a_coroutine_cancels_its_execution(tmp_path: Path) -> None:
    async def cancel() -> None:
        running = asyncio.create_task(Flow("async").then(sleep_long).run_async(pid_file=str(tmp_path / "pid")))
        await asyncio.to_thread(read_pid, tmp_path / "pid")
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancel())
    assert not is_alive(read_pid(tmp_path / "pid"))


def test_ctrl_c_cancels_the_flow(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import os, sys, time\nfrom flowengine import Flow, task\n@task\ndef wait(pid_file: str) -> None:\n"
        "    open(pid_file, 'w').write(str(os.getpid()))\n    time.sleep(300)\n"
        "Flow('wait').then(wait).run(pid_file=sys.argv[1])\n"
    )
    process = subprocess.Popen([sys.executable, str(script), str(tmp_path / "pid")], stderr=subprocess.PIPE, text=True)
    pid = read_pid(tmp_path / "pid")
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert "KeyboardInterrupt" in said
    assert not is_alive(pid)


def test_progress_shows_what_happens(capfd: pytest.CaptureFixture[str]) -> None:
    Flow("progress").then(echo).run(value="hello", progress=True)
    said = capfd.readouterr().err
    assert "▶ echo\n  echo | echoing hello\n✓ echo" in said


def test_a_missing_engine_is_a_clear_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    made = Flow("lost").then(nothing)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("FLOW_BIN", "/no/such/flow")
    with pytest.raises(EngineNotFoundError, match="which FLOW_BIN names"):
        made.run()
    monkeypatch.delenv("FLOW_BIN")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(EngineNotFoundError, match="FLOW_BIN"):
        made.run()
    broken = tmp_path / "broken"
    broken.write_bytes(b"\x7fELF, but not really")
    broken.chmod(0o755)
    monkeypatch.setenv("FLOW_BIN", str(broken))
    for use in (made.run, made.validate):
        with pytest.raises(EngineNotFoundError, match=f'cannot run "{broken}"'):
            use()
    assert list(tmp_path.glob("flowengine-*")) == []


def test_output_that_is_no_event_does_not_stop_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOW_BIN", "sh -c 'cat >&2; echo no event; exit 70'")
    with pytest.raises(FlowEngineError, match="no event"):
        Flow("broken").then(nothing).run()


def test_what_ends_too_early_is_interrupted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "flow"
    fake.write_text('#!/bin/sh\ncat >/dev/null\necho \'{"type":"WorkflowStarted","execution_id":"1"}\'\nkill -9 $$\n')
    fake.chmod(0o755)
    monkeypatch.setenv("FLOW_BIN", str(fake))
    result = Flow("broken").then(nothing).run()
    assert (result.status, result.success) == ("interrupted", False)


def test_events_that_nobody_can_read_end_the_program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    fake = tmp_path / "flow"
    events = [{"type": "WorkflowStarted", "execution_id": "1"}, {"type": "NodeCompleted", "execution_id": "1"}]
    said = "".join(f"echo '{json.dumps(event)}'\n" for event in events)
    fake.write_text(f"#!/bin/sh\ncat >/dev/null\n{said}exec sleep 300\n")
    fake.chmod(0o755)
    monkeypatch.setenv("FLOW_BIN", str(fake))
    result = Flow("broken").then(nothing).submit().wait(60)
    assert result.status == "interrupted"
    assert "cannot read its events: KeyError" in (result.error or {})["message"]
