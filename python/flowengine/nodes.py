"""Nodes that are built into the engine, for chains and `with` blocks. docs/nodes.md says what they take and answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .current_flow import current_flow
from .graph import Node


def node(
    node_type: str,
    config: Mapping[str, Any] | None = None,
    *,
    id: str | None = None,
    inputs: Mapping[str, Any] | None = None,
    main_input: str | None = None,
    main_output: str = "output",
    **fields: Any,
) -> Node:
    """Answer a node of any type.

    `inputs` are values for its ports, `fields` other fields of the node such as `timeout_ms` or `retry_policy`.
    `main_input` takes what comes before it in a chain, `main_output` is what it stands for elsewhere.
    """
    made = Node(
        id or node_type.rpartition(".")[2],
        node_type,
        config=dict(config or {}),
        inputs=dict(inputs or {}),
        fields=fields,
        main_input=main_input,
        main_output=main_output,
    )
    flow = current_flow()
    return made if flow is None else flow.adopt(made)


def shell(command: str, args: Sequence[str] = (), *, id: str | None = None, stdin: Any = None, **config: Any) -> Node:
    """Run a shell script; `$1`, `$2` ... are `args`. Its value is what it prints, parsed if that is JSON."""
    given = {"command": command, "shell": True, **({"args": list(args)} if args else {}), **config}
    inputs = {} if stdin is None else {"stdin": stdin}
    return node("shell.exec", given, id=id or "shell", inputs=inputs, main_input="stdin")


def http(url: Any, *, id: str | None = None, **config: Any) -> Node:
    """Send an HTTP request. Its value is the body, parsed if that is JSON; its ports: `status`, `body`, `headers`."""
    return node("http.request", {"url": url, **config}, id=id or "http", main_input="body", main_output="body")


def docker(image: str, command: Sequence[str] | str | None = None, *, id: str | None = None, **config: Any) -> Node:
    """Run a container. Its value is what it prints, parsed if that is JSON."""
    given = {"image": image, **({} if command is None else {"command": command}), **config}
    return node("docker.run", given, id=id or "docker", main_input="data")


def delay(seconds: float, *, id: str | None = None) -> Node:
    """Wait."""
    return node("time.delay", {"delay_ms": round(seconds * 1000)}, id=id or "delay")


def log(message: Any = None, *, id: str | None = None) -> Node:
    """Show a value."""
    inputs = {} if message is None else {"message": message}
    return node("debug.log", id=id or "log", inputs=inputs, main_input="message", main_output="message")
