"""What functions do to the process that they run in."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from conftest import run_python, run_script
from sample_tasks import fail_at_length, write_bytes

from flowengine import Flow


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_processes_that_functions_make_keep_out_of_what_their_worker_says() -> None:
    script = Path(__file__).parent / "copying_tasks.py"
    done = run_python(str(script))
    assert done.stdout, done.stderr
    output, error, counts, broken, traceback = json.loads(done.stdout)
    assert error is None
    assert output == ["13", 1]
    assert counts == [1200, 300]
    assert broken == 0
    assert traceback == ["ValueError: within the copy"]


def test_bytes_that_are_printed_are_lines_in_their_place() -> None:
    execution = Flow("bytes").then(write_bytes).submit()
    assert list(execution.logs()) == ["before", "grün \\xff", "after"]
    assert execution.wait().success


@pytest.mark.parametrize(
    ("set_up", "lines"),
    [
        ("", ["INFO mine: started", "INFO mine: called"]),
        ("logging.basicConfig(level=logging.DEBUG, format='%(message)s!')", ["started!", "called!", "in detail!"]),
        ("logging.info('begun')", ["INFO:root:begun", "INFO:mine:started", "INFO:mine:called"]),
    ],
)
def test_modules_of_functions_may_set_up_logging(set_up: str, lines: list[str], tmp_path: Path) -> None:
    script = (
        "from flowengine import Flow, task\nimport logging\n"
        f"{set_up}\nlog = logging.getLogger('mine')\nlog.info('started')\n"
        "@task\ndef call() -> None:\n    log.info('called')\n    log.debug('in detail')\n"
        "if __name__ == '__main__':\n    print(*Flow('logs').then(call).submit().logs(), sep='|', flush=True)\n"
    )
    done = run_script(tmp_path, script)
    assert done.stdout == "|".join(lines) + "\n", done.stderr


def test_an_exception_that_nobody_could_read_is_shortened() -> None:
    error = Flow("long").then(fail_at_length).run().error
    assert error is not None
    assert error["code"] == "node_failed"
    assert error["message"].startswith('Node "fail_at_length" failed: ValueError: aaa')
    assert error["message"].endswith("zzz")
    assert len(error["message"]) < 100_000
    assert len(error["details"]["traceback"]) < 300_000
