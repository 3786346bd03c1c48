"""Finding functions in the modules of users."""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import socket
import sys
from collections.abc import Callable
from importlib.machinery import ModuleSpec, SourceFileLoader, SourcelessFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from ..errors import FlowEngineError
from ..function_code import load_function
from ..process_role import SCRIPT_MODULE, importing
from .logs import may_set_up_logging

MODULES_VARIABLE = "FLOWENGINE_MODULES"
"""Tells processes that functions start by `multiprocessing` what their worker has imported."""

_modules: dict[str, ModuleType] = {}
_places: list[tuple[str | None, str | None]] = []

_MAX_FUNCTIONS = 256
_SHOWN_FOLDERS = 3

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
        target = _modules[place] = _import(module, file)
        _places.append((module, file))
        os.environ[MODULES_VARIABLE] = json.dumps(_places)
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


def import_again() -> None:
    """Import what the worker has that has started this process, each as far as its first flow, as there."""
    for module, file in json.loads(os.environ.get(MODULES_VARIABLE, "[]")):
        _import(module, file)


def _function_of(code: str) -> Callable[..., Any]:
    function = _functions.get(code)
    if function is None:
        if len(_functions) >= _MAX_FUNCTIONS:
            _functions.clear()
        function = _functions[code] = load_function(code)
    return function


def _import(module: str | None, file: str | None) -> ModuleType:
    try:
        return _import_module(module) if module is not None else _import_file(Path(str(file)))
    except ModuleNotFoundError as error:
        raise _missing_module(module or str(file), error) from error


def _missing_module(place: str, error: ModuleNotFoundError) -> FlowEngineError:
    """Answer the error about a module that is not on this machine, which need not be the one the flow comes from."""
    name = error.name or place
    in_image = "or run the task in an image that has it: @task(image=...)."
    if f"{place}.".startswith(f"{name}."):
        folders = ", ".join(os.path.abspath(folder) for folder in sys.path[:_SHOWN_FOLDERS])
        why = f'no "{name}" in {folders}, ...'
        hint = f"Put it there, name its folder (FlowClient(url, server_path=[...])), {in_image}"
    else:
        why = f'it needs "{name}", which is not installed'
        hint = f"Install it there for {sys.executable}, {in_image}"
    message = f'cannot import "{place}" on "{socket.gethostname()}": {why}'
    return FlowEngineError(message, code="invalid_config", hint=hint)


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
            f'"{path}" is not a file on "{socket.gethostname()}"',
            code="invalid_config",
            hint="Put it there, name its folder there (FlowClient(url, server_path=[...])), or correct the path.",
        )
    name = SCRIPT_MODULE.format(path.stem)
    # A script may be called as it likes.
    kind = SourcelessFileLoader if path.suffix == ".pyc" else SourceFileLoader
    spec = ModuleSpec(name, kind(name, str(path)), origin=str(path))
    spec.has_location = True
    return _execute(spec)


def _execute(spec: ModuleSpec) -> ModuleType:
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    try:
        if spec.loader is not None:
            with importing(str(spec.origin)), may_set_up_logging():
                spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[spec.name]
        raise
    return module
