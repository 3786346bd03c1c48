from __future__ import annotations

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path
from typing import Any

import pyte
import pytest
from conftest import run_script

from flowengine.execution_view import ExecutionView, one_line
from flowengine.progress import open_progress
from flowengine.terminal_progress import TerminalDisplay

SCRIPT = """
import sys, time
from flowengine import Flow, task

@task()
def load(count: int) -> list[int]:
    print("loading \\x1b[2J" + "wide " * 40)
    return list(range(count))

@task()
def double(value: int) -> int:
    return 2 * value

@task(retry=1, retry_delay=0.3)
def fails(values: list[int]) -> int:
    raise ValueError("no such\\nrow")

flow = Flow("pictures")
flow >> load >> double.map() >> fails
print(flow.run(count=5).status)
"""


class Terminal:
    """A terminal of which a process reads and writes the other end."""

    def __init__(self, rows: int, columns: int) -> None:
        self.screen = pyte.HistoryScreen(columns, rows, history=10_000)
        self.stream = pyte.ByteStream(self.screen)
        self.received = b""
        self._ours, self.theirs = pty.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        try:
            while data := os.read(self._ours, 65536):
                self.received += data
                self.stream.feed(data)
        except OSError:
            return

    def lines(self) -> list[str]:
        """All lines, those that have left the screen too; after the other end has been closed."""
        os.close(self.theirs)
        self._reader.join()
        os.close(self._ours)
        above = ["".join(row[x].data for x in range(self.screen.columns)) for row in self.screen.history.top]
        return [line.rstrip() for line in [*above, *self.screen.display] if line.strip()]


@pytest.mark.parametrize("columns", [100, 30])
def test_a_terminal_shows_a_tree_in_place(tmp_path: Path, columns: int) -> None:
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    terminal = Terminal(24, columns)
    environment = {**os.environ, "TERM": "xterm", "NO_COLOR": ""}
    done = subprocess.run(
        [sys.executable, str(script)], stdout=subprocess.PIPE, stderr=terminal.theirs, env=environment, timeout=120
    )
    lines = terminal.lines()
    assert done.stdout == b"failed\n"
    assert b"\x1b[32m" in terminal.received
    assert lines[0].startswith("load | loading wide wide")
    assert len(lines[0]) == columns - 1
    assert [line[:8].strip() for line in lines[1:]] == ["pictures", "✓ load", "✓ doub", "✗ fail", "failed a"]
    if columns == 100:
        assert re.fullmatch(r"  ✓ double  5/5  \d\.\d s", lines[3])
        assert lines[4].endswith("ValueError: no such row")
        assert re.fullmatch(r"failed after \d+\.\d s: 2 succeeded, 1 failed", lines[5])


def test_lines_are_plain_where_there_is_no_terminal(tmp_path: Path) -> None:
    done = run_script(tmp_path, SCRIPT.replace("count=5", "count=1, progress=True"))
    assert "▶ load\n  load | loading wide" in done.stderr
    assert "✓ double[0] (" in done.stderr
    assert "✗ fails: ValueError: no such row\n" in done.stderr
    assert "\x1b" not in done.stderr
    assert run_script(tmp_path, SCRIPT).stderr == "", "nobody asked for it"


def show(terminal: Terminal, ids: list[str], events: list[dict[str, Any]]) -> list[str]:
    stream = os.fdopen(os.dup(terminal.theirs), "w")
    display = TerminalDisplay(ExecutionView("many", ids), stream)
    for event in events:
        display.show({"execution_id": "1", **event})
    display._draw_now()
    stream.flush()
    display.close()
    stream.close()
    return terminal.lines()


def test_of_many_nodes_those_that_matter_are_shown() -> None:
    ids = [f"node-{number}" for number in range(500)]
    events: list[dict[str, Any]] = [{"type": "NodeStarted", "node_id": id} for id in ids[:300]]
    events += [{"type": "NodeCompleted", "node_id": id, "duration_ms": 5} for id in ids[:298]]
    events += [{"type": "NodeFailed", "node_id": ids[299], "error": {"message": "gone"}, "duration_ms": 5}]
    view = ExecutionView("many", ids)
    for event in events:
        view.apply({"execution_id": "1", **event})
    nodes, hidden = view.selection(10)
    assert {"node-298", "node-299"} <= {node.id for node in nodes}
    assert (len(nodes), hidden) == (10, 490)
    assert view.counts() == "298 succeeded, 1 running, 1 failed, 200 waiting"
    lines = show(Terminal(20, 80), ids, events)
    assert lines[-1] == "interrupted: 298 succeeded, 1 running, 1 failed, 200 waiting"
    assert any("… and 400 more nodes" in line for line in lines)


def test_a_terminal_that_does_not_know_its_size_has_the_usual_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    terminal = Terminal(24, 80)
    fcntl.ioctl(terminal.theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 0, 0, 0, 0))
    lines = show(terminal, ["first"], [{"type": "NodeStarted", "node_id": "first", "attempt": 1}])
    assert any("first" in line for line in lines)


def test_more_lines_than_anybody_can_read_are_left_out() -> None:
    line = {"type": "NodeEvent", "node_id": "a", "event": {"event_type": "StdoutLine", "line": "x"}}
    lines = show(Terminal(20, 80), ["a"], [line] * 6000)
    assert lines[:2] == ["… 1000 lines left out", "a | x"]


def test_text_from_outside_moves_no_cursor() -> None:
    assert one_line("a\x1b[2Jb\x1b]0;title\x07c\rd\x9be\nf\tg") == "abcde f    g"
    assert len(one_line("x" * 100_000)) < 1100


def test_a_display_that_breaks_does_not_break_the_execution(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", None)
    progress = open_progress(True, "x", [])
    progress.show({"type": "NodeStarted", "node_id": "a"})
    progress.show({"type": "WorkflowCompleted"})
    progress.close()
    progress.close()
