from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import run_script
from event_memory import check_keeps_no_events
from processes import is_alive, read_pid, wait_until_gone
from sample_tasks import double, sleep_long, start

from flowengine import ExecutionFailedError, Flow

SUBMITTED = "submit(pid_file=sys.argv[1]).wait()"


def test_ten_flows_run_side_by_side_and_leave_the_event_loop_free() -> None:
    made = Flow("ten").then(start, double)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    async def run_all() -> list[int]:
        ticking = asyncio.create_task(tick())
        results = await asyncio.gather(*(made.run_async(number=number) for number in range(10)))
        ticking.cancel()
        return [result.output for result in results]

    assert asyncio.run(run_all()) == [2 * number for number in range(10)]
    assert ticks > 10


def test_cancelling_while_a_flow_is_being_started_leaves_nothing_running(tmp_path: Path) -> None:
    made = Flow("early").then(sleep_long)

    async def cancel_early() -> None:
        running = asyncio.create_task(made.run_async(pid_file=str(tmp_path / "pid")))
        await asyncio.sleep(0)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(cancel_early())
    file = tmp_path / "pid"
    assert not file.exists() or not is_alive(read_pid(file))


@pytest.mark.parametrize(
    ("use", "how"),
    [("run(pid_file=sys.argv[1])", "SIGTERM"), ("run(pid_file=sys.argv[1])", "SIGKILL"), (SUBMITTED, "SIGINT")],
)
def test_however_a_script_ends_its_flow_ends_too(tmp_path: Path, use: str, how: str) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import os, sys, time\nfrom flowengine import Flow, task\n@task\ndef wait(pid_file: str) -> None:\n"
        "    open(pid_file, 'w').write(str(os.getpid()))\n    time.sleep(300)\n"
        f"Flow('wait').then(wait).{use}\n"
    )
    process = subprocess.Popen([sys.executable, str(script), str(tmp_path / "pid")], stderr=subprocess.DEVNULL)
    pid = read_pid(tmp_path / "pid")
    process.send_signal(signal.Signals[how])
    process.wait(60)
    wait_until_gone(pid)


def test_cancelling_twice_is_cancelling_once(tmp_path: Path) -> None:
    handle = Flow("twice").then(sleep_long).submit(pid_file=str(tmp_path / "pid"))
    read_pid(tmp_path / "pid")
    handle.cancel()
    handle.cancel()
    assert handle.wait(60).status == "cancelled"
    handle.cancel()


@pytest.mark.skipif(sys.platform == "win32", reason="there is no alarm")
def test_what_a_signal_handler_raises_ends_the_flow_too(tmp_path: Path) -> None:
    script = (
        "import os, signal, sys, threading, time\nfrom flowengine import Flow, task\n"
        "@task\ndef wait(file: str) -> None:\n    open(file, 'w').write(str(os.getpid()))\n    time.sleep(300)\n"
        "def ring(*_):\n    raise TimeoutError('too late')\n"
        "def wait_and_ring():\n    while not os.path.exists(sys.argv[1]):\n        time.sleep(0.02)\n"
        "    os.kill(os.getpid(), signal.SIGALRM)\n"
        "if __name__ == '__main__':\n"
        "    signal.signal(signal.SIGALRM, ring)\n    threading.Thread(target=wait_and_ring, daemon=True).start()\n"
        "    try:\n        Flow('late').then(wait).run(file=sys.argv[1])\n"
        "    except TimeoutError as error:\n"
        "        try:\n            print(os.waitpid(-1, os.WNOHANG))\n"
        "        except ChildProcessError:\n            print(error)\n"
    )
    done = run_script(tmp_path, script, str(tmp_path / "pid"))
    assert done.stdout == "too late\n", done.stderr
    assert not is_alive(read_pid(tmp_path / "pid"))


def test_what_is_cancelled_before_it_begins_is_cancelled() -> None:
    handle = Flow("early").then(sleep_long).submit(pid_file="never")
    handle.cancel()
    result = handle.wait(60)
    assert (result.status, result.success) == ("cancelled", False)
    with pytest.raises(ExecutionFailedError, match="cancelled"):
        result.raise_for_status()


@pytest.mark.parametrize(
    ("use", "said"),
    [
        ("print(flow.run(number=1).output)", "2\n"),
        ("handle = flow.submit(number=1)\nprint(len(list(handle.events())) > 0)", "True\n"),
        ("flow.submit(number=1)", ""),
        ("import atexit\natexit.register(lambda: print(flow.run(number=2).output))\nflow.run(number=1)", "4\n"),
    ],
)
def test_a_script_leaves_no_file_open_and_none_behind(tmp_path: Path, use: str, said: str) -> None:
    script = (
        "from flowengine import Flow, task\n@task\ndef double(number: int) -> int:\n    return 2 * number\n"
        f"flow = Flow('tidy').then(double)\n{use}\n"
    )
    (tmp_path / "script.py").write_text(script)
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    command = [sys.executable, "-X", "dev", "-W", "always::ResourceWarning", str(tmp_path / "script.py")]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=120, env={**os.environ, "TMPDIR": str(temporary)}
    )
    assert (done.stdout, done.stderr) == (said, "")
    assert list(temporary.glob("flowengine-*")) == []


def test_events_take_no_memory_and_late_readers_get_all() -> None:
    handle = check_keeps_no_events()
    events = handle.events()
    assert [event["seq"] for event in events][-1] > 10_000


def test_a_flow_that_cannot_be_started_says_so_to_those_who_wait(tmp_path: Path) -> None:
    done = run_script(
        tmp_path,
        "import asyncio\nfrom flowengine import Flow, InvalidFlowError, nodes\n"
        "wrong = Flow('wrong').then(nodes.node('no.such'))\n"
        "for start in (wrong.run, lambda: wrong.submit().wait(), lambda: asyncio.run(wrong.run_async())):\n"
        "    try:\n        start()\n    except InvalidFlowError as error:\n        print('no.such' in str(error))\n",
    )
    assert done.stdout == "True\nTrue\nTrue\n", done.stderr


@pytest.mark.usefixtures("bubblewrap")
def test_ctrl_c_ends_a_command_of_a_sandbox_also_if_the_program_goes_on(tmp_path: Path) -> None:
    script = (
        "import os, threading, _thread\nfrom flowengine import Sandbox\n"
        "threading.Timer(1, _thread.interrupt_main).start()\n"
        "try:\n    Sandbox(backend='local').exec(['sleep', '300'])\n"
        "except KeyboardInterrupt:\n"
        "    try:\n        print(os.waitpid(-1, os.WNOHANG))\n    except ChildProcessError:\n        print('ended')\n"
    )
    done = run_script(tmp_path, script)
    assert done.stdout == "ended\n", done.stderr
