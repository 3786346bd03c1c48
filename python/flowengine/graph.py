"""Nodes and how they hang together."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from .current_flow import current_flow
from .errors import InvalidFlowError
from .pending import Pending, refuse_part

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
    takes_more: bool = False

    @staticmethod
    def of(function: Callable[..., Any]) -> Parameters:
        """Answer those of `function`."""
        known = inspect.signature(function).parameters.values()
        named = [parameter for parameter in known if parameter.kind not in _REST]
        return Parameters(
            tuple(parameter.name for parameter in named if parameter.default is parameter.empty),
            tuple(parameter.name for parameter in named if parameter.default is not parameter.empty),
            any(parameter.kind is parameter.VAR_KEYWORD for parameter in known),
            any(parameter.kind is parameter.VAR_POSITIONAL for parameter in known),
        )

    def has(self, name: str) -> bool:
        """Whether a value of that name can be connected."""
        return self.takes_any or name in self.required or name in self.optional

    def by_name(self, arguments: Mapping[str, Any], name: str) -> dict[str, Any]:
        """Answer bound arguments by port. Raises `InvalidFlowError` for those that have no name."""
        ports: dict[str, Any] = {}
        for key, value in arguments.items():
            if key in self.required or key in self.optional:
                ports[key] = value
            elif self.takes_any and isinstance(value, dict):
                twice = ports.keys() & value.keys()
                if twice:
                    raise InvalidFlowError(f'{name}: two values are called "{min(twice)}"', hint="Rename a parameter.")
                ports.update(value)
            else:
                raise InvalidFlowError(f"{name}: values for *{key} cannot be connected", hint="Pass one list instead.")
        return ports


_REST = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True, eq=False)
class Reference(Pending):
    """A value that there will be: an output of a node, or a part of it."""

    node: Node
    port: str
    path: tuple[str | int, ...] = ()

    def __getitem__(self, key: str | int) -> Any:
        """Answer the part of the value that has a key, or a place in a list."""
        return Reference(self.node, self.port, (*self.path, _checked_key(key)))

    @property
    def pending_name(self) -> str:
        """The id of its node."""
        return self.node.id


@dataclass(frozen=True, eq=False)
class InputReference(Pending):
    """A value that there will be: an input of the flow."""

    name: str

    def __getitem__(self, key: Any) -> Any:
        """Refuse to have parts."""
        refuse_part(self, key)

    @property
    def pending_name(self) -> str:
        """The name of the input."""
        return self.name


@dataclass(frozen=True)
class Verbatim:
    """A part of the document as it is, with expressions that are meant, and the values that they name."""

    value: Any
    named: tuple[Any, ...] = ()


class _NoItems:
    """Says that a node maps over what comes before it in a chain."""


@dataclass(eq=False)
class Node(Pending):
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

    def __getitem__(self, key: str | int) -> Any:
        """Answer the value of an output port; of a task, the part of its value that has this key or place."""
        if self.parameters is not None:
            return Reference(self, self.main_output)[key]
        if not isinstance(key, str):
            raise InvalidFlowError(f'"{self.id}" has no output {key!r}', hint='Name an output: node["output"][0].')
        return Reference(self, key)

    @property
    def pending_name(self) -> str:
        """Its id."""
        return self.id

    def __repr__(self) -> str:
        """Answer what it is."""
        return f"<{self.node_type} node {self.id!r}>"

    def __rshift__(self, target: Stage) -> Chain:
        """Connect to what comes next."""
        return start_chain(self).link(target)

    def __rrshift__(self, sources: list[Stage]) -> Chain:
        """Put the node behind several others."""
        return start_chain(sources).link(self)

    def sources(self) -> Iterable[Node]:
        """Answer the nodes whose values it was given, by calls; those before it in chains are in `after`."""
        return nodes_within([self.inputs, self.config, self.fields, self.items])

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
        nodes = [self.flow.node_of(part, behind=self.tails) for part in as_list(target)]
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


def identities_before(tails: Iterable[Node]) -> set[int]:
    """Answer the identities (`id()`) of `tails` and of all nodes that they wait for."""
    seen: set[int] = set()
    pending = list(tails)
    while pending:
        node = pending.pop()
        if id(node) not in seen:
            seen.add(id(node))
            pending += [*node.after, *node.sources()]
    return seen


def not_a_node(part: Any) -> InvalidFlowError:
    """Answer the error about what is neither a task nor a node."""
    what = f"{getattr(part, '__name__', part)!r}"
    return InvalidFlowError(f"{what} cannot be part of a flow", hint="Decorate the function with @task().")


def _checked_key(key: Any) -> str | int:
    if isinstance(key, (str, int)) and not isinstance(key, bool):
        return key
    raise InvalidFlowError(f"a value has no part {key!r}", hint="Name a key, or a place in a list.")


def nodes_within(value: Any) -> Iterable[Node]:
    """Answer the nodes whose values are used in `value`, at any depth."""
    if isinstance(value, Node):
        yield value
    elif isinstance(value, Reference):
        yield value.node
    elif isinstance(value, Verbatim):
        yield from nodes_within(value.named)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from nodes_within(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from nodes_within(inner)


def parts_within(value: Any) -> Iterable[Reference]:
    """Answer the references in `value` to parts of values, at any depth."""
    if isinstance(value, Reference) and value.path:
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from parts_within(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from parts_within(inner)
