"""Where a worker finds a function again."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .errors import InvalidFlowError


def locate(function: Callable[..., Any]) -> dict[str, Any]:
    """Answer the config of a `python.task` that calls `function` with this very Python and its module path.

    Raises `InvalidFlowError` for a function that cannot be imported: a lambda, one within another, one of a notebook.
    """
    name = function.__qualname__
    if "<" in name:
        raise InvalidFlowError(
            f'"{name}" cannot be a task: workers could not import it',
            hint="Define it with `def` at the top level of a module.",
        )
    return {
        **_module_of(function, name),
        "function": name,
        "python": sys.executable,
        "path": _module_path(),
        "env_passthrough": ["*"],
    }


def _module_of(function: Callable[..., Any], name: str) -> dict[str, str]:
    if function.__module__ != "__main__":
        return {"module": function.__module__}
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None:
        return {"module": str(spec.name)}
    file = getattr(main, "__file__", None)
    if file is not None and Path(file).is_file():
        return {"file": str(Path(file).resolve())}
    raise InvalidFlowError(
        f'"{name}" cannot be a task: what is typed into an interpreter or a notebook cannot be imported',
        hint="Put it into a file, and import it from there.",
    )


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
