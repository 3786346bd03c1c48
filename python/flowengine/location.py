"""Where a worker finds a function again."""

from __future__ import annotations

import functools
import inspect
import os
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .callables import is_importable, short_name
from .function_code import FunctionCode
from .process_role import SCRIPT_MODULE

_SCRIPTS = {"__main__", "__mp_main__"}
"""What Python calls the module of a script; the second one in processes that `multiprocessing` starts."""


def locate(function: Callable[..., Any]) -> dict[str, Any]:
    """Answer the config of a `python.task` that calls `function` with this very Python and its module path.

    What cannot be imported goes by value: a lambda, one within another, one of a notebook or an interpreter.
    Raises `InvalidFlowError` if the package for that is missing.
    """
    name = getattr(function, "__qualname__", None) or short_name(function)
    return {
        **_place_of(function, name),
        "function": name,
        "python": sys.executable,
        "path": _module_path(),
        "env_passthrough": ["*"],
    }


def _place_of(function: Callable[..., Any], name: str) -> dict[str, Any]:
    if not is_importable(function):
        return {"code": FunctionCode(function, name)}
    module = function.__module__
    if module not in _SCRIPTS and "<" not in module:
        script = getattr(sys.modules.get(module), "__file__", None)
        is_script = script is not None and module == SCRIPT_MODULE.format(Path(script).stem)
        return {"file": script} if is_script else {"module": module}
    scope = _scope_of(function)
    spec = scope.get("__spec__")
    if spec is not None and spec.name != "__main__":
        return {"module": str(spec.name)}
    file = scope.get("__file__")
    if file is not None and Path(file).is_file():
        return {"file": str(Path(file).resolve())}
    return {"code": FunctionCode(function, name)}


def _scope_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Answer the variables of the script that `function` is from; under a profiler, that is not the main module."""
    scope: dict[str, Any] = getattr(inspect.unwrap(function), "__globals__", {})
    return scope if scope.get("__name__") == function.__module__ else vars(sys.modules["__main__"])


def _module_path() -> list[str]:
    """Answer where this process imports from, folders and archives, without what every start of this Python has."""
    entries = tuple(dict.fromkeys(os.path.abspath(entry) for entry in sys.path))
    return [entry for entry in _without_installed(entries) if os.path.exists(entry)]


@functools.lru_cache(maxsize=1)
def _without_installed(entries: tuple[str, ...]) -> tuple[str, ...]:
    """Answer those of `entries` that are not of this Python. Flows of many tasks ask for each of them."""
    installed = {os.path.realpath(path) for path in sysconfig.get_paths().values()}
    return tuple(
        entry for entry in entries if not any(_is_within(os.path.realpath(entry), folder) for folder in installed)
    )


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + os.sep)
