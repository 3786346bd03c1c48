"""Flows: nodes, how they hang together, and how to run them."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from .current_flow import building
from .declared_input import NO_DEFAULT, DeclaredInput, InputFormat, InputType
from .document import check_portable, guard_tags, takes_files, to_document
from .drawing import Drawing, GraphFormat, draw
from .embedded import EmbeddedExecution
from .errors import FlowEngineError, InvalidFlowError
from .execution import Execution, FlowView, run_in_loop, run_to_end, start_here
from .expressions import path_of
from .flow_settings import OnError, to_settings
from .given_inputs import check_inputs
from .graph import Chain, InputReference, Node, Stage, identities_before, not_a_node
from .outputs import answers_of
from .process_role import check_may_run
from .program import run_program
from .progress import open_progress
from .result import FlowResult
from .server_choice import client_from_environment
from .tasks import Task
from .value_files import ValueFiles, open_value_files
from .value_pruning import prune_values
from .values import to_json

if TYPE_CHECKING:
    from .client import FlowClient


class Flow:
    """A workflow of tasks and built-in nodes.

    `flow >> a >> [b, c] >> d` and `with flow:` add nodes; `run` runs them.
    """

    def __init__(
        self,
        name: str,
        *,
        description: str | None = None,
        max_parallel: int | None = None,
        timeout: float | None = None,
        on_error: OnError | None = None,
    ) -> None:
        """Name it; nothing runs yet. Raises `InvalidFlowError` for options that make no sense.

        `max_parallel`: how many nodes may run at the same time (10). `timeout`: seconds for a whole execution, without
        a limit if there is none. `on_error`: what becomes of the rest when a node has failed for good.
        """
        if not name:
            raise InvalidFlowError("a flow needs a name")
        self.name = name
        self.description = description
        self.settings = to_settings(max_parallel, timeout, on_error)
        self.nodes: list[Node] = []
        self.inputs: dict[str, DeclaredInput] = {}
        self.tails: list[Node] = []
        self._ids: dict[str, int] = {}
        self._blocks: list[contextlib.AbstractContextManager[None]] = []

    def __rshift__(self, target: Stage) -> Chain:
        """Begin a chain with nodes that receive the inputs of the flow."""
        return Chain(self, []).link(target)

    def then(self, *stages: Stage) -> Flow:
        """Go on behind the nodes that were added last, one stage after the other; a list is a stage of several."""
        chain = Chain(self, self.tails)
        for stage in stages:
            chain = chain.link(stage)
        return self

    def __enter__(self) -> Flow:
        """Let calls of tasks add nodes to this flow until the end of the block."""
        block = building(self)
        block.__enter__()
        self._blocks.append(block)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let calls of tasks be what they were before the block."""
        self._blocks.pop().__exit__(kind, error, trace)

    def input(
        self,
        name: str,
        *,
        type: InputType | None = None,
        default: Any = NO_DEFAULT,
        required: bool | None = None,
        enum: Sequence[Any] | None = None,
        format: InputFormat | None = None,
        description: str | None = None,
    ) -> Any:
        """Declare an input of the flow, and answer what stands for it in calls of tasks.

        Without a `default` it is required, unless `required=False` makes it None then. What is not of the `type`, not
        in `enum`, or, as a text, not of the `format` is refused before anything runs.
        """
        self.inputs[name] = DeclaredInput(type, default, required, enum, format, description)
        return InputReference(name)

    def adopt(self, node: Node) -> Node:
        """Add a node, and those whose values it uses. One of another flow is refused (`InvalidFlowError`)."""
        if node.flow is self:
            return node
        if node.flow is not None:
            raise InvalidFlowError(f'"{node.id}" belongs to the flow "{node.flow.name}"', hint="Make another node.")
        node.flow = self
        for source in node.sources():
            self.adopt(source)
        self.rename(node, node.id)
        self.nodes.append(node)
        return node

    def rename(self, node: Node, id: str) -> None:
        """Give a node an id; with a number behind it if another one has it already."""
        free, number = id, self._ids.get(id, 1)
        while free in self._ids:
            number += 1
            free = f"{id}-{number}"
        self._ids[id] = number
        self._ids.setdefault(free, 1)
        node.id = free

    def node_of(self, part: Any, *, behind: Sequence[Node] = ()) -> Node:
        """Answer the node of a task in chains of this flow, or adopt a node.

        A task that `behind` waits for already comes again as another node.
        """
        if isinstance(part, Node):
            return self.adopt(part)
        if not isinstance(part, Task):
            raise not_a_node(part)
        known = [node for node in self.nodes if node.owner is part or (part.is_method and part.is_same(node.owner))]
        earlier = identities_before(behind) if known else set()
        for node in known:
            if id(node) not in earlier:
                return node
        return self.adopt(part.new_node())

    def to_document(self, files: ValueFiles | None = None) -> dict[str, Any]:
        """Answer the workflow document; with `files`, for this machine. Raises `InvalidFlowError`, `InvalidValueError`.

        Functions that cannot be imported are in it by value, for the same version of Python.
        """
        if not self.nodes:
            raise InvalidFlowError(f'flow "{self.name}" has no nodes', hint="Add some: flow >> task.")
        return to_document(self, files)

    def to_callable_document(self) -> dict[str, Any]:
        """Answer the document for `nodes.call`: its output `output` is the value of the last task."""
        last = self._last_node()
        return {**self.to_document(), "outputs": {"output": f"${{{{ {path_of(last)} }}}}"}}

    def to_json(self, *, indent: int | None = 2) -> str:
        """Answer the workflow document as text."""
        return json.dumps(self.to_document(), indent=indent, ensure_ascii=False)

    def save(self, path: str | Path) -> Path:
        """Write the document to a file that `flow run` runs; it names the modules and the Python of this machine.

        Raises `InvalidFlowError` for functions of notebooks and others that cannot be imported.
        """
        check_portable(self)
        target = Path(path)
        target.write_text(self.to_json() + "\n", encoding="utf-8")
        return target

    def validate(self) -> None:
        """Let the engine check the flow. Raises `InvalidFlowError` with all that it finds."""
        run_program(["validate", "-"], self.to_json())

    def visualize(self, format: GraphFormat = "ascii") -> Drawing:
        """Answer a drawing of the flow: text to print, which notebooks show as a picture."""
        return draw(self.to_json(), format)

    def __repr__(self) -> str:
        """Answer what it is."""
        return f"<Flow {self.name!r} with {len(self.nodes)} nodes>"

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        """Show the flow as a picture in notebooks; as text where it cannot be drawn yet."""
        try:
            return self.visualize()._repr_mimebundle_()
        except FlowEngineError:
            return {"text/plain": repr(self)}

    def run(
        self,
        given: Mapping[str, Any] | None = None,
        /,
        *,
        db: str | Path | None = None,
        store: bool = True,
        progress: bool | None = None,
        client: FlowClient | None = None,
        **inputs: Any,
    ) -> FlowResult:
        """Run the flow to its end, with the keyword arguments as its inputs. Ctrl-C cancels it.

        Inputs that are called like an option can be `given` as a dict, which comes first.
        What becomes of it is in the result; `raise_for_status` makes an exception of a failure. `db` is the database
        for the history, `store=False` keeps none, `progress` shows what happens (default: for terminals, notebooks).
        With `client`, or with a server in `FLOWENGINE_URL`, it runs there.
        Raises `InvalidFlowError`, `EngineNotFoundError`, and `FlowEngineError` if it could not be started.
        """
        return run_to_end(self._launch({**(given or {}), **inputs}, db, store, progress, client))

    async def run_async(
        self,
        given: Mapping[str, Any] | None = None,
        /,
        *,
        db: str | Path | None = None,
        store: bool = True,
        progress: bool | None = None,
        client: FlowClient | None = None,
        **inputs: Any,
    ) -> FlowResult:
        """Do the same as `run` without blocking the event loop; cancelling the coroutine cancels the execution."""
        return await run_in_loop(self._launch({**(given or {}), **inputs}, db, store, progress, client))

    def submit(
        self,
        given: Mapping[str, Any] | None = None,
        /,
        *,
        db: str | Path | None = None,
        store: bool = True,
        progress: bool | None = False,
        client: FlowClient | None = None,
        **inputs: Any,
    ) -> Execution:
        """Start the flow, and answer a handle to follow, cancel and await it."""
        return start_here(self._launch({**(given or {}), **inputs}, db, store, progress, client))

    def _launch(
        self,
        inputs: dict[str, Any],
        db: str | Path | None,
        store: bool,
        progress: bool | None,
        client: FlowClient | None,
    ) -> Callable[[], Execution]:
        """Check and prepare a run, and answer what starts it."""
        check_may_run()
        client = client or client_from_environment()
        if client is not None and (db is not None or not store):
            raise InvalidFlowError(
                f'"{client.url}" keeps the history itself: db and store are for runs here',
                hint="Leave them out, or unset FLOWENGINE_URL.",
            )
        is_here = client is None or client.is_on_this_machine
        files = open_value_files(takes_large=True) if is_here else None
        if files is not None:
            prune_values(files.folder)
        document = self.to_document(files)
        check_inputs(self, inputs)
        kept = open_value_files(takes_large=takes_files(self)) if is_here else None
        given = {name: to_json(value, kept) for name, value in inputs.items()}
        shown = open_progress(progress, self.name, [node.id for node in self.nodes])
        view = FlowView(answers_of(self.nodes), self._last_node().id, shown)
        if client is not None:
            return client.launcher(document, given, view)
        options = [*([] if store else ["--no-store"]), *([] if db is None else ["--db", str(db)])]
        text = json.dumps(document, ensure_ascii=False)
        return lambda: EmbeddedExecution(text, guard_tags(given), options, view)

    def _last_node(self) -> Node:
        """Answer the last node whose value no other uses."""
        used = {id(source) for node in self.nodes for source in (*node.after, *node.sources())}
        return ([node for node in self.nodes if id(node) not in used] or self.nodes)[-1]
