"""Values as they travel between nodes: JSON, and bytes as `{"$bytes": "<base64>"}`."""

from __future__ import annotations

import base64
import dataclasses
import datetime
import enum
import json
import math
import os
import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from .errors import InvalidValueError

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

MAX_VALUE_BYTES = 32 * 1024 * 1024
"""Longer texts of JSON are refused: large data belongs into files."""
MAX_DEPTH = 100
LARGEST_INTEGER = 2**53 - 1


def to_json(value: Any) -> Json:
    """Answer the JSON form of `value`.

    Dataclasses and pydantic models become objects, dates and times ISO 8601, UUIDs and paths text, enums their values,
    numpy scalars numbers, tuples lists, bytes `{"$bytes": ...}`. Raises `InvalidValueError` for all else, and for what
    JSON cannot hold: NaN, integers from 2**53, keys that are not text, circular values.
    """
    return _convert(value, "", 0)


def dump(value: Any) -> str:
    """Answer `value` as JSON text. Raises `InvalidValueError` as `to_json` does, and if it is longer than 32 MiB."""
    text = json.dumps(to_json(value), ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    if len(text) > MAX_VALUE_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_VALUE_BYTES:
        raise InvalidValueError(
            f"the value has {len(text):,} characters as JSON: the limit is 32 MiB",
            code="too_large",
            hint="Write it to a file and pass the path.",
        )
    return text


def from_json(value: Json) -> Any:
    """Answer the value that `value` is the JSON form of: bytes are bytes again, all else stays as it is."""
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, inner),) = value.items()
        if key == "$bytes" and isinstance(inner, str):
            return base64.b64decode(inner)
        if _is_escaped(key):
            return {key[1:]: from_json(inner)}
    return {key: from_json(inner) for key, inner in value.items()}


def _convert(value: Any, place: str, depth: int) -> Json:
    if value is None or value is True or value is False:
        return value
    kind = type(value)
    if kind is str:
        return _checked_text(value, place)
    if kind is int:
        return _checked_integer(value, place)
    if kind is float:
        return _checked_float(value, place)
    if depth >= MAX_DEPTH:
        raise _refusal(value, place, "it is nested more than 100 levels deep", "Make it flatter.")
    if isinstance(value, (list, tuple)):
        return [_convert(item, f"{place}[{index}]", depth + 1) for index, item in enumerate(value)]
    if isinstance(value, Mapping):
        return _convert_mapping(value, place, depth)
    return _convert_object(value, place, depth)


def _convert_mapping(value: Mapping[Any, Any], place: str, depth: int) -> Json:
    converted: dict[str, Json] = {}
    for key, inner in value.items():
        if not isinstance(key, str):
            raise _refusal(value, place, f"the key {key!r} is not text", f"Use {str(key)!r} as the key.")
        converted[str(key)] = _convert(inner, f"{place}.{key}", depth + 1)
    if len(converted) == 1:
        ((key, inner),) = converted.items()
        if key == "$bytes" or _is_escaped(key):
            return {f"${key}": inner}
    return converted


def _convert_object(value: Any, place: str, depth: int) -> Json:
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"$bytes": base64.b64encode(bytes(value)).decode("ascii")}
    if isinstance(value, enum.Enum):
        return _convert(value.value, place, depth + 1)
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (uuid.UUID, os.PathLike)):
        return _checked_text(str(value), place)
    if isinstance(value, str):
        return _checked_text(str(value), place)
    if isinstance(value, int):
        return _checked_integer(int(value), place)
    if isinstance(value, float):
        return _checked_float(float(value), place)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return _convert(fields, place, depth)
    return _convert_foreign(value, place, depth)


def _convert_foreign(value: Any, place: str, depth: int) -> Json:
    """Convert what other packages define, without importing them."""
    dump_model: Callable[..., Any] | None = getattr(value, "model_dump", None)
    if callable(dump_model) and not isinstance(value, type):
        return _convert(dump_model(mode="json"), place, depth + 1)
    package = type(value).__module__.partition(".")[0]
    if package == "numpy" and getattr(value, "shape", None) == ():
        return _convert(value.item(), place, depth + 1)
    if package in {"numpy", "pandas", "polars", "pyarrow"}:
        raise _refusal(value, place, "data of this kind does not travel as JSON", "Write it to a file, pass the path.")
    raise _refusal(value, place, "there is no JSON for it", "Return a dict, a dataclass, or text instead.")


def _checked_text(value: str, place: str) -> str:
    if value.isascii():
        return value
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise _refusal(value[:20], place, "half of a surrogate pair is not Unicode", "Pass it as bytes.") from None
    return value


def _checked_integer(value: int, place: str) -> int:
    if -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
        return value
    raise _refusal(value, place, "integers from 2**53 lose digits on their way", "Pass it as text.")


def _checked_float(value: float, place: str) -> float:
    if math.isfinite(value):
        return value
    raise _refusal(value, place, "JSON has no such number", "Use None instead.")


def _is_escaped(key: str) -> bool:
    return key.startswith("$$") and key.lstrip("$") == "bytes"


def _refusal(value: Any, place: str, why: str, hint: str) -> InvalidValueError:
    where = f' at "{place.lstrip(".")}"' if place else ""
    text = repr(value)
    shown = text if len(text) <= 40 else f"{text[:40]}…"
    message = f"cannot pass on {type(value).__name__} {shown}{where}: {why}"
    return InvalidValueError(message, code="invalid_output", hint=hint)
