"""How text and numbers become objects of the standard library, numpy and pandas."""

from __future__ import annotations

import collections
import datetime
import decimal
import ipaddress
import pathlib
import re
import uuid
from collections.abc import Callable
from typing import Any

_DURATION = re.compile(
    r"(?P<sign>[+-]?)P(?:(?P<days>\d+)D)?(?:T(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?"
    r"(?:(?P<seconds>\d+)(?:\.(?P<fraction>\d{1,9}))?S)?)?"
)
_FRACTION = re.compile(r"\.(\d+)")
_UNITS = {"days": 86_400, "hours": 3600, "minutes": 60, "seconds": 1}


def _time(wanted: Any, value: Any) -> Any:
    """Read ISO 8601 text as `isoformat` writes it, or with a Z."""
    text = _text(value)
    if getattr(wanted, "__module__", "").startswith("pandas"):
        return wanted(text)
    digits = _FRACTION.search(text)
    if digits is not None and digits[1][6:].strip("0"):
        raise ValueError("it has more digits than microseconds")
    return wanted.fromisoformat(f"{text[:-1]}+00:00" if text.endswith(("Z", "z")) else text)


def _duration(wanted: Any, value: Any) -> Any:
    """Read an ISO 8601 duration, or a number of seconds."""
    if isinstance(value, (int, float)):
        return wanted(seconds=value)
    found = _DURATION.fullmatch(_text(value))
    if found is None or not any(found[unit] for unit in _UNITS):
        raise ValueError("it is no duration such as PT1.5S")
    seconds = sum(int(found[unit] or 0) * factor for unit, factor in _UNITS.items())
    nanoseconds = int((found["fraction"] or "").ljust(9, "0"))
    sign = -1 if found["sign"] == "-" else 1
    if nanoseconds % 1000:
        if not wanted.__module__.startswith("pandas"):
            raise ValueError("it has more digits than microseconds")
        return wanted(sign * (seconds * 1_000_000_000 + nanoseconds), unit="ns")
    return wanted(seconds=sign * seconds, microseconds=sign * nanoseconds // 1000)


def _from_text(wanted: Any, value: Any) -> Any:
    return wanted(_text(value))


def _decimal(wanted: Any, value: Any) -> Any:
    return wanted(value) if type(value) is int else wanted(_text(value))


def _float(wanted: Any, value: Any) -> Any:
    """Make floats of whole numbers; what is no number at all stays, as it does in Python."""
    return wanted(value) if type(value) in (int, float) else value


def _bytes(wanted: Any, value: Any) -> Any:
    return wanted(value) if isinstance(value, bytes) else value


def _collection(wanted: Any, value: Any) -> Any:
    return wanted(value) if isinstance(value, list) else value


def _mapping(wanted: Any, value: Any) -> Any:
    return wanted(value) if isinstance(value, dict) else value


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise TypeError("it is not text")


RESTORERS: dict[type, Callable[[Any, Any], Any]] = {
    datetime.datetime: _time,
    datetime.date: _time,
    datetime.time: _time,
    datetime.timedelta: _duration,
    uuid.UUID: _from_text,
    decimal.Decimal: _decimal,
    pathlib.PurePath: _from_text,
    ipaddress.IPv4Address: _from_text,
    ipaddress.IPv6Address: _from_text,
    float: _float,
    bytearray: _bytes,
    memoryview: _bytes,
    tuple: _collection,
    set: _collection,
    frozenset: _collection,
    collections.OrderedDict: _mapping,
    collections.Counter: _mapping,
}
"""By base class, in this order: every datetime is a date."""


def restore_named(wanted: Any, value: Any) -> Any:
    """Answer a scalar of numpy for a number or text; all that is not known stays."""
    is_scalar = any((base.__module__, base.__name__) == ("numpy", "generic") for base in wanted.__mro__)
    return wanted(value) if is_scalar and isinstance(value, (bool, int, float, str, bytes)) else value
