"""Which inputs a flow wants, and whether it is given them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .errors import InvalidFlowError
from .graph import InputReference, Node, Verbatim
from .wiring import Wiring, is_connection, wire

if TYPE_CHECKING:
    from .flows import Flow


def check_inputs(flow: Flow, given: Collection[str]) -> None:
    """Raise `InvalidFlowError` if an input is missing, or if there is none of that name."""
    wirings = [(node, wire(node)) for node in flow.nodes]
    used = [
        value.name
        for node, wiring in wirings
        for value in _references(wiring.inputs, wiring.items, node.config, node.fields)
    ]
    optional = {name for name, declared in flow.inputs.items() if not declared.is_required}
    required = [name for name in dict.fromkeys([*flow.inputs, *used]) if name not in optional]
    unknown = [name for name in given if name not in {*optional, *required}]
    ports = _ports_of_roots(wirings)
    if ports is not None:
        wrong = [name for name in unknown if name not in ports]
        names = ", ".join(sorted({*optional, *required, *ports})) or "none"
        if wrong:
            raise InvalidFlowError(f'flow "{flow.name}" has no input "{wrong[0]}"', hint=f"Its inputs: {names}.")
    missing = [name for name in required if name not in given]
    if missing:
        hint = f"Pass it: flow.run({missing[0]}=...)."
        raise InvalidFlowError(f'flow "{flow.name}" needs the input "{missing[0]}"', hint=hint)


def _ports_of_roots(wirings: list[tuple[Node, Wiring]]) -> set[str] | None:
    """Answer the ports to which the engine gives the inputs of the same names; None if some take any."""
    ports: set[str] = set()
    for node, wiring in wirings:
        if any(is_connection(value) for value in wiring.inputs.values()):
            continue
        if node.parameters is None or node.parameters.takes_any:
            return None
        ports.update(node.parameters.required, node.parameters.optional)
    return ports


def _references(*values: Any) -> Iterator[InputReference]:
    for value in values:
        if isinstance(value, InputReference):
            yield value
        elif isinstance(value, Verbatim):
            yield from _references(*value.named)
        elif isinstance(value, Mapping):
            yield from _references(*value.values())
        elif isinstance(value, (list, tuple)):
            yield from _references(*value)
