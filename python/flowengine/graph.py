"""Nodes and how they hang together."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from .current_flow import current_flow
from .errors import InvalidFlowError

if TYPE_CHECKING:
    from .flows import Flow

Stage: TypeAlias = Any
"""What can stand in a chain: a task, a node, or a list of them."""


@dataclass(frozen=True)
class Parameters:
    """The parameters of a function, as far as values can be connected to them."""

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    takes_any: bool = False

    @staticmethod
    def of(function: Callable[..., Any]) -> Parameters:
        """Answer those of `function`."""
        known = inspect.signature(function).parameters.values()
        named = [parameter for parameter in known if parameter.kind in _NAMED]
        return Parameters(
            tuple(parameter.name for parameter in named if parameter.default is parameter.empty),
            tuple(parameter.name for parameter in named if parameter.default is not parameter.empty),
            any(parameter.kind is parameter.VAR_KEYWORD for parameter in known),
        )

    def by_name(self, arguments: Mapping[str, Any], name: str) -> dict[str, Any]:
        """Answer bound arguments by port. Raises `InvalidFlowError` for those that have no name."""
        ports: dict[str, Any] = {}
        for key, value in arguments.items():
            if key in self.required or key in self.optional:
                ports[key] = value
            elif self.takes_any and isinstance(value, dict):
                ports.update(value)
            else:
                raise InvalidFlowError(f"{name}: values for *{key} cannot be connected", hint="Pass one list instead.")
        return ports


_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


@dataclass(frozen=True)
class Reference:
    """A value that there will be: an output of a node."""

    node: Node
    port: str


@dataclass(frozen=True)
class InputReference:
    """A value that there will be: an input of the flow."""

    name: str


class _NoItems:
    """Says that a node maps over what comes before it in a chain."""


@dataclass(eq=False)
class Node:
    """A node of a flow, or one that belongs to no flow yet. In calls of tasks it stands for its main output."""

    id: str
    node_type: str
    config: dict[str, Any] = field(default_factory=dict)
    fields: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, Any] = field(default_factory=dict)
    parameters: Parameters | None = None
    main_output: str = "output"
    main_input: str | None = None
    owner: object = None
    flow: Flow | None = None
    items: Any = None
    after: list[Node] = field(default_factory=list)

    def __getitem__(self, port: str) -> Reference:
        """Answer the value of an output port."""
        return Reference(self, port)

    def __iter__(self) -> Any:
        """Refuse to be gone through: there are no values yet."""
        raise InvalidFlowError(f'"{self.id}" has no value yet', hint="Use task.map(...) to do something for each item.")

    def __bool__(self) -> bool:
        """Refuse to be a condition: there is no value yet."""
        raise InvalidFlowError(f'"{self.id}" has no value yet', hint="Decide within a task, or with a control.if node.")

    def __rshift__(self, target: Stage) -> Chain:
        """Connect to what comes next."""
        return start_chain(self).link(target)

    def __rrshift__(self, sources: list[Stage]) -> Chain:
        """Put the node behind several others."""
        return start_chain(sources).link(self)

    @property
    def is_mapped(self) -> bool:
        """Whether it runs once per item."""
        return self.items is not None

    @property
    def waits_for_items(self) -> bool:
        """Whether it maps over what comes before it in a chain."""
        return isinstance(self.items, _NoItems)

    def map_over(self, items: Any) -> None:
        """Run once per item; `None`: of what comes before it in a chain."""
        parameters = self.parameters or Parameters()
        free = [name for name in (*parameters.required, *parameters.optional) if name not in self.inputs]
        if not free:
            raise InvalidFlowError(f"{self.id}.map(): it has no parameter for the item", hint="Give it one.")
        self.inputs[free[0]] = ITEM
        self.items = _NoItems() if items is None else items


@dataclass(frozen=True)
class _Item:
    """The item of a node that is mapped."""


ITEM = _Item()


class Chain:
    """The nodes of a flow that the next `>>` connects to."""

    def __init__(self, flow: Flow, tails: Sequence[Node]) -> None:
        self.flow = flow
        self.tails = list(tails)

    def __rshift__(self, target: Stage) -> Chain:
        """Do the same as `link`."""
        return self.link(target)

    def link(self, target: Stage) -> Chain:
        """Let `target`, or each of a list, take what the nodes so far answer."""
        nodes = [self.flow.node_of(part) for part in as_list(target)]
        for node in nodes:
            node.after.extend(tail for tail in self.tails if tail not in node.after)
        self.flow.tails = nodes
        return Chain(self.flow, nodes)


def as_list(stage: Stage) -> list[Any]:
    """Answer the members of a list, or the only one."""
    return list(stage) if isinstance(stage, (list, tuple)) else [stage]


def start_chain(stage: Stage) -> Chain:
    """Begin a chain in the flow of the `with` block, or in that of a node. Raises `InvalidFlowError` without one."""
    parts = as_list(stage)
    owners = [part.flow for part in parts if isinstance(part, Node) and part.flow is not None]
    flow = owners[0] if owners else current_flow()
    if flow is None:
        raise InvalidFlowError(
            "a chain has to belong to a flow",
            hint='Write flow >> a >> b, or a >> b within `with Flow("name"):`.',
        )
    return Chain(flow, [flow.node_of(part) for part in parts])


def nodes_within(value: Any) -> Iterable[Node]:
    """Answer the nodes whose values are used in `value`, at any depth."""
    if isinstance(value, Node):
        yield value
    elif isinstance(value, Reference):
        yield value.node
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from nodes_within(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from nodes_within(inner)
