"""Functions that can be nodes: the `@task` decorator."""

from __future__ import annotations

import functools
import inspect
import math
import types
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, fields
from typing import Any, Generic, ParamSpec, TypeVar, cast, overload

from .callables import described_by, short_name
from .current_flow import current_flow
from .errors import InvalidFlowError
from .graph import Chain, Node, Parameters, Stage, start_chain
from .hashing import short_digest
from .location import locate
from .placement import check_env, check_placement, place

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class TaskOptions:
    """How a task runs; times are in seconds."""

    name: str | None = None
    retry: int = 0
    retry_delay: float = 1.0
    backoff: float = 2.0
    timeout: float | None = None
    cache_ttl: float | None = None
    image: str | None = None
    node_type: str | None = None
    env: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        """Raise `InvalidFlowError` for values that make no sense."""
        if type(self.retry) is not int:
            raise InvalidFlowError(f"@task(retry={self.retry!r}): it must be a whole number")
        times = {"backoff": self.backoff, "timeout": self.timeout, "cache_ttl": self.cache_ttl}
        given = {name: value for name, value in times.items() if value is not None}
        for name, value in {"retry": self.retry, "retry_delay": self.retry_delay, **given}.items():
            if not (isinstance(value, (int, float)) and math.isfinite(value)):
                raise InvalidFlowError(f"@task({name}={value!r}): it must be a finite number")
            if value < 0:
                raise InvalidFlowError(f"@task({name}={value}): it must not be negative")
        for name, value in given.items():
            if value == 0:
                raise InvalidFlowError(f"@task({name}={value}): it must be positive")
        check_placement(self.node_type, self.image)
        check_env(self.env)

    def node_fields(self) -> dict[str, Any]:
        """Answer the fields of the node that say the same."""
        fields: dict[str, Any] = {}
        if self.timeout is not None:
            fields["timeout_ms"] = max(1, round(self.timeout * 1000))
        if self.retry > 0:
            fields["retry_policy"] = {
                "max_attempts": self.retry + 1,
                "delay_ms": round(self.retry_delay * 1000),
                "backoff_multiplier": self.backoff,
            }
        if self.cache_ttl is not None:
            fields["cache"] = {"ttl_seconds": self.cache_ttl}
        return fields


_OPTION_NAMES = {option.name for option in fields(TaskOptions)}


class Task(Generic[P, R]):
    """A function that can be a node of a flow. Outside of a flow it is called as ever."""

    def __init__(self, function: Callable[P, R], options: TaskOptions) -> None:
        if not callable(function):
            raise InvalidFlowError(f"{function!r} cannot be a task: it is no function", hint="Write @task(name=...).")
        functools.update_wrapper(self, function)
        self.function = function
        self.options = options
        self.is_method = inspect.ismethod(function)
        self.name = options.name or short_name(function).strip("<>")

    # What an `async def` answers is awaited by its worker: in flows, its call stands for the value.
    @overload
    def __call__(self: Task[P, Coroutine[Any, Any, Any]], *args: P.args, **kwargs: P.kwargs) -> Any: ...
    @overload
    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R: ...
    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Within a flow: add a node, and answer it for what it will return. Elsewhere: call the function."""
        flow = current_flow()
        if flow is None:
            return self.function(*args, **kwargs)
        return flow.adopt(self.new_node(*args, **kwargs))

    def new_node(self, *args: Any, **kwargs: Any) -> Node:
        """Answer a node that calls the function; it belongs to no flow yet. Raises `InvalidFlowError`."""
        try:
            bound = inspect.signature(self.function).bind_partial(*args, **kwargs)
        except (TypeError, ValueError) as error:
            raise InvalidFlowError(f"{self.name}: {error}", hint="Pass what the function takes.") from None
        options = self.options
        config = place(locate(self.function), options.node_type, options.image, options.env)
        if options.cache_ttl is not None:
            config["revision"] = _revision(self.function)
        parameters = Parameters.of(self.function)
        return Node(
            self.name,
            "python.task",
            config=config,
            fields=options.node_fields(),
            inputs=parameters.by_name(bound.arguments, self.name),
            parameters=parameters,
            main_output="result",
            owner=self,
        )

    def map(self, items: Any = None, /, **kwargs: Any) -> list[R]:
        """Add a node that calls the function once for each of `items`: a list, a node, or an input of the flow.

        The item is the first argument that `kwargs` leaves free. The node's value is the list of the results. Without
        `items`, what comes before it in a chain (`flow >> find >> shrink.map()`) has to return them.
        """
        node = self.new_node(**kwargs)
        node.map_over(items)
        flow = current_flow()
        return cast("list[R]", node if flow is None else flow.adopt(node))

    @overload
    def __get__(self, owner: None, kind: type | None = None, /) -> Task[P, R]: ...
    @overload
    def __get__(self, owner: object, kind: type | None = None, /) -> Task[..., R]: ...
    def __get__(self, owner: object, kind: type | None = None, /) -> Any:
        """Answer the task of a method of the object `owner`, which goes along with it by value."""
        if owner is None or isinstance(self.function, staticmethod):
            return self
        return Task(types.MethodType(self.function, owner), self.options)

    def is_same(self, other: object) -> bool:
        """Whether `other` is the same: the tasks of methods are made anew whenever they are looked up."""
        return isinstance(other, Task) and self.function == other.function and self.options is other.options

    def __repr__(self) -> str:
        """Answer what it is."""
        return f"<task {self.name!r}>"

    def __rshift__(self, target: Stage) -> Chain:
        """Begin a chain in the flow of the `with` block."""
        return start_chain(self).link(target)

    def __rrshift__(self, sources: list[Stage]) -> Chain:
        """Put the task behind several others: `[a, b] >> task`."""
        return start_chain(sources).link(self)


def _revision(function: Callable[..., Any]) -> str:
    try:
        source = inspect.getsource(described_by(function))
    except (OSError, TypeError):
        source = function.__code__.co_code.hex() if hasattr(function, "__code__") else short_name(function)
    return short_digest(source)


@overload
def task(function: Callable[P, R], /) -> Task[P, R]: ...
@overload
def task(
    *,
    name: str | None = None,
    retry: int = 0,
    retry_delay: float = 1.0,
    backoff: float = 2.0,
    timeout: float | None = None,
    cache_ttl: float | None = None,
    image: str | None = None,
    node_type: str | None = None,
    env: Mapping[str, str] | None = None,
) -> Callable[[Callable[P, R]], Task[P, R]]: ...
def task(function: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """Make a function a task.

    `retry`: how often a failed call is made again, after `retry_delay` seconds, which grow by the factor `backoff` each
    time. `timeout`: seconds after which a call is ended, with its process. `cache_ttl`: seconds for which a result is
    used again for the same arguments and the same source. `name`: the id of its node; default: that of the function.
    `image`: run it in a container of this image, into which the code beside it is brought; `node_type="zypi.exec"`: in
    a microVM, `"sandbox.exec"`: in a sandbox of this machine. `env`: variables that it sees besides.
    """
    unknown = options.keys() - _OPTION_NAMES
    if unknown:
        raise InvalidFlowError(
            f"@task has no option {min(unknown)}", hint=f"Its options: {', '.join(sorted(_OPTION_NAMES))}."
        )
    settings = TaskOptions(**options)
    return Task(function, settings) if function is not None else lambda inner: Task(inner, settings)
