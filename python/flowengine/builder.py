"""Flows that programs put together by names."""

from __future__ import annotations

from typing import Any

from .errors import InvalidFlowError
from .flow_settings import OnError
from .flows import Flow
from .graph import Node, Reference, not_a_node
from .tasks import Task


class FlowBuilder:
    """Builds a flow node by node: `FlowBuilder("etl").add("a", load).add("b", store).connect("a", "b").build()`."""

    def __init__(
        self,
        name: str,
        *,
        description: str | None = None,
        max_parallel: int | None = None,
        timeout: float | None = None,
        on_error: OnError | None = None,
    ) -> None:
        """Name it, with the options of `Flow`."""
        self._flow = Flow(name, description=description, max_parallel=max_parallel, timeout=timeout, on_error=on_error)
        self._nodes: dict[str, Node] = {}

    def add(self, id: str, what: Task[..., Any] | Node, **inputs: Any) -> FlowBuilder:
        """Add a task with arguments, or a node, under an id.

        Raises `InvalidFlowError` if the id is taken, or if the node belongs to another flow.
        """
        if id in self._nodes:
            raise InvalidFlowError(f'there are two nodes "{id}"', hint="Give one of them another id.")
        if not isinstance(what, (Task, Node)):
            raise not_a_node(what)
        node = what.new_node(**inputs) if isinstance(what, Task) else what
        if node.flow is None:
            node.id = id
        else:
            # Another flow's is refused before it is changed.
            self._flow.rename(self._flow.adopt(node), id)
        if not isinstance(what, Task):
            node.inputs.update(inputs)
        self._nodes[id] = self._flow.adopt(node)
        return self

    def connect(
        self, source: str, target: str, *, from_port: str | None = None, to_port: str | None = None
    ) -> FlowBuilder:
        """Let `target` take what `source` answers; without `to_port` as in a chain. Raises `InvalidFlowError`."""
        node, other = self._find(source), self._find(target)
        port = to_port or (other.main_input if from_port is not None else None)
        known = other.parameters
        if port is not None and known is not None and not known.has(port):
            names = ", ".join([*known.required, *known.optional]) or "none"
            raise InvalidFlowError(f'"{target}" has no parameter "{port}"', hint=f"Its parameters: {names}.")
        if port is not None:
            other.inputs[port] = Reference(node, from_port or node.main_output)
        elif from_port is not None:
            raise InvalidFlowError(f'"{source}" to "{target}": to_port is missing', hint="Say which port takes it.")
        else:
            other.after.append(node)
        return self

    def build(self) -> Flow:
        """Answer the flow."""
        return self._flow

    def _find(self, id: str) -> Node:
        try:
            return self._nodes[id]
        except KeyError:
            known = ", ".join(self._nodes) or "none"
            raise InvalidFlowError(f'there is no node "{id}"', hint=f"Add it first; there are: {known}.") from None
