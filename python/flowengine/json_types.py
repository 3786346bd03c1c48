"""What JSON and the engine, whose numbers are doubles, can hold."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

from .errors import InvalidValueError

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

LARGEST_INTEGER = 2**53 - 1
FILE_KEY = "$file"
"""The only key of an object that stands for a file."""


def checked_text(value: str, place: str) -> str:
    """Answer a text, or refuse it (`InvalidValueError`) if it is not Unicode."""
    if value.isascii():
        return value
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise refusal(value[:20], place, "half of a surrogate pair is not Unicode", "Pass it as bytes.") from None
    return value


def checked_integer(value: int, place: str) -> int:
    """Answer an integer, or refuse it (`InvalidValueError`) if a double cannot hold it."""
    if -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
        return value
    raise refusal(value, place, "integers from 2**53 lose digits on their way", "Pass it as text.")


def checked_float(value: float, place: str) -> float:
    """Answer a float, or refuse it (`InvalidValueError`) if it is no number."""
    if math.isfinite(value):
        return value
    raise refusal(value, place, "JSON has no such number", "Use None instead.")


def refusal(value: Any, place: str, why: str, hint: str) -> InvalidValueError:
    """Answer the error about a value that cannot travel."""
    message = f"cannot pass on {type(value).__name__} {shown(value)}{at(place)}: {why}"
    return InvalidValueError(message, code="invalid_output", hint=hint)


def at(place: str) -> str:
    """Answer where in a value something stands, for messages."""
    return f' at "{place.lstrip(".")}"' if place else ""


def shown(value: Any) -> str:
    """Answer the beginning of what Python shows of a value."""
    try:
        text = value if isinstance(value, str) else repr(value)
        text = repr(text[:60]) if isinstance(value, str) else text
    except Exception:
        return "(without a repr)"
    line = " ".join(text[:200].split())
    return line if len(line) <= 40 else f"{line[:40]}…"
