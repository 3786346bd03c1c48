from __future__ import annotations

import collections
import dataclasses
import datetime
import decimal
import enum
import ipaddress
import json
import math
import pathlib
import uuid
from collections.abc import Callable
from typing import Annotated, Any, Generic, Literal, NamedTuple, NewType, TypedDict, TypeVar

import numpy
import pandas
import pydantic
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sample_tasks import echo

from flowengine import Flow
from flowengine.annotations import hints_of, restore
from flowengine.errors import InvalidValueError
from flowengine.values import dump, from_json

T = TypeVar("T")


class Colour(enum.Enum):
    RED = (255, 0)
    BLUE = (0, 255)


class Size(enum.IntEnum):
    SMALL = 1


class Access(enum.Flag):
    READ = 1
    WRITE = 2


@dataclasses.dataclass
class Point:
    x: int
    label: str


@dataclasses.dataclass(frozen=True)
class Order:
    id: uuid.UUID
    day: datetime.date
    total: decimal.Decimal
    points: tuple[Point, ...] = ()
    next: Order | None = None
    checked: bool = dataclasses.field(default=False, init=False)


@dataclasses.dataclass
class Box(Generic[T]):
    first: T
    others: list[T]
    by_name: dict[str, T]


class Pair(NamedTuple):
    name: str
    when: datetime.datetime


class Row(TypedDict, total=False):
    when: datetime.date
    note: str


class Part(pydantic.BaseModel, strict=True):
    when: datetime.datetime
    raw: bytes = b""


class Whole(pydantic.BaseModel):
    parts: list[Part]
    tags: set[str] = set()
    colour: Colour = pydantic.Field(default=Colour.RED, alias="theColour")


UserId = NewType("UserId", uuid.UUID)
UTC = datetime.timezone.utc
DAY = datetime.date(2026, 1, 2)


def travel(value: Any) -> Any:
    """What JavaScript makes of numbers: whole floats are integers there."""
    return from_json(
        json.loads(dump(value), parse_float=lambda text: int(float(text)) if float(text) % 1 == 0 else float(text))
    )


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (datetime.datetime, datetime.datetime(2026, 1, 2, 3, 4, 5, 678, UTC)),
        (datetime.datetime, datetime.datetime(2026, 1, 2)),
        (datetime.date, DAY),
        (datetime.time, datetime.time(1, 2, 3, 4)),
        (datetime.timedelta, -datetime.timedelta(days=3, microseconds=1)),
        (uuid.UUID, uuid.UUID(int=7)),
        (UserId, uuid.UUID(int=7)),
        (decimal.Decimal, decimal.Decimal("0.10")),
        (decimal.Decimal, decimal.Decimal("NaN")),
        (pathlib.Path, pathlib.Path("/a/b")),
        (pathlib.PurePosixPath, pathlib.PurePosixPath("a")),
        (ipaddress.IPv4Address, ipaddress.IPv4Address("10.0.0.1")),
        (Colour, Colour.BLUE),
        (Size, Size.SMALL),
        (Access, Access.READ | Access.WRITE),
        (float, 1.0),
        (float, 1e20),
        (bytearray, bytearray(b"\x00")),
        (tuple[int, str], (1, "a")),
        (tuple[datetime.date, ...], (DAY, DAY)),
        (tuple, (1, 2)),
        (set[int], {3, 1, 2}),
        (frozenset[tuple[int, int]], frozenset({(1, 2), (2, 1)})),
        (dict[str, list[datetime.date]], {"a": [DAY]}),
        (datetime.date | None, DAY),
        (datetime.date | None, None),
        (int | datetime.date, 5),
        (Point | Order, Point(1, "x")),
        (list[Point] | None, [Point(1, "x")]),
        (Annotated[datetime.date, "day"], DAY),
        (Literal["a"], "a"),
        (
            Order,
            Order(
                uuid.UUID(int=1),
                DAY,
                decimal.Decimal(5),
                (Point(1, "a"),),
                Order(uuid.UUID(int=2), DAY, decimal.Decimal(1)),
            ),
        ),
        (Pair, Pair("x", datetime.datetime(2026, 1, 2))),
        (Row, {"when": DAY, "note": "x"}),
        (
            Whole,
            Whole(
                parts=[Part(when=datetime.datetime(2026, 1, 2), raw=b"\xff")], tags={"b", "a"}, theColour=Colour.BLUE
            ),
        ),
        (list[Part], [Part(when=datetime.datetime(2026, 1, 2))]),
        (Box[datetime.date], Box(DAY, [DAY], {"a": DAY})),
        (Box[Box[set[int]]], Box(Box({1}, [{2}], {}), [], {})),
        (collections.Counter[str], collections.Counter("aab")),
        (collections.OrderedDict[str, datetime.date], collections.OrderedDict(b=DAY, a=DAY)),
        (numpy.float32, numpy.float32(0.1)),
        (numpy.int64, numpy.int64(5)),
        (numpy.datetime64, numpy.datetime64("2026-01-02T03:04:05.000000006")),
        (pandas.Timestamp, pandas.Timestamp("2026-01-02T03:04:05.000000006Z")),
        (pandas.Timedelta, pandas.Timedelta(5, unit="ns")),
    ],
)
def test_a_value_becomes_again_what_the_annotation_says(annotation: Any, value: Any) -> None:
    made = restore(annotation, travel(value))
    assert type(made) is type(value)
    assert made == value or str(made) == str(value) == "NaN"


@pytest.mark.parametrize(
    ("annotation", "value", "why"),
    [
        (list[datetime.date], ["2026-01-02", "soon"], r'date of str \'soon\' at "\[1\]"'),
        (datetime.date, 5, "it is not text"),
        (datetime.datetime, "2026-01-02T03:04:05.000000006", "more digits than microseconds"),
        (datetime.timedelta, "1 day", "no duration such as PT1.5S"),
        (dict[str, Point], {"a": {"x": 1, "y": 2}}, r'Point of dict .* at "a": it has no field "y"'),
        (Point, {"x": 1}, "label"),
        (tuple[int, int], [1], "a tuple of 2 of list"),
        (Colour, "green", "Colour"),
        (uuid.UUID, "x", "UUID"),
        (Whole, {"parts": [{"when": 5}]}, r'datetime of int 5 at "parts\[0\].when"'),
        (int | Point, {"x": 1}, "label"),
    ],
)
def test_what_cannot_be_made_is_refused_with_its_place(annotation: Any, value: Any, why: str) -> None:
    with pytest.raises(InvalidValueError, match=why) as caught:
        restore(annotation, value)
    assert caught.value.code == "invalid_input"


@pytest.mark.parametrize(
    ("annotation", "value", "expected"),
    [
        (datetime.datetime, "2026-01-02T03:04:05Z", datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)),
        (datetime.timedelta, "P1DT2H3M4.5S", datetime.timedelta(days=1, hours=2, minutes=3, seconds=4.5)),
        (datetime.timedelta, 90, datetime.timedelta(seconds=90)),
        (dict[int, str], {"1": "a", "x": "b"}, {1: "a", "x": "b"}),
        (list[int], "text", "text"),
        (int, "5", "5"),
        (Any, [1], [1]),
        (Callable[[], int], 5, 5),
        (str | datetime.date, "2026-01-02", "2026-01-02"),
        (numpy.ndarray, 5, 5),
    ],
)
def test_values_from_elsewhere_are_understood_or_left_alone(annotation: Any, value: Any, expected: Any) -> None:
    assert restore(annotation, value) == expected


def test_annotations_that_nobody_can_find_are_left_out() -> None:
    def function(day: datetime.date, other: NotThere) -> None: ...  # type: ignore[name-defined]  # noqa: F821

    assert hints_of(function) == {"day": datetime.date, "return": type(None)} or "other" not in hints_of(function)
    assert hints_of(function)["day"] is datetime.date


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | FLOATS | TEXTS | st.binary(max_size=50)
KEYS = TEXTS | st.sampled_from(["$bytes", "$$bytes", "$file", "$$file", "type", "value", "__proto__", "1", ""])
VALUES = st.recursive(
    SCALARS, lambda part: st.lists(part, max_size=5) | st.dictionaries(KEYS, part, max_size=4), max_leaves=30
)


@settings(max_examples=300)
@given(VALUES)
def test_any_json_and_bytes_arrive_as_they_were(value: Any) -> None:
    assert travel(value) == value


@settings(max_examples=8)
@example([{"type": {}, "value": 1}, {"type": b"", "value": None}, {"type": ["String"], "value": "x"}])
@given(st.lists(VALUES | st.sampled_from(["${{ inputs.x }}", {"type": "String", "value": "x"}]), min_size=20))
def test_any_json_and_bytes_pass_through_the_engine(values: list[Any]) -> None:
    result = Flow("values").then(echo).run(value=values).raise_for_status()
    assert result.output == values


@settings(max_examples=200)
@given(
    st.lists(
        st.tuples(
            st.datetimes(timezones=st.none() | st.just(UTC)),
            st.timedeltas(),
            st.times(),
            st.decimals(allow_nan=False),
            st.uuids(),
            FLOATS,
            st.frozensets(st.integers(-100, 100) | TEXTS),
        )
    )
)
def test_typed_values_arrive_as_they_were(value: Any) -> None:
    row = tuple[
        datetime.datetime, datetime.timedelta, datetime.time, decimal.Decimal, uuid.UUID, float, frozenset[int | str]
    ]
    made = restore(list[row], travel(value))
    assert made == value
    assert all(
        type(part) is type(was)
        for one, other in zip(made, value, strict=True)
        for part, was in zip(one, other, strict=True)
    )


@settings(max_examples=200)
@given(
    st.recursive(
        SCALARS | st.floats() | st.integers() | st.text(st.characters()) | st.complex_numbers() | st.fractions(),
        lambda part: (
            st.lists(part, max_size=4) | st.dictionaries(st.integers() | KEYS | st.tuples(SCALARS), part, max_size=4)
        ),
        max_leaves=20,
    )
)
def test_values_arrive_as_they_were_or_are_refused(value: Any) -> None:
    try:
        made = travel(value)
    except InvalidValueError:
        return
    assert made == value
    assert not any(isinstance(part, float) and math.isnan(part) for part in [value])
