"""Where a worker finds a function again."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .function_code import FunctionCode
from .process_role import SCRIPT_MODULE


def locate(function: Callable[..., Any]) -> dict[str, Any]:
    """Answer the config of a `python.task` that calls `function` with this very Python and its module path.

    What cannot be imported goes by value: a lambda, one within another, one of a notebook or an interpreter.
    Raises `InvalidFlowError` if the package for that is missing.
    """
    name = function.__qualname__
    return {
        **_place_of(function, name),
        "function": name,
        "python": sys.executable,
        "path": _module_path(),
        "env_passthrough": ["*"],
    }


def _place_of(function: Callable[..., Any], name: str) -> dict[str, Any]:
    if "<" in name:
        return {"code": FunctionCode(function, name)}
    if function.__module__ != "__main__":
        script = getattr(sys.modules.get(function.__module__), "__file__", None)
        is_script = script is not None and function.__module__ == SCRIPT_MODULE.format(Path(script).stem)
        return {"file": script} if is_script else {"module": function.__module__}
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return {"module": str(spec.name)}
    file = getattr(main, "__file__", None)
    if file is not None and Path(file).is_file():
        return {"file": str(Path(file).resolve())}
    return {"code": FunctionCode(function, name)}


def _module_path() -> list[str]:
    """Answer the folders that this process imports from, without those that every start of this Python has."""
    own = {os.path.realpath(path) for path in sysconfig.get_paths().values()}
    entries = [os.path.abspath(entry) for entry in sys.path]
    return [
        entry
        for entry in dict.fromkeys(entries)
        if os.path.isdir(entry) and not any(_is_within(os.path.realpath(entry), folder) for folder in own)
    ]


def _is_within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder + os.sep)
