from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import zipfile
from pathlib import Path

import pytest
from conftest import run_python, run_script

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
    done = run_python("-m", "project.main", cwd=tmp_path)
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
    done = run_python(*arguments, cwd=tmp_path)
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


def test_a_script_in_an_archive_imports_from_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as archive:
        archive.writestr("factors.py", "FACTOR = 2\n")
        archive.writestr("__main__.py", f"import factors\n{SCRIPT.replace('2 *', 'factors.FACTOR *')}")
    done = run_python("app.zip", cwd=tmp_path)
    assert done.stdout == "42\n", done.stderr


def test_a_script_that_starts_itself_by_another_program_does_not_do_so_without_end(tmp_path: Path) -> None:
    script = (
        "from flowengine import Flow, task\nimport os, shlex, subprocess\n"
        "@task\ndef one() -> int:\n    return 1\n"
        "saved = Flow('itself').then(one).save('flow.json')\n"
        "subprocess.run([*shlex.split(os.environ['FLOW_BIN']), 'run', str(saved)])\n"
    )
    (tmp_path / "script.py").write_text(script)
    done = run_python("script.py", cwd=tmp_path)
    assert '"result": 1' in done.stdout
    assert 'script.py" starts itself' in done.stderr
    assert "__main__" in done.stderr


def test_files_where_a_script_is_started_do_not_stand_in_for_modules(tmp_path: Path) -> None:
    started_in = tmp_path / "started in"
    started_in.mkdir()
    for module in ("json", "queue", "flowengine"):
        (started_in / f"{module}.py").write_text("raise SystemExit('the wrong module')\n")
    (tmp_path / "script.py").write_text(
        "from flowengine import Flow, task\nimport os\n@task\ndef where() -> str:\n    return os.getcwd()\n"
        "print(Flow('where').then(where).run().raise_for_status().output)\n"
    )
    done = run_python(str(tmp_path / "script.py"), cwd=started_in)
    assert done.stdout == f"{started_in}\n", done.stderr
