from __future__ import annotations

import dataclasses
import datetime
import enum
import json
import math
import pathlib
import uuid
from typing import Any

import pydantic
import pytest

from flowengine.errors import InvalidValueError
from flowengine.values import dump, from_json, to_json


class Colour(enum.Enum):
    RED = "red"


@dataclasses.dataclass
class Point:
    x: int
    label: str


class Model(pydantic.BaseModel):
    day: datetime.date
    secret: bytes = b""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"a": [1, 2.5, None, True, "grün"]}, {"a": [1, 2.5, None, True, "grün"]}),
        ((1, (2, 3)), [1, [2, 3]]),
        (b"\x00\xff", {"$bytes": "AP8="}),
        (Point(1, "here"), {"x": 1, "label": "here"}),
        (Colour.RED, "red"),
        (datetime.datetime(2026, 1, 2, 3, 4, tzinfo=datetime.timezone.utc), "2026-01-02T03:04:00+00:00"),
        (datetime.date(2026, 1, 2), "2026-01-02"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (pathlib.PurePosixPath("a/b"), "a/b"),
        (Model(day=datetime.date(2026, 1, 2)), {"day": "2026-01-02", "secret": {"$bytes": ""}}),
        ({"$bytes": 1}, {"$$bytes": 1}),
    ],
)
def test_to_json_converts(value: Any, expected: Any) -> None:
    assert to_json(value) == expected


@pytest.mark.parametrize("value", [b"raw", {"deep": [b"raw", {"$bytes": "not bytes"}]}, {"$$bytes": [b""]}, "text"])
def test_from_json_is_the_way_back(value: Any) -> None:
    assert from_json(json.loads(dump(value))) == value


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"rows": [2**53]}, r'int 9007199254740992 at "rows\[0\]": integers from 2\*\*53 lose digits'),
        (math.nan, "JSON has no such number"),
        ({1: 2}, "the key 1 is not text"),
        (object, "there is no JSON for it"),
        ("\ud800", "surrogate"),
    ],
)
def test_to_json_refuses_what_would_change(value: Any, why: str) -> None:
    with pytest.raises(InvalidValueError, match=why):
        to_json(value)


def test_to_json_refuses_circular_values() -> None:
    circular: list[Any] = []
    circular.append(circular)
    with pytest.raises(InvalidValueError, match="more than 100 levels"):
        to_json(circular)


def test_dump_refuses_what_is_too_large() -> None:
    with pytest.raises(InvalidValueError, match="limit is 32 MiB") as caught:
        dump("x" * 100_000_000)
    assert caught.value.code == "too_large"


def test_floats_that_have_become_integers_on_their_way_are_floats_again() -> None:
    made = from_json([100000000000000000000, -9007199254740992, 9007199254740991])
    assert [type(number) for number in made] == [float, float, int]
    assert from_json(json.loads(dump(made))) == made
