"""Clients in networks in which servers are reached by a proxy."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from flow_server import FlowServer
from forward_proxy import ForwardProxy

from flowengine import FlowClient, FlowEngineError, UnavailableError

TOKEN = "a-token-of-enough-characters"
HELLO = {
    "id": "hello",
    "nodes": [{"id": "say", "node_type": "shell.exec", "config": {"command": "echo", "args": ["hello"]}}],
}


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


def test_a_server_is_asked_by_the_proxy_and_streams_come_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = FlowServer(tmp_path, "--allow-host", "flow.example.com", token=TOKEN)
    try:
        with ForwardProxy(server.url) as proxy:
            monkeypatch.setenv("HTTP_PROXY", f"http://ada:pass%40word@{proxy.address}")
            with FlowClient("http://flow.example.com:3000/", TOKEN) as client:
                handle = client.start(HELLO)
                assert [event["type"] for event in handle.events()][-1] == "WorkflowCompleted"
                assert handle.wait(60).outputs["say"]["stdout"] == "hello"
            asked = {request.partition("?")[0] for request, _ in proxy.asked}
            assert "POST http://flow.example.com:3000/api/executions" in asked
            assert {password for _, password in proxy.asked} == {"Basic YWRhOnBhc3NAd29yZA=="}
    finally:
        server.stop()


def test_a_server_with_tls_is_reached_by_a_tunnel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=flow.example.com", "-addext", "subjectAltName=DNS:flow.example.com"]
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl, which makes the certificate")
    command = ["openssl", "req", "-x509", *kind, "-keyout", str(key), "-out", str(certificate), *names]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    files = ["--cert", str(certificate), "--key", str(key)]
    server = FlowServer(tmp_path, "--allow-host", "flow.example.com", *files, token=TOKEN)
    try:
        with ForwardProxy(server.url) as proxy:
            monkeypatch.setenv("https_proxy", proxy.address)
            with FlowClient("https://flow.example.com", TOKEN, ca_file=certificate) as client:
                assert client.health().status == "healthy"
            assert proxy.asked == [("CONNECT flow.example.com:443", None)]
    finally:
        server.stop()


def test_servers_of_this_machine_and_those_of_no_proxy_are_asked_directly(
    server: FlowServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ForwardProxy(server.url) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://{proxy.address}")
        assert server.client().health().status == "healthy"
        monkeypatch.setenv("NO_PROXY", "example.com")
        with pytest.raises(UnavailableError, match=r'"http://none\.example\.com": '):
            FlowClient("http://none.example.com").health()
        assert proxy.asked == []


def test_a_proxy_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"127.0.0.1:{listener.getsockname()[1]}"
    monkeypatch.setenv("HTTP_PROXY", f"http://ada:secret@{address}")
    with pytest.raises(UnavailableError, match=f'by the proxy "http://{address}": .*\n.*NO_PROXY'):
        FlowClient("http://flow.example.com").health()


@pytest.mark.parametrize("proxy", ["socks5://user:secret@127.0.0.1:1080", "http://", "http://host:port"])
def test_a_proxy_that_cannot_be_used_is_refused(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(FlowEngineError, match="as a proxy") as caught:
        FlowClient("http://flow.example.com")
    assert "secret" not in str(caught.value)
