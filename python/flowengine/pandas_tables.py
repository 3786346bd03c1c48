"""pandas objects as Arrow tables that become exactly the same again."""

from __future__ import annotations

import json
from typing import Any

import pandas
import pyarrow

from .json_types import refusal

_KEY = b"flowengine"
_HINT = "Give each column one type, or pass it as a list of dicts."


def to_table(frame: Any, place: str) -> Any:
    """Answer the table of a data frame. Raises `InvalidValueError` for one that Arrow cannot hold exactly."""
    return _to_table(frame, frame, place, {})


def series_to_table(series: Any, place: str) -> Any:
    """Answer a table of one column. Raises `InvalidValueError` for what Arrow cannot hold exactly."""
    return _to_table(series, series.to_frame(), place, {"has_name": series.name is not None})


def to_frame(table: Any) -> Any:
    """Answer the data frame that `to_table` was given."""
    facts = json.loads((table.schema.metadata or {}).get(_KEY, b"{}"))
    # Columns that are only views of the table could not be written to.
    frame = table.to_pandas().copy()
    for place in facts.get("objects", []):
        column = pandas.Series(table.column(place).to_pylist(), dtype=object, index=frame.index)
        frame.isetitem(place, column)
    for axis in ("index", "columns"):
        setattr(frame, axis, _restore_index(getattr(frame, axis), facts.get(axis, {})))
    return frame


def to_series(table: Any) -> Any:
    """Answer the series that `series_to_table` was given."""
    series = to_frame(table).iloc[:, 0]
    if not json.loads(table.schema.metadata[_KEY])["has_name"]:
        series.name = None
    return series


def _to_table(value: Any, frame: Any, place: str, facts: dict[str, Any]) -> Any:
    try:
        table = pyarrow.Table.from_pandas(frame)
    except (pyarrow.ArrowException, TypeError, ValueError, OverflowError, AttributeError, KeyError) as error:
        why = f"Arrow cannot hold it: {str(error).splitlines()[0]}"
        raise refusal(value, place, why, _HINT) from None
    objects = [place for place, dtype in enumerate(frame.dtypes) if pandas.api.types.is_object_dtype(dtype)]
    facts = {**facts, "objects": objects, "index": _describe(frame.index), "columns": _describe(frame.columns)}
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), _KEY: json.dumps(facts)})
    change = _change(frame, to_frame(table))
    if change is not None:
        raise refusal(value, place, f"Arrow would change {change}", _HINT)
    return table


def _describe(index: Any) -> dict[str, Any]:
    """Answer what Arrow forgets of an index."""
    if isinstance(index, pandas.RangeIndex):
        return {"range": [index.start, index.stop, index.step]}
    if isinstance(index, (pandas.DatetimeIndex, pandas.TimedeltaIndex)) and index.freq is not None:
        return {"freq": str(index.freq.freqstr)}
    return {"dtype": "object"} if index.dtype == object and not isinstance(index, pandas.MultiIndex) else {}


def _restore_index(index: Any, facts: dict[str, Any]) -> Any:
    if "range" in facts:
        return pandas.RangeIndex(*facts["range"], name=index.name)
    if "freq" in facts:
        index.freq = facts["freq"]
    return index.astype(object) if "dtype" in facts else index


def _change(before: Any, after: Any) -> str | None:
    """Answer what is not the same any more."""
    if not _is_same_index(before.columns, after.columns):
        return "the names of the columns"
    if not _is_same_index(before.index, after.index):
        return "the index"
    if before.attrs != after.attrs:
        return "the attrs"
    for place, name in enumerate(before.columns):
        one, other = before.iloc[:, place], after.iloc[:, place]
        if one.dtype != other.dtype or not one.equals(other) or not _is_same(one, other):
            return f'the column "{name}"'
    return None


def _is_same_index(one: Any, other: Any) -> bool:
    return type(one) is type(other) and one.dtype == other.dtype and one.identical(other) and _is_same(one, other)


def _is_same(one: Any, other: Any) -> bool:
    """Whether objects have the same types too: None is not NaN, and 1 not 1.0."""
    if one.dtype != object:
        return True
    return all(_is_same_object(left, right) for left, right in zip(one, other, strict=True))


def _is_same_object(left: Any, right: Any) -> bool:
    if type(left) is not type(right):
        return False
    if isinstance(left, (list, tuple)):
        return len(left) == len(right) and all(map(_is_same_object, left, right))
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(_is_same_object(part, right[key]) for key, part in left.items())
    is_same = left is right or left == right or (left != left and right != right)
    return is_same is True
