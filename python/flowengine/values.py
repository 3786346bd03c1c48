"""Values as they travel between nodes: JSON, with bytes as `{"$bytes": "<base64>"}` and large data as files.

What is not JSON becomes it in one agreed way, and `annotations.restore` makes it again what a function wants. What
would come back as something else is refused, with its place in the value.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from .data_formats import is_data
from .errors import InvalidValueError
from .json_types import FILE_KEY, LARGEST_INTEGER, Json, checked_float, checked_integer, checked_text, refusal
from .objects import NOT_CONVERTED, to_plain
from .pending import Pending
from .value_files import LARGE_BYTES, ValueFiles, is_reference, load_reference

__all__ = ["MAX_VALUE_BYTES", "Json", "dump", "from_json", "to_json"]

MAX_VALUE_BYTES = 32 * 1024 * 1024
"""Longer texts of JSON are refused where they cannot be files."""
MAX_DEPTH = 100


def to_json(value: Any, files: ValueFiles | None = None) -> Json:
    """Answer the JSON form of `value`.

    docs/python.md has the table of what becomes what. Arrays, data frames and tables become files in `files`, and so
    do long texts and bytes if `files` takes them. Raises `InvalidValueError` for all else, and for what JSON cannot
    hold: NaN, integers from 2**53, keys that are not text, circular values.
    """
    return _Converter(files).convert(value, "", 0)


def dump(value: Any, files: ValueFiles | None = None) -> str:
    """Answer `value` as JSON text. Raises `InvalidValueError` as `to_json` does, and if it is longer than 32 MiB."""
    text = to_text(to_json(value, files))
    size = len(text) if text.isascii() else len(text.encode())
    if files is not None and files.takes_large and size > LARGE_BYTES:
        return to_text(files.keep_bytes("json", text.encode()))
    if size > MAX_VALUE_BYTES:
        raise InvalidValueError(
            f"the value has {size:,} bytes as JSON: the limit is 32 MiB",
            code="too_large",
            hint="Write it to a file and pass the path.",
        )
    return text


def to_text(value: Json) -> str:
    """Answer JSON as text without spaces."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def from_json(value: Json) -> Any:
    """Answer the value that `value` is the JSON form of: bytes are bytes again, and files are read.

    Integers from 2**53 were floats: the engine knows only doubles. Raises `InvalidValueError` if a file is not there.
    """
    if isinstance(value, list):
        return [from_json(item) for item in value]
    if type(value) is int:
        return value if -LARGEST_INTEGER <= value <= LARGEST_INTEGER else float(value)
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((key, inner),) = value.items()
        if key == "$bytes" and isinstance(inner, str):
            return base64.b64decode(inner)
        if _is_escaped(key):
            return {key[1:]: from_json(inner)}
        if is_reference(value):
            return load_reference(value, from_json)
    return {key: from_json(inner) for key, inner in value.items()}


class _Converter:
    """Makes JSON of values; `place` is where a value stands in the whole."""

    def __init__(self, files: ValueFiles | None) -> None:
        self._files = files
        self._takes_large = files is not None and files.takes_large

    def convert(self, value: Any, place: str, depth: int) -> Json:
        if value is None or value is True or value is False:
            return value
        kind = type(value)
        if kind is str:
            return self._text(value, place)
        if kind is int:
            return checked_integer(value, place)
        if kind is float:
            return checked_float(value, place)
        if depth >= MAX_DEPTH:
            raise refusal(value, place, "it is nested more than 100 levels deep", "Make it flatter.")
        if isinstance(value, (list, tuple)):
            return [self.convert(item, f"{place}[{index}]", depth + 1) for index, item in enumerate(value)]
        if isinstance(value, Mapping):
            return self._mapping(value, place, depth)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return self._bytes(bytes(value))
        if isinstance(value, (set, frozenset)):
            return self._set(value, place, depth)
        return self._object(value, place, depth)

    def _text(self, value: str, place: str) -> Json:
        checked_text(value, place)
        if self._files is not None and self._takes_large and len(value) > LARGE_BYTES:
            return self._files.keep_bytes("str", value.encode())
        return value

    def _bytes(self, value: bytes) -> Json:
        if self._files is not None and self._takes_large and len(value) > LARGE_BYTES:
            return self._files.keep_bytes("bytes", value)
        return {"$bytes": base64.b64encode(value).decode("ascii")}

    def _set(self, value: Any, place: str, depth: int) -> Json:
        """Convert in an order that is the same every time."""
        items = [self.convert(item, f"{place}{{…}}", depth + 1) for item in value]
        return sorted(items, key=to_text)

    def _mapping(self, value: Mapping[Any, Any], place: str, depth: int) -> Json:
        converted: dict[str, Json] = {}
        for key, inner in value.items():
            if not isinstance(key, str):
                raise refusal(value, place, f"the key {key!r} is not text", f"Use {str(key)!r} as the key.")
            name = str.__str__(key)
            converted[checked_text(name, place)] = self.convert(inner, f"{place}.{name}", depth + 1)
        if len(converted) != 1:
            return converted
        ((name, part),) = converted.items()
        if name == "$bytes" or _is_escaped(name):
            return {f"${name}": part}
        if is_reference(converted):
            raise refusal(value, place, f'with the only key "{FILE_KEY}" it stands for a file', "Use another key.")
        return converted

    def _object(self, value: Any, place: str, depth: int) -> Json:
        if isinstance(value, Pending):
            why, hint = "it has no value yet", "Pass it as an argument, or in a list or a dict."
            raise refusal(value, place, why, hint)
        plain = to_plain(value, place)
        if plain is not NOT_CONVERTED:
            return self.convert(plain, place, depth + 1)
        kept = None if self._files is None else self._files.keep_data(value, place)
        if kept is not None:
            return kept
        if is_data(value):
            why = "data of this kind travels only as a file, and there can be none here"
            raise refusal(value, place, why, "Write it to a file and pass the path, or load it within a task.")
        raise refusal(value, place, "there is no JSON for it", "Return a dict, a dataclass, or text instead.")


def _is_escaped(key: str) -> bool:
    return key.startswith("$$") and key.lstrip("$") == "bytes"
