"""Functions that cannot be imported, because they are lambdas, within others, or typed in: they travel by value.

`cloudpickle` writes them, as it does for Dask, Ray and Prefect. What is unpickled is what the workflow runs anyway, the
user's own code; values are never pickled.
"""

from __future__ import annotations

import base64
import collections
import importlib.util
import inspect
import io
import linecache
import os
import pickle
import sys
import types
import zlib
from collections.abc import Callable
from typing import Any

from .callables import described_by
from .errors import FlowEngineError, InvalidFlowError
from .hashing import short_digest

MAX_CODE_BYTES = 4 * 1024 * 1024
_PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"


class FunctionCode:
    """A function that goes into the document by value, with what it uses at the time when the flow is run."""

    def __init__(self, function: Callable[..., Any], name: str) -> None:
        if importlib.util.find_spec("cloudpickle") is None:
            raise InvalidFlowError(
                f'"{name}" cannot be a task yet: workers cannot import it, and cloudpickle is not installed',
                hint='Install it: pip install "flowengine[notebook]"; or define the function in a module.',
            )
        self._function = function
        self._name = name

    def text(self) -> str:
        """Answer the code. Raises `InvalidFlowError` if it uses what cannot be pickled, or too much."""
        try:
            pickled = _pickle(self._function)
        except Exception as error:
            raise self._refusal(error) from None
        packed = zlib.compress(pickled)
        if len(packed) > MAX_CODE_BYTES:
            raise InvalidFlowError(
                f'"{self._name}" cannot be a task: with all that it uses it has {len(packed) / 2**20:.1f} MiB, '
                f"and the limit is {MAX_CODE_BYTES / 2**20:.0f} MiB",
                hint="Pass large data as an argument.",
            )
        return f"{_PYTHON}:{base64.b64encode(packed).decode('ascii')}"

    def _refusal(self, error: Exception) -> InvalidFlowError:
        try:
            used = inspect.getclosurevars(described_by(self._function))
        except TypeError:
            # It is not written in Python.
            used = inspect.ClosureVars({}, {}, {}, set())
        culprits = [name for name, value in {**used.nonlocals, **used.globals}.items() if not _is_picklable(value)]
        what = f'it uses "{culprits[0]}", which' if culprits else "it uses what"
        return InvalidFlowError(
            f'"{self._name}" cannot be a task: {what} cannot be passed to a worker: {error}',
            hint="Make it within the function, or define both in a module.",
        )


def load_function(code: str) -> Callable[..., Any]:
    """Answer the function that `FunctionCode.text` has written. Raises `FlowEngineError` if this Python cannot."""
    version, _, packed = code.partition(":")
    if version != _PYTHON:
        raise FlowEngineError(
            f"the code is of Python {version}, and this is {_PYTHON}",
            code="invalid_config",
            hint="Run it with the same Python, or define the function in a module.",
        )
    function, sources = pickle.loads(zlib.decompress(base64.b64decode(packed)))
    for name, text in sources.items():
        # So that tracebacks show the lines.
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    return function  # type: ignore[no-any-return]


def _pickle(function: Callable[..., Any]) -> bytes:
    import cloudpickle

    sources: dict[str, str] = {}
    reduce_code = cloudpickle.CloudPickler.dispatch_table[types.CodeType]

    # Cells are called by what stands in them: their own names are others in every session.
    rename = {types.CodeType: lambda code: reduce_code(_renamed(code, sources))}
    table = collections.ChainMap(rename, cloudpickle.CloudPickler.dispatch_table)
    pickler_type = type("Pickler", (cloudpickle.CloudPickler,), {"dispatch_table": table})
    target = io.BytesIO()
    pickler_type(target).dump((function, sources))
    return target.getvalue()


def _renamed(code: types.CodeType, sources: dict[str, str]) -> types.CodeType:
    name = code.co_filename
    if os.path.isfile(name):
        return code
    text = "".join(linecache.getlines(name))
    new_name = f"<typed in {short_digest(text)}>"
    sources[new_name] = text
    return code.replace(co_filename=new_name)


def _is_picklable(value: Any) -> bool:
    try:
        _pickle(value)
    except Exception:
        return False
    return True
