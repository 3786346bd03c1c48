from __future__ import annotations

import asyncio
import datetime
import os
import signal
import subprocess
import sys
import tempfile
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
    ExecutionFailedError,
    Flow,
    FlowBuilder,
    InvalidFlowError,
    flow,
    nodes,
)


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
