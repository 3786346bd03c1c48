"""Finding functions in the modules of users."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import FlowEngineError
from ..function_code import load_function
from ..process_role import FlowStarted

_modules: dict[str, ModuleType] = {}


_MAX_FUNCTIONS = 256

_functions: dict[str, Callable[..., Any]] = {}


def find_function(module: str | None, file: str | None, name: str, code: str | None = None) -> Callable[..., Any]:
    """Answer the function `name` of a module or a file, which is imported the first time, or the one that `code` is.

    A script that runs a flow at its top level is imported only as far as that: all that its tasks need stands before.
    Raises `FlowEngineError` if the function is not there, and whatever the import raises.
    """
    if code is not None:
        return _function_of(code)
    place = module or str(file)
    target: Any = _modules.get(place)
    if target is None:
        target = _modules[place] = _import_module(module) if module is not None else _import_file(Path(str(file)))
    for part in name.split("."):
        target = getattr(target, part, None)
    function = getattr(target, "function", target)
    if callable(function):
        return function  # type: ignore[no-any-return]
    raise FlowEngineError(
        f'"{place}" has no function "{name}"',
        code="invalid_config",
        hint='Define it at the top level, before the first flow.run(), not under `if __name__ == "__main__":`.',
    )


def _function_of(code: str) -> Callable[..., Any]:
    function = _functions.get(code)
    if function is None:
        if len(_functions) >= _MAX_FUNCTIONS:
            _functions.clear()
        function = _functions[code] = load_function(code)
    return function


def _import_module(name: str) -> ModuleType:
    known = sys.modules.get(name)
    if known is not None:
        return known
    parent = name.rpartition(".")[0]
    if parent:
        importlib.import_module(parent)
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    return _execute(spec)


def _import_file(path: Path) -> ModuleType:
    """Import a script under a name of its own, so that what it does only as `__main__` is left out."""
    if not path.is_file():
        raise FlowEngineError(
            f'"{path}" is not a file', code="invalid_config", hint="Correct the path, or workdir if it is relative."
        )
    spec = importlib.util.spec_from_file_location(f"__flow_{path.stem}__", path)
    if spec is None:
        raise FlowEngineError(f'"{path}" is not a Python file', code="invalid_config", hint="Name it `NAME.py`.")
    return _execute(spec)


def _execute(spec: ModuleSpec) -> ModuleType:
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        if spec.loader is not None:
            spec.loader.exec_module(module)
    except FlowStarted:
        pass
    except BaseException:
        del sys.modules[spec.name]
        raise
    return module
