from __future__ import annotations

import contextlib
import datetime
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from flow_server import FlowServer
from sample_documents import HELLO
from text_server import serve_text

from flowengine import (
    AccessError,
    ConflictError,
    FlowApiError,
    FlowClient,
    FlowEngineError,
    InvalidFlowError,
    InvalidWorkflowError,
    NotFoundError,
    UnavailableError,
)


def test_errors_have_the_code_hint_and_status_of_the_server(server: FlowServer) -> None:
    with server.client() as client:
        with pytest.raises(NotFoundError) as missing:
            client.executions.get("no such")
        assert (missing.value.status, missing.value.code) == (404, "not_found")
        assert missing.value.hint
        assert missing.value.request_id
        with pytest.raises(InvalidWorkflowError) as invalid:
            client.start({"nodes": [{"id": "a", "node_type": "shel.exec"}]})
        assert (invalid.value.status, invalid.value.code) == (422, "invalid_workflow")
        assert invalid.value.issues[0]["path"] == ["nodes", 0, "node_type"]
        assert isinstance(invalid.value, InvalidFlowError)
        assert isinstance(invalid.value, FlowApiError)
        with pytest.raises(InvalidWorkflowError, match="name"):
            client.start(HELLO)
        client.workflows.create(HELLO)
        with pytest.raises(ConflictError) as conflict:
            client.workflows.create(HELLO)
        assert conflict.value.status == 409
        with pytest.raises(NotFoundError):
            client.run("no such")
        with pytest.raises(NotFoundError):
            next(client.executions.events("no such"))
        with pytest.raises(NotFoundError):
            client.executions.handle("no such").wait(60)
        with pytest.raises(FlowApiError) as malformed:
            client.executions.list(since="yesterday")
        assert malformed.value.status == 400


def test_a_token_is_needed_where_there_is_one(tmp_path: Path) -> None:
    server = FlowServer(tmp_path, token="secret-of-the-test")
    try:
        for token in (None, "wrong"):
            with pytest.raises(AccessError) as caught:
                FlowClient(server.url, token).workflows.list()
            assert (caught.value.status, caught.value.code) == (401, "unauthenticated")
            assert "wrong" not in str(caught.value)
        assert server.client().workflows.list() == []
        with pytest.raises(AccessError):
            next(FlowClient(server.url, "wrong").events(after=0))
        for _ in range(20):
            with contextlib.suppress(AccessError, UnavailableError):
                FlowClient(server.url, "wrong").workflows.list()
        with pytest.raises(UnavailableError) as limited:
            FlowClient(server.url, "wrong").workflows.list()
        assert (limited.value.status, limited.value.code) == (429, "rate_limited")
        assert 0 < (limited.value.retry_after or 0) <= 3600
    finally:
        server.stop()


def test_a_server_that_is_not_there_is_told_soon(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    client = FlowClient(url)
    with pytest.raises(UnavailableError, match=r"that .flow serve. runs there") as caught:
        client.start(HELLO)
    assert caught.value.status is None
    with pytest.raises(UnavailableError):
        client.health()
    with pytest.raises(UnavailableError):
        next(FlowClient(url, patience=0.2).executions.events("some"))


def test_a_server_that_says_nothing_is_given_up(server: FlowServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = FlowClient(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.2)
        with pytest.raises(UnavailableError) as caught:
            client.health()
        assert caught.value.code == "timeout"


@pytest.mark.parametrize("url", ["", "localhost:3000", "ftp://host", "http://", "http://host:port", "http://a:b@host"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(FlowEngineError, match="no address"):
        FlowClient(url)


def test_a_token_that_would_break_the_header_is_refused_and_not_shown() -> None:
    with pytest.raises(FlowEngineError, match="token") as caught:
        FlowClient("http://127.0.0.1:1", "secret\r\nX-Other: 1")
    assert "secret" not in str(caught.value)


def test_what_cannot_be_sent_is_refused(server: FlowServer) -> None:
    with server.client() as client:
        for value in (float("nan"), datetime.date(2026, 1, 1), "\ud800"):
            with pytest.raises(InvalidFlowError, match="cannot send POST"):
                client.start({**HELLO, "description": value})
        for key in ("schlüssel ☃", "two\nlines"):
            with pytest.raises(FlowEngineError, match="Idempotency-Key"):
                client.executions.start(HELLO, {"name": "Ada"}, idempotency_key=key)
        assert client.executions.list() == []


@pytest.mark.parametrize(
    "use",
    [
        lambda client: client.health(),
        lambda client: client.node_types(),
        lambda client: client.node_type("shell.exec"),
        lambda client: client.queue(),
        lambda client: client.audit(),
        lambda client: next(client.events(after=0)),
        lambda client: client.start("hello"),
        lambda client: client.workflows.list(),
        lambda client: client.workflows.create({}),
        lambda client: client.executions.list(),
        lambda client: client.executions.get("some"),
        lambda client: client.executions.plan_rerun("some"),
        lambda client: client.executions.rerun("some"),
        lambda client: next(client.executions.logs("some")),
        lambda client: next(client.executions.events("some")),
    ],
)
@pytest.mark.parametrize("answer", ["<html></html>", '{"title": "An item"}', "[1]", "7"])
def test_what_is_no_flow_server_is_told(use: Callable[[FlowClient], object], answer: str) -> None:
    with serve_text(answer + "\n") as url, FlowClient(url) as client, pytest.raises(FlowApiError, match="flow server"):
        use(client)
