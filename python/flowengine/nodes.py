"""Nodes that are built into the engine, for chains and `with` blocks. docs/nodes.md says what they take and answer.

Each function takes the config of its node type as keyword arguments; values may be what other nodes answer. What it
answers, a node, stands for a value that there will be, and can be passed to tasks that want any type.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .current_flow import current_flow
from .graph import Node, Verbatim

if TYPE_CHECKING:
    from pathlib import Path

    from .flows import Flow


def node(
    node_type: str,
    config: Mapping[str, Any] | None = None,
    *,
    id: str | None = None,
    inputs: Mapping[str, Any] | None = None,
    main_input: str | None = None,
    main_output: str = "output",
    **fields: Any,
) -> Any:
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


def shell(command: str, args: Sequence[str] = (), *, id: str | None = None, stdin: Any = None, **config: Any) -> Any:
    """Run a shell script; `$1`, `$2` ... are `args`. Its value is what it prints, parsed if that is JSON."""
    given = {"command": command, "shell": True, **({"args": list(args)} if args else {}), **config}
    return node("shell.exec", given, id=id or "shell", inputs=_given(stdin=stdin), main_input="stdin")


def sandbox(
    command: str,
    args: Sequence[str] = (),
    *,
    id: str | None = None,
    inputs: Mapping[str, Any] | None = None,
    **config: Any,
) -> Any:
    """Run a shell script apart from this machine; `inputs` are variables, `file:PATH`, `files` and `stdin`."""
    given = {"command": command, "shell": True, **({"args": list(args)} if args else {}), **config}
    return node("sandbox.exec", given, id=id or "sandbox", inputs=inputs, main_input="stdin")


def docker(
    image: str,
    command: Sequence[str] | str | None = None,
    *,
    id: str | None = None,
    inputs: Mapping[str, Any] | None = None,
    **config: Any,
) -> Any:
    """Run a container. Its value is what it prints, parsed if that is JSON."""
    given = {"image": image, **_given(command=command), **config}
    return node("docker.run", given, id=id or "docker", inputs=inputs, main_input="data")


def zypi(
    command: Sequence[str] | str, *, id: str | None = None, inputs: Mapping[str, Any] | None = None, **config: Any
) -> Any:
    """Run a command in a microVM of Zypi. `session_id` may be that of `zypi_session`."""
    session = _given(session_id=config.pop("session_id", None))
    return node("zypi.exec", {"command": command, **config}, id=id or "zypi", inputs={**session, **(inputs or {})})


def zypi_session(*, id: str | None = None, **config: Any) -> Any:
    """Boot a microVM of Zypi. Its value is the session's id; the session is closed with the execution at the latest."""
    return node("zypi.session_create", config, id=id or "session", main_output="session_id")


def zypi_close(session_id: Any = None, *, id: str | None = None, **config: Any) -> Any:
    """Close a session of Zypi."""
    given = _given(session_id=session_id)
    return node(
        "zypi.session_close", config, id=id or "close", inputs=given, main_input="session_id", main_output="session_id"
    )


def http(url: Any, *, id: str | None = None, **config: Any) -> Any:
    """Send an HTTP request. Its value is the body, parsed if that is JSON; its ports: `status`, `body`, `headers`."""
    return node("http.request", {"url": url, **config}, id=id or "http", main_input="body", main_output="body")


def render(url: Any = None, *, html: Any = None, id: str | None = None, **config: Any) -> Any:
    """Open a page in a headless browser. Its value is its HTML, its text, or a screenshot, as `mode` says."""
    return node("browser.render", config, id=id or "render", inputs=_given(url=url, html=html), main_input="url")


def script(source: str, *, id: str | None = None, inputs: Mapping[str, Any] | None = None, **config: Any) -> Any:
    """Run Python source in a sandbox, with `packages`. Its value is the last line, parsed if that is JSON."""
    return node("api.call", {"script": source, **config}, id=id or "script", inputs=inputs)


def call(what: Flow | str | Path, *, id: str | None = None, inputs: Mapping[str, Any] | None = None) -> Any:
    """Run another flow, or the workflow document in a file, as an execution of its own.

    The value is that of the flow's last task; of a document it is its output `output`. Others are `node["name"]`.
    """
    if isinstance(what, (str, bytes)) or hasattr(what, "__fspath__"):
        config: dict[str, Any] = {"file": str(what)}
        return node("flow.call", config, id=id or "call", inputs=inputs)
    return node("flow.call", {"workflow": Verbatim(what.to_callable_document())}, id=id or what.name, inputs=inputs)


def json_parse(text: Any = None, *, id: str | None = None) -> Any:
    """Parse JSON."""
    given = _given(json=text)
    return node("transform.json_parse", id=id or "json_parse", inputs=given, main_input="json", main_output="parsed")


def json_stringify(value: Any = None, *, pretty: bool = True, id: str | None = None) -> Any:
    """Write a value as JSON."""
    return node(
        "transform.json_stringify",
        {"pretty": pretty},
        id=id or "json_stringify",
        inputs=_given(value=value),
        main_input="value",
        main_output="json",
    )


def delay(seconds: float, *, id: str | None = None) -> Any:
    """Wait."""
    return node("time.delay", {"delay_ms": round(seconds * 1000)}, id=id or "delay")


def log(message: Any = None, *, id: str | None = None, level: str = "info", **values: Any) -> Any:
    """Show a message and values."""
    config = {} if level == "info" else {"level": level}
    inputs = {**_given(message=message), **values}
    return node("debug.log", config, id=id or "log", inputs=inputs, main_input="message", main_output="message")


def condition(test: Any, value: Any = None, *, id: str | None = None) -> Any:
    """Send a value one of two ways, `node["then"]` and `node["else"]`; what hangs on the other one is skipped.

    `test` is a value, or an `expression`. Without a value, it is the test's that is sent on.
    """
    return node("control.if", {"condition": test}, id=id or "condition", inputs=_given(value=value), main_input="value")


def switch(
    on: Any, cases: Mapping[str, Any], *, value: Any = None, default: str | None = None, id: str | None = None
) -> Any:
    """Send a value one of several ways, `node["case"]`: the one whose value in `cases` is that of `on`."""
    config = {"on": on, "cases": dict(cases), **_given(default=default)}
    return node("control.switch", config, id=id or "switch", inputs=_given(value=value), main_input="value")


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
