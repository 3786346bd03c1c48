"""What can be called besides functions: methods of objects, `functools.partial`, objects with `__call__`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any


def short_name(function: Callable[..., Any]) -> str:
    """Answer what to call it, without the place that it stands in."""
    while isinstance(function, functools.partial):
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))


def described_by(function: Callable[..., Any]) -> Callable[..., Any]:
    """Answer the function whose source and annotations are those of `function`."""
    while isinstance(function, functools.partial):
        function = function.func
    if hasattr(function, "__qualname__") or isinstance(function, type):
        return function
    return type(function).__call__


def is_importable(function: Callable[..., Any]) -> bool:
    """Whether a module has it by its name, as far as that can be told without a look: objects are of this process."""
    name, module = getattr(function, "__qualname__", None), getattr(function, "__module__", None)
    if not (isinstance(name, str) and isinstance(module, str)) or "<" in name:
        return False
    if not inspect.ismethod(function):
        return True
    # One of an object, or of a class that has inherited it, is not what is found under its name.
    owner = function.__self__
    return isinstance(owner, type) and (owner.__module__, f"{owner.__qualname__}.{function.__name__}") == (module, name)
