"""Objects of the standard library and of some packages, as what JSON has. Their packages are not imported for that."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import ipaddress
import os
import uuid
from collections.abc import Callable
from typing import Any

from .json_types import refusal

NOT_CONVERTED: Any = object()
"""Says that there is nothing simpler for an object."""

_AS_TEXT = (uuid.UUID, decimal.Decimal, ipaddress.IPv4Address, ipaddress.IPv6Address)
_URL_TYPES = {"AnyUrl", "Url", "MultiHostUrl"}


def to_plain(value: Any, place: str) -> Any:
    """Answer what stands for `value`, one level deep, or `NOT_CONVERTED`. Raises `InvalidValueError`."""
    if isinstance(value, type):
        return NOT_CONVERTED
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return _time_text(value, place)
    if isinstance(value, datetime.timedelta):
        return _duration_text(value)
    if isinstance(value, _AS_TEXT):
        return str(value)
    if isinstance(value, os.PathLike):
        path = os.fspath(value)
        return path if isinstance(path, str) else NOT_CONVERTED
    for base in (str, int, float):
        if isinstance(value, base):
            return base(value) if base is not str else str.__str__(value)
    if isinstance(value, range):
        return list(value)
    if dataclasses.is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return _foreign(value, place)


def _time_text(value: Any, place: str) -> str:
    text = str(value.isoformat())
    if text == "NaT":
        raise refusal(value, place, "JSON has no such time", "Use None instead.")
    return text


def _duration_text(value: datetime.timedelta) -> str:
    """Answer an ISO 8601 duration in seconds, with all digits."""
    nanoseconds = int(getattr(value, "nanoseconds", 0))
    whole = (value.days * 86_400 + value.seconds) * 1_000_000_000 + value.microseconds * 1000 + nanoseconds
    seconds, rest = divmod(abs(whole), 1_000_000_000)
    fraction = f".{rest:09d}".rstrip("0") if rest else ""
    return f"{'-' if whole < 0 else ''}PT{seconds}{fraction}S"


def _foreign(value: Any, place: str) -> Any:
    kind = type(value)
    package = kind.__module__.partition(".")[0]
    dump_model: Callable[..., Any] | None = getattr(value, "model_dump", None)
    if callable(dump_model):
        return _dump_model(dump_model)
    if package == "numpy" and getattr(value, "shape", None) == () and kind.__name__ != "ndarray":
        return _numpy_scalar(value, place)
    if package in {"pydantic", "pydantic_core"} and (
        kind.__name__ in _URL_TYPES or any(base.__name__ in _URL_TYPES for base in kind.__mro__)
    ):
        return str(value)
    return NOT_CONVERTED


def _dump_model(dump_model: Callable[..., Any]) -> Any:
    """Answer the fields of a pydantic model as Python objects: its own JSON would hide secrets and make NaN null."""
    try:
        return dump_model(mode="python", round_trip=True, serialize_as_any=True)
    except TypeError:
        return dump_model(mode="python", round_trip=True)


def _numpy_scalar(value: Any, place: str) -> Any:
    kind = type(value).__name__
    if kind == "datetime64":
        return _numpy_time(value, place)
    if kind in {"timedelta64", "void"}:
        raise refusal(value, place, "there is no JSON for it", "Use datetime.timedelta, a dict, or an array.")
    plain = value.item()
    return plain if type(plain) in (bool, int, float, str, bytes) else NOT_CONVERTED


def _numpy_time(value: Any, place: str) -> str:
    text = str(value)
    if text == "NaT":
        raise refusal(value, place, "JSON has no such time", "Use None instead.")
    return text
