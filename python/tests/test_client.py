from __future__ import annotations

import datetime
import itertools
import json
import multiprocessing
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from flow_server import FlowServer
from losing_proxy import LosingProxy
from sample_documents import FAIL, HELLO, SLEEP, ticking

from flowengine import (
    ConflictError,
    FlowApiError,
    FlowClient,
    FlowEngineError,
    NotFoundError,
    UnavailableError,
)


def test_a_workflow_is_saved_run_and_looked_at(server: FlowServer) -> None:
    with server.client() as client:
        assert client.health().status == "healthy"
        client.check_ready()
        assert client.workflows.create(HELLO) == "hello"
        assert [(item.id, item.nodes) for item in client.workflows.list()] == [("hello", 2)]

        handle = client.start("hello", {"name": "Ada"}, verbose=True)
        result = handle.wait(60)
        assert (result.success, result.outputs["shout"]["stdout"]) == (True, "HELLO, ADA!")
        assert list(handle.logs()) == ["Hello, Ada!", "HELLO, ADA!"]
        assert next(event["seq"] for event in handle.events(after=3)) == 4

        found = client.executions.get(handle.execution_id, include_workflow=True)
        assert found.has_ended
        assert found.created_at.tzinfo is not None
        assert dict(found.inputs) == {"name": "Ada"}
        assert [(node.node_id, node.status, node.attempt) for node in found.nodes] == [
            ("greet", "succeeded", 1),
            ("shout", "succeeded", 1),
        ]
        assert found.workflow is not None
        assert found.workflow["id"] == "hello"
        lines = list(client.executions.logs(handle.execution_id, node="shout", stream="stdout"))
        assert [line.text for line in lines] == ["HELLO, ADA!"]
        explained = client.executions.explain(handle.execution_id)
        assert [step["node_id"] for step in explained["critical_path"]] == ["greet", "shout"]


def test_executions_are_listed_page_by_page(server: FlowServer) -> None:
    with server.client() as client:
        started = [client.run(HELLO, {"name": str(number)}).execution_id for number in range(3)]
        failed = client.run(FAIL)
        assert (failed.status, (failed.error or {})["code"]) == ("failed", "node_failed")
        newest = [item.execution_id for item in client.executions.list()]
        assert newest == [failed.execution_id, *reversed(started)]
        assert [item.execution_id for item in client.executions.list(limit=2, after=newest[0])] == newest[1:3]
        assert [item.status for item in client.executions.list(status="failed")] == ["failed"]
        an_hour_ago = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=1)
        assert client.executions.list(until=an_hour_ago) == []
        assert len(client.executions.list(since=an_hour_ago)) == 4


def test_a_rerun_is_planned_and_made(server: FlowServer) -> None:
    with server.client() as client:
        first = client.run(HELLO, {"name": "Ada"})
        plan = client.executions.plan_rerun(first.execution_id, start_at="shout")
        assert [(node.node_id, node.action) for node in plan.nodes] == [("greet", "reuse"), ("shout", "run")]
        again = client.executions.rerun(first.execution_id, start_at="shout")
        assert again.wait(60).outputs["shout"]["stdout"] == "HELLO, ADA!"
        assert client.executions.get(again.execution_id).rerun_of == first.execution_id
        other = client.executions.rerun(first.execution_id, only="greet", inputs={"name": "Bob"})
        assert other.wait(60).success


def test_node_types_queue_metrics_audit_and_descriptions_have_types(server: FlowServer) -> None:
    with server.client() as client:
        assert "python.task" in {item.type for item in client.node_types()}
        assert client.node_type("shell.exec").config["type"] == "object"
        assert client.queue().waiting == 0
        client.workflows.create(HELLO)
        assert [(entry.action, entry.status) for entry in client.audit()] == [("POST /api/workflows", 201)]
        assert "flow_" in client.metrics()
        assert client.openapi()["openapi"].startswith("3.1")
        assert client.agent_card()["name"]


def test_the_client_covers_every_route(server: FlowServer) -> None:
    covered = {
        "/health": {"get"},
        "/ready": {"get"},
        "/metrics": {"get"},
        "/api/workflows": {"get", "post"},
        "/api/workflows/{id}": {"get", "put", "delete"},
        # The same as POST /api/executions with its id.
        "/api/workflows/{id}/execute": {"post"},
        "/api/executions": {"get", "post"},
        "/api/executions/{id}": {"get"},
        "/api/executions/{id}/cancel": {"post"},
        "/api/executions/{id}/resume": {"post"},
        "/api/executions/{id}/rerun": {"post"},
        "/api/executions/{id}/logs": {"get"},
        "/api/executions/{id}/explain": {"get"},
        "/api/executions/{id}/events": {"get"},
        "/api/events": {"get"},
        "/api/nodes": {"get"},
        "/api/nodes/{type}": {"get"},
        "/api/queue": {"get"},
        "/api/audit": {"get"},
    }
    with server.client() as client:
        paths = client.openapi()["paths"]
    assert {path: set(routes) for path, routes in paths.items()} == covered


def test_an_etag_keeps_two_people_from_undoing_each_others_work(server: FlowServer) -> None:
    with server.client() as client:
        first = client.workflows.put("hello", HELLO, only_new=True)
        with pytest.raises(ConflictError) as caught:
            client.workflows.put("hello", HELLO, only_new=True)
        assert (caught.value.status, caught.value.code) == (412, "precondition_failed")
        client.workflows.put("hello", {**HELLO, "description": "mine"}, if_match=first)
        with pytest.raises(ConflictError):
            client.workflows.put("hello", {**HELLO, "description": "yours"}, if_match=first)
        saved = client.workflows.get("hello")
        assert saved.document["description"] == "mine"
        assert "description" not in client.workflows.get("hello", version=1).document
        with pytest.raises(ConflictError):
            client.workflows.delete("hello", if_match=first)
        client.workflows.delete("hello", if_match=saved.etag)
        with pytest.raises(NotFoundError, match='"hello"'):
            client.workflows.get("hello")


def test_the_same_key_starts_one_execution(server: FlowServer) -> None:
    with server.client() as client:
        ids = {client.executions.start(HELLO, {"name": "Ada"}, idempotency_key="one") for _ in range(3)}
        assert len(ids) == 1
        with pytest.raises(ConflictError):
            client.executions.start(HELLO, {"name": "Bob"}, idempotency_key="one")
        assert len(client.executions.list()) == 1


def test_cancelling_ends_it_and_says_whether_there_was_something_to_end(server: FlowServer) -> None:
    with server.client() as client:
        handle = client.start(SLEEP)
        with pytest.raises(TimeoutError):
            handle.wait(0.05)
        assert client.executions.cancel(handle.execution_id, "enough")
        assert handle.wait(60).status == "cancelled"
        assert not client.executions.cancel(handle.execution_id)
        handle.cancel()
        with pytest.raises(ConflictError):
            client.executions.resume(handle.execution_id)


def test_bytes_arrive_as_bytes(server: FlowServer) -> None:
    document = {"id": "raw", "nodes": [{"id": "log", "node_type": "debug.log"}]}
    with server.client() as client:
        value = {"raw": b"\x00\xff", "tag": {"type": "String", "value": 1}, "text": "${{ 1 }}"}
        result = client.run(document, {"message": value})
        assert result.outputs["log"]["message"] == value
        assert client.executions.get(result.execution_id).inputs["message"] == value


def test_a_stream_goes_on_after_the_server_was_killed(server: FlowServer) -> None:
    with server.client() as client:
        document = ticking()
        document["nodes"][0]["retry_policy"] = {"max_attempts": 2}
        handle = client.start(document)
        seen: list[int] = []
        for event in handle.events():
            seen.append(event["seq"])
            if len(seen) == 10:
                server.kill()
                server.start()
        assert seen == list(range(1, len(seen) + 1))
        assert handle.wait(60).success
        assert [event["seq"] for event in handle.events()] == seen


def test_a_start_whose_answer_is_lost_starts_once(server: FlowServer) -> None:
    with server.client() as client, LosingProxy(server.url) as proxy:
        execution_id = FlowClient(proxy.url).executions.start(HELLO, {"name": "Ada"})
        assert proxy.lost == 1
        assert [item.execution_id for item in client.executions.list()] == [execution_id]


def test_new_events_are_those_since_the_call_whatever_becomes_of_connections(server: FlowServer) -> None:
    with server.client() as client:
        client.run(HELLO, {"name": "Ada"})
        events = client.events()
        server.kill()
        server.start()
        execution_id = client.run(HELLO, {"name": "Bob"}).execution_id
        event = next(events)
        assert (event["type"], event["execution_id"]) == ("WorkflowStarted", execution_id)
        events.close()  # type: ignore[attr-defined]


def test_all_executions_are_followed_from_any_place(server: FlowServer) -> None:
    with server.client() as client:
        first = client.run(HELLO, {"name": "Ada"}).execution_id
        events = client.events(after=0)
        seen = [next(events)]
        second = client.run(HELLO, {"name": "Bob"}).execution_id
        server.kill()
        server.start()
        for event in events:
            seen.append(event)
            if event["type"] == "WorkflowCompleted" and event["execution_id"] == second:
                break
        events.close()  # type: ignore[attr-defined]
        positions = [event["position"] for event in seen]
        assert positions == sorted(set(positions))
        assert {event["execution_id"] for event in seen} == {first, second}
        rest = list(
            itertools.takewhile(lambda event: event["position"] < positions[-1], client.events(after=positions[4]))
        )
        assert [event["position"] for event in rest] == positions[5:-1]


def test_read_events_answers_pages(server: FlowServer) -> None:
    with server.client() as client:
        id = client.run(HELLO, {"name": "Ada"}, verbose=True).execution_id
        states = client.executions.read_events(id, kind="state")
        logs = client.executions.read_events(id, kind="logs", node_id="greet")
        assert [event["event"]["line"] for event in logs] == ["Hello, Ada!"]
        assert len(client.executions.read_events(id)) == len(states) + 2
        assert client.executions.read_events(id, after=states[-1]["seq"]) == []
        assert [event["seq"] for event in client.executions.read_events(id, after=1, limit=1)] == [2]
        json.dumps(states)


def test_many_threads_share_a_client(server: FlowServer) -> None:
    with server.client() as client, ThreadPoolExecutor(20) as threads:
        results = list(threads.map(lambda number: client.run(HELLO, {"name": str(number)}), range(40)))
        said = [result.outputs["shout"]["stdout"] for result in results]
        assert said == [f"HELLO, {number}!" for number in range(40)]
        assert len(client.executions.list(limit=100)) == 40


@pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
def test_copies_of_the_process_share_no_connection(server: FlowServer) -> None:
    with server.client() as client:
        types = [item.type for item in client.node_types()] * 5

        def ask() -> None:
            assert [client.node_type(type).type for type in types] == types

        processes = multiprocessing.get_context("fork")
        copies = [processes.Process(target=ask) for _ in range(4)]
        for copy in copies:
            copy.start()
        ask()
        for copy in copies:
            copy.join(60)
        assert [copy.exitcode for copy in copies] == [0, 0, 0, 0]


def test_a_certificate_is_checked_and_an_authority_can_be_named(tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-days", "2", "-nodes"]
    command = ["openssl", "req", "-x509", *kind, "-keyout", str(key), "-out", str(certificate), *names]
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl, which makes the certificate")
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    server = FlowServer(tmp_path, "--cert", str(certificate), "--key", str(key))
    try:
        assert server.url.startswith("https://")
        with pytest.raises(FlowApiError, match="ca_file") as caught:
            FlowClient(server.url).health()
        assert not isinstance(caught.value, UnavailableError)
        trusting = FlowClient(server.url, ca_file=certificate)
        assert trusting.run(HELLO, {"name": "Ada"}).success
        handle = trusting.start(ticking("echo one; sleep 1; echo two"))
        assert list(handle.logs()) == ["one", "two"]
    finally:
        server.stop()
    with pytest.raises(FlowEngineError, match="PEM"):
        FlowClient("https://localhost", ca_file=tmp_path / "none.pem")
