"""Calling a function with what the node has received."""

from __future__ import annotations

import inspect
import json
import os
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..annotations import hints_of, restore
from ..callables import short_name
from ..errors import FlowEngineError
from ..value_files import open_value_files
from ..values import dump, from_json
from .loading import find_function

_PACKAGE = str(Path(__file__).resolve().parent)
_WORKER_PID = os.getpid()
_MAX_MESSAGE = 64 * 1024
_MAX_TRACEBACK = 256 * 1024


def answer_call(call: dict[str, Any], on_loaded: Callable[[], None] = lambda: None) -> str:
    """Carry out a call and answer the message about it, as JSON. Whatever is raised becomes a message too.

    `on_loaded` is called when the function has been imported and has its arguments. In a copy of the process that the
    function has made by `fork`, it does not answer: the copy ends there.
    """
    os.environ.update(call["env"])
    try:
        function = find_function(call["module"], call["file"], call["function"], call.get("code"))
        positional, named = pick_arguments(function, from_json(call["inputs"]))
        on_loaded()
        result = function(*positional, **named)
        if inspect.iscoroutine(result):
            import asyncio

            result = asyncio.run(result)
        if _is_copy():
            sys.exit()
        files = open_value_files(takes_large=bool(call.get("by_file")))
        return f'{{"type":"result","value":{dump(result, files)}}}'
    except BaseException as error:
        if _is_copy():
            raise
        if isinstance(error, FlowEngineError):
            return json.dumps(describe_refusal(error, call["function"]))
        return json.dumps(describe_exception(error))


def _is_copy() -> bool:
    return os.getpid() != _WORKER_PID


def pick_arguments(function: Callable[..., Any], inputs: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """Answer those of `inputs` that `function` takes, by position where it has to be, made what its annotations say.

    Raises `FlowEngineError` (`invalid_input`) if one is missing.
    """
    hints = hints_of(function)
    left = dict(inputs)
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL:
            continue
        wanted = hints.get(name, Any)
        if parameter.kind is parameter.VAR_KEYWORD:
            named.update({key: restore(wanted, value, key) for key, value in left.items()})
        elif name in left:
            value = restore(wanted, left.pop(name), name)
            if parameter.kind is parameter.POSITIONAL_ONLY:
                positional.append(value)
            else:
                named[name] = value
        elif parameter.kind is parameter.POSITIONAL_ONLY and parameter.default is not parameter.empty:
            positional.append(parameter.default)
        elif parameter.default is parameter.empty:
            raise FlowEngineError(
                f'{short_name(function)}() needs "{name}", which nothing is connected to',
                code="invalid_input",
                hint=f"Pass it: flow.run({name}=...), or --set {name}=... on the command line.",
            )
    return positional, named


def describe_refusal(error: FlowEngineError, name: str) -> dict[str, Any]:
    """Answer the message about a call that we refuse; trying again would not help."""
    message = f"{name}: {error.message}"
    told = {"type": "error", "code": error.code, "message": message, "hint": error.hint, "retryable": False}
    cause = error.__cause__
    return told if cause is None else {**told, "details": describe_exception(cause)["details"]}


def describe_exception(error: BaseException) -> dict[str, Any]:
    """Answer the message about what a function has raised: its last line, and the traceback from the function on."""
    own = error.__traceback__
    while own is not None and own.tb_frame.f_code.co_filename.startswith(_PACKAGE) and own.tb_next is not None:
        own = own.tb_next
    error.__traceback__ = own
    lines = traceback.format_exception(type(error), error, own)
    last = "".join(traceback.format_exception_only(type(error), error)).strip()
    told = _shorten("".join(lines), _MAX_TRACEBACK)
    details = {"exception": type(error).__qualname__, "traceback": told}
    return {"type": "error", "code": "node_failed", "message": _shorten(last, _MAX_MESSAGE), "details": details}


def _shorten(text: str, most: int) -> str:
    """Answer the beginning and the end of what is too long for anybody to read."""
    half = most // 2
    left_out = len(text) - 2 * half
    return text if left_out <= 0 else f"{text[:half]}\n… {left_out:,} characters left out …\n{text[-half:]}"
