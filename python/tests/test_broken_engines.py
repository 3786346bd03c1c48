from __future__ import annotations

import json
import tempfile
import threading
import time
from pathlib import Path

import pytest
from sample_tasks import (
    nothing,
    start,
)

from flowengine import (
    EngineNotFoundError,
    Flow,
    FlowEngineError,
)


def test_a_program_that_ends_at_once_is_an_error_and_no_hang(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOW_BIN", "/bin/true")
    start_thread = threading.Thread.start

    def start_and_let_it_run(thread: threading.Thread) -> None:
        start_thread(thread)
        time.sleep(0.1)

    monkeypatch.setattr(threading.Thread, "start", start_and_let_it_run)
    with pytest.raises(FlowEngineError, match=r'"/bin/true" ended with status 0 .*\n.*FLOW_BIN'):
        Flow("ended").then(start).submit(number=1).wait(10)


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
