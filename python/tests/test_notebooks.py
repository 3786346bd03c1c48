"""With a real Jupyter kernel."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from jupyter_client.manager import KernelManager, start_new_kernel
from nbclient import NotebookClient
from processes import is_alive, read_pid

SETUP = """
import dataclasses, datetime, os, time
from flowengine import Flow, flow, task

factor = 3

@dataclasses.dataclass
class Reading:
    day: datetime.date
    value: int

def scaled(value):
    return value * factor
"""
TASKS = """
@task
def read(value: int) -> Reading:
    print("reading", value)
    return Reading(datetime.date(2026, 1, 1), scaled(value))

@task()
def next_day(reading: Reading) -> datetime.date:
    return reading.day + datetime.timedelta(days=reading.value)
"""


@pytest.fixture(autouse=True)
def _own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keeps the history of IPython and the files of kernels out of the user's."""
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))


def run_cells(folder: Path, *cells: str) -> list[Any]:
    """Runs a notebook and answers its cells, with their outputs."""
    v4: Any = nbformat.v4
    notebook = v4.new_notebook(cells=[v4.new_code_cell(cell) for cell in cells])
    client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(folder)}}, allow_errors=True)
    ran = client.execute()
    return list(ran.cells)


def text_of(cell: Any) -> str:
    """What a cell has printed, and its error."""
    return "".join(output.get("text", "") + "\n".join(output.get("traceback", [])) for output in cell.outputs)


def test_functions_of_cells_run_and_the_picture_changes_in_place(tmp_path: Path) -> None:
    run = "result = Flow('cells').then(read, next_day).run(value=2)\nprint(repr(result.output), result['read'])"
    cell = run_cells(tmp_path, SETUP, TASKS, run)[-1]
    assert "datetime.date(2026, 1, 7) Reading(day=datetime.date(2026, 1, 1), value=6)" in text_of(cell)
    pictures = [output for output in cell.outputs if output.output_type == "display_data"]
    assert len(pictures) == 1, "there is one picture, which has been updated"
    assert "succeeded" in pictures[0].data["text/plain"]
    assert pictures[0].data["text/html"].count("✓") == 2
    assert "read | reading 2" in pictures[0].data["text/html"]


def test_the_latest_definitions_count_and_errors_show_the_lines_of_cells(tmp_path: Path) -> None:
    fails = "@task\ndef fails(value: int) -> int:\n    return undefined + value\n"
    cells = run_cells(
        tmp_path,
        SETUP,
        TASKS + "made = Flow('later').then(read)",
        "factor = 10",
        "print(made.run(value=2).output.value)",
        fails,
        "print(Flow('fails').then(fails).run(value=1).error['details']['traceback'])",
        "made.save('flow.json')",
    )
    assert text_of(cells[3]) == "20\n"
    assert re.search(r'File "<typed in \w+>", line 3, in fails\n    return undefined \+ value', text_of(cells[5]))
    assert "cannot be saved" in text_of(cells[6])


def test_what_cannot_be_pickled_is_named(tmp_path: Path) -> None:
    locked = "import threading\nlock = threading.Lock()\n@task\ndef use(value: int) -> bool:\n    return lock.locked()"
    large = "big = os.urandom(6_000_000)\n@task\ndef weigh(value: int) -> int:\n    return len(big)"
    run = "Flow('x').then({}).run(value=1)"
    cells = run_cells(tmp_path, SETUP, locked, run.format("use"), large, run.format("weigh"))
    assert '"use" cannot be a task: it uses "lock", which cannot be passed to a worker' in text_of(cells[2])
    assert "it has 5.7 MiB, and the limit is 4 MiB" in text_of(cells[4])


def test_cached_results_are_used_again_after_a_restart_of_the_kernel(tmp_path: Path) -> None:
    cached = "@task(cache_ttl=60)\ndef pid(value: int) -> int:\n    return scaled(value) * 0 + os.getpid()"
    run = "print(Flow('cache').then(pid).run(value=1).output)"
    seen = {text_of(run_cells(tmp_path, SETUP, cached, run)[-1]) for _ in range(2)}
    assert len(seen) == 1
    changed = cached.replace("* 0", "* 0 + 0")
    assert text_of(run_cells(tmp_path, SETUP, changed, run)[-1]) not in seen
    assert text_of(run_cells(tmp_path, SETUP + "factor = 4\n", cached, run)[-1]) not in seen


def test_mapped_flow_functions_and_event_loops_work(tmp_path: Path) -> None:
    mapped = "@flow\ndef all_days(count: int = 3):\n    read.map([1, 2, 3])\nprint(len(all_days().output))"
    awaited = "result = await Flow('awaited').then(read).run_async(value=1)\nprint(result.output.value)"
    cells = run_cells(tmp_path, SETUP, TASKS, mapped, awaited)
    assert (text_of(cells[2]), text_of(cells[3])) == ("3\n", "3\n")


@pytest.fixture
def kernel(tmp_path: Path) -> Iterator[tuple[KernelManager, Any]]:
    manager, client = start_new_kernel(cwd=str(tmp_path))
    try:
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


@pytest.mark.parametrize(
    "run", ["made.run(pid_file='pid')", "await made.run_async(pid_file='pid')"], ids=["run", "run_async"]
)
def test_interrupting_the_kernel_cancels_the_flow(kernel: tuple[KernelManager, Any], tmp_path: Path, run: str) -> None:
    manager, client = kernel
    wait = (
        "@task\ndef wait(pid_file: str) -> None:\n    open(pid_file, 'w').write(str(os.getpid()))\n    time.sleep(300)"
    )
    client.execute_interactive(f"{SETUP}\n{wait}\nmade = Flow('wait').then(wait)", timeout=60)
    sent = client.execute(run)
    pid = read_pid(tmp_path / "pid")
    manager.interrupt_kernel()
    while (reply := client.get_shell_msg(timeout=60))["parent_header"]["msg_id"] != sent:
        pass
    assert reply["content"]["ename"] in {"KeyboardInterrupt", "CancelledError"}
    assert not is_alive(pid)
    client.execute_interactive("1 + 1", timeout=60)
