"""Which value of what comes before a node goes to which of its parameters."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .errors import InvalidFlowError
from .graph import InputReference, Node, Reference


@dataclass
class Wiring:
    """What a node receives by port, and which nodes it only waits for."""

    inputs: dict[str, Any]
    items: Any = None
    waits_for: list[Node] = field(default_factory=list)


def is_connection(value: Any) -> bool:
    """Say whether an input is a whole output of a node; all else is written into the document."""
    return isinstance(value, Node) or (isinstance(value, Reference) and not value.path)


def wire(node: Node) -> Wiring:
    """Answer the wiring of a node. Raises `InvalidFlowError` if it is not clear.

    What was passed stays. The values of the nodes before it in chains go to the parameters that are called like them,
    the others to the free parameters, in order; several values for one free parameter become a list; a node that takes
    nothing only waits. Required parameters that are left are inputs of the flow.
    """
    wiring = Wiring(dict(node.inputs), None if node.waits_for_items else node.items)
    sources = list(node.after)
    if node.waits_for_items:
        if len(sources) != 1:
            raise InvalidFlowError(
                f'"{node.id}" maps over what comes before it, which has to be one node, not {len(sources)}',
                hint="Pass the items: task.map(items).",
            )
        wiring.items = sources.pop()
    if node.parameters is None:
        _wire_builtin(node, sources, wiring)
    else:
        _wire_function(node, sources, wiring)
    return wiring


def _wire_builtin(node: Node, sources: list[Node], wiring: Wiring) -> None:
    if len(sources) == 1 and node.main_input is not None and node.main_input not in wiring.inputs:
        wiring.inputs[node.main_input] = sources[0]
    else:
        wiring.waits_for = sources


def _wire_function(node: Node, sources: list[Node], wiring: Wiring) -> None:
    known = node.parameters
    if known is None:
        return
    rest = []
    for source in sources:
        is_namesake = source.id in known.required or source.id in known.optional or known.takes_any
        if is_namesake and source.id not in wiring.inputs:
            wiring.inputs[source.id] = source
        else:
            rest.append(source)
    required = [name for name in known.required if name not in wiring.inputs]
    optional = [name for name in known.optional if name not in wiring.inputs]
    free = required + optional
    if len(rest) <= len(free):
        wiring.inputs.update(zip(free, rest, strict=False))
    elif len(free) == 1:
        wiring.inputs[free[0]] = rest
    elif not free and not known.takes_more:
        wiring.waits_for = rest
    elif not free:
        raise InvalidFlowError(
            f'"{node.id}" takes what comes before it as *arguments, which have no names to connect to',
            hint="Let it take one list instead.",
        )
    else:
        names = ", ".join(source.id for source in rest)
        raise InvalidFlowError(
            f'"{node.id}" gets {len(rest)} values ({names}) for {len(free)} parameters ({", ".join(free)})',
            hint="Name its parameters like the tasks before it, or give it a single one for the list of all.",
        )
    for name in known.required:
        wiring.inputs.setdefault(name, InputReference(name))
