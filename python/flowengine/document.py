"""The workflow document of a flow, as docs/workflows.md describes it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .declared_input import DeclaredInput
from .errors import InvalidFlowError
from .expressions import path_of
from .function_code import FunctionCode
from .graph import ITEM, InputReference, Node, Reference, Verbatim, nodes_within, parts_within
from .value_files import ValueFiles
from .values import to_json
from .wiring import Wiring, is_connection, wire

if TYPE_CHECKING:
    from .flows import Flow

_TAGS = {"Null", "Bool", "Number", "String", "Bytes", "Json", "Array", "Object"}


def to_document(flow: Flow, files: ValueFiles | None = None) -> dict[str, Any]:
    """Answer the document. Raises `InvalidFlowError`, and `InvalidValueError` for arguments that cannot travel.

    With `files` it is for this machine: large arguments and results are passed on as files where only Python functions
    read them.
    """
    document: dict[str, Any] = {"id": flow.name, "nodes": [], "connections": []}
    if flow.description is not None:
        document["description"] = flow.description
    if flow.inputs:
        document["inputs"] = {name: _declare(declared) for name, declared in flow.inputs.items()}
    wirings = [(node, wire(node)) for node in flow.nodes]
    read_by_others = _read_by_others(wirings)
    for node, wiring in wirings:
        written = _to_node(node, wiring, files)
        if files is not None and _knows_files(node) and node.id not in read_by_others:
            written["config"]["by_file"] = True
        document["nodes"].append(written)
        document["connections"].extend(_connections(node, wiring))
    if flow.settings:
        document["settings"] = dict(flow.settings)
    return document


def check_portable(flow: Flow) -> None:
    """Raise `InvalidFlowError` if a node calls a function that is not in a file."""
    for node in flow.nodes:
        if isinstance(node.config.get("code"), FunctionCode):
            raise InvalidFlowError(
                f'flow "{flow.name}" cannot be saved: the function of "{node.id}" is not in a module',
                hint="Define it with `def` at the top level of a module, and import it from there.",
            )


def takes_files(flow: Flow) -> bool:
    """Whether only Python functions read the inputs of a flow."""
    return all(_knows_files(node) for node in flow.nodes)


def _knows_files(node: Node) -> bool:
    """Whether a node is a Python function on this machine."""
    return node.node_type == "python.task" and "sandbox" not in node.config


def protect(value: Any) -> Any:
    """Answer a value such that documents do not take any of it for an expression or a tagged value."""
    return guard_tags(value, lambda text: text.replace("${{", "$${{"))


def guard_tags(value: Any, map_text: Callable[[str], str] = str) -> Any:
    """Answer a value such that none of it is taken for a tagged value; `map_text` is applied to all texts."""
    if isinstance(value, str):
        return map_text(value)
    if isinstance(value, list):
        return [guard_tags(item, map_text) for item in value]
    if not isinstance(value, dict):
        return value
    return _guard_object({key: guard_tags(part, map_text) for key, part in value.items()})


def _guard_object(inner: dict[str, Any]) -> dict[str, Any]:
    is_tagged = inner.keys() == {"type", "value"} and isinstance(inner["type"], str) and inner["type"] in _TAGS
    return {"type": "Object", "value": inner} if is_tagged else inner


def _declare(declared: DeclaredInput) -> dict[str, Any]:
    fields: dict[str, Any] = {name: to_json(value) for name, value in declared.fields().items()}
    # There are no expressions in them.
    return {name: guard_tags(value) if name == "default" else value for name, value in fields.items()}


def _read_by_others(wirings: Iterable[tuple[Node, Wiring]]) -> set[str]:
    """Answer the nodes whose values are read by something else than Python functions, which alone know files."""
    found: set[str] = set()
    for node, wiring in wirings:
        values = [node.config, node.fields, wiring.items, *parts_within(wiring.inputs)]
        if not _knows_files(node):
            values.append(wiring.inputs)
        found.update(source.id for source in nodes_within(values))
    return found


def _to_node(node: Node, wiring: Wiring, files: ValueFiles | None) -> dict[str, Any]:
    if files is not None and not _knows_files(node):
        files = replace(files, takes_large=False)
    fields = {name: value.value if isinstance(value, Verbatim) else value for name, value in node.fields.items()}
    written: dict[str, Any] = {"id": node.id, "node_type": node.node_type, **fields}
    if node.config:
        written["config"] = _write(node.config, files)
    inputs = {port: _write(value, files) for port, value in wiring.inputs.items() if not is_connection(value)}
    if inputs:
        written["inputs"] = inputs
    if wiring.waits_for:
        written["depends_on"] = [source.id for source in wiring.waits_for]
    if node.is_mapped:
        written["map"] = {"items": _write(wiring.items, files)}
    return written


def _connections(node: Node, wiring: Wiring) -> list[dict[str, str]]:
    found = []
    for port, value in wiring.inputs.items():
        if not is_connection(value):
            continue
        source = value if isinstance(value, Reference) else Reference(value, value.main_output)
        found.append(
            {"from_node": source.node.id, "from_port": source.port, "to_node": node.id, "to_port": port},
        )
    return found


def _write(value: Any, files: ValueFiles | None) -> Any:
    """Answer a value of the document, with expressions where other values will be."""
    if isinstance(value, (Node, Reference, InputReference)):
        return f"${{{{ {path_of(value)} }}}}"
    if isinstance(value, Verbatim):
        return value.value
    if isinstance(value, FunctionCode):
        return value.text()
    if value is ITEM:
        return "${{ item }}"
    if isinstance(value, Mapping) and _is_composed(value):
        # Some keys are refused, and one is written otherwise.
        keys: Any = to_json(dict.fromkeys(value))
        return _guard_object({key: _write(inner, files) for key, inner in zip(keys, value.values(), strict=True)})
    if isinstance(value, (list, tuple)) and _is_composed(value):
        return [_write(inner, files) for inner in value]
    return protect(to_json(value, files))


def _is_composed(value: Any) -> bool:
    if isinstance(value, (InputReference, FunctionCode, Verbatim)) or any(True for _ in nodes_within(value)):
        return True
    parts = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return any(_is_composed(part) for part in parts)
