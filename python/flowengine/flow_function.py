"""Functions that describe flows: the `@flow` decorator."""

from __future__ import annotations

import functools
import inspect
from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Generic, ParamSpec, overload

from .current_flow import building, current_flow
from .errors import InvalidFlowError
from .flow_settings import OnError
from .flows import Flow
from .graph import Node, Parameters

P = ParamSpec("P")


class FlowFunction(Flow, Generic[P]):
    """A flow that a function describes; calling it runs it."""

    def __init__(self, function: Callable[..., Any], name: str, **options: Any) -> None:
        super().__init__(name, description=inspect.getdoc(function), **options)
        if inspect.iscoroutinefunction(function):
            raise InvalidFlowError(
                f'"{name}" cannot be async: a flow function is called once, to describe a graph',
                hint="Write def; its tasks may be async, and `await flow.run_async()` runs it.",
            )
        self._function = function
        functools.update_wrapper(self, function)
        parameters = Parameters.of(function)
        signature = inspect.signature(function)
        with building(self):
            inputs = {key: self.input(key) for key in parameters.required}
            inputs |= {key: self.input(key, default=signature.parameters[key].default) for key in parameters.optional}
            # In the order in which the function has them, as it wants them: some only by position.
            arguments = {key: inputs[key] for key in signature.parameters if key in inputs}
            bound = inspect.BoundArguments(signature, OrderedDict(arguments))
            self._answer = function(*bound.args, **bound.kwargs)
        if not (self._answer is None or (isinstance(self._answer, Node) and self._answer.flow is self)):
            raise InvalidFlowError(
                f'flow "{name}" returns {self._answer!r}, which is no value of one of its tasks',
                hint="Return what the call of a task has answered, or nothing.",
            )
        self.tails = list(self.nodes[-1:])

    def _last_node(self) -> Node:
        return self._answer if isinstance(self._answer, Node) else super()._last_node()

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Run the flow, and answer its `FlowResult`. Raises `ExecutionFailedError` if it does not succeed.

        Within another flow: add its tasks to that one, and answer what stands for the value that it returns.
        """
        if current_flow() is not None:
            return self._function(*args, **kwargs)
        return self.run(inspect.signature(self._function).bind(*args, **kwargs).arguments).raise_for_status()


@overload
def flow(function: Callable[P, Any], /) -> FlowFunction[P]: ...
@overload
def flow(
    *,
    name: str | None = None,
    max_parallel: int | None = None,
    timeout: float | None = None,
    on_error: OnError | None = None,
) -> Callable[[Callable[P, Any]], FlowFunction[P]]: ...
def flow(function: Callable[..., Any] | None = None, /, *, name: str | None = None, **options: Any) -> Any:
    """Make a flow of a function that calls tasks. It is called once, with what stands for the inputs.

    `name`: default: that of the function, whose docstring is the description. The other options are those of `Flow`.
    """
    if function is None:
        return lambda inner: FlowFunction(inner, name or inner.__name__, **options)
    return FlowFunction(function, name or function.__name__, **options)
