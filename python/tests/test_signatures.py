"""What kinds of functions can be tasks, and what parameters they may have."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from sample_tasks import numbers, start
from signature_tasks import Counter, LaterCounter, join, name_types, shift_by_two

from flowengine import Flow, InvalidFlowError, flow, task

DAY = datetime.date(2026, 1, 2)


def output_of(made: Flow, **inputs: Any) -> Any:
    return made.run(**inputs).raise_for_status().output


def test_arguments_that_can_only_be_given_by_position_are() -> None:
    with Flow("calls") as made:
        join(join("a"), third="d")
    assert made.run().outputs == {"join": "abc", "join-2": "abcbd"}
    assert output_of(Flow("chain").then(start, task(name="show")(lambda value, /: value + 1)), number=1) == 2
    assert output_of(Flow("inputs").then(join), first="x", second="y") == "xyc"


def test_items_may_be_what_is_given_by_position() -> None:
    with Flow("map") as made:
        join.map(["x", "y"])
    assert output_of(made) == ["xbc", "ybc"]


def test_flow_functions_may_take_inputs_by_position_only() -> None:
    @flow
    def letters(first: str, second: str = "2", /, *, third: str = "3") -> str:
        return join(first, second, third=third)

    assert [letters("1").output, letters("1", "x", third="y").output] == ["123", "1xy"]
    assert output_of(letters, first="0") == "023"


def test_a_parameter_and_another_argument_of_the_same_name_are_refused() -> None:
    def collide(first: int, /, **others: int) -> None: ...

    with Flow("twice"), pytest.raises(InvalidFlowError, match='two values are called "first"'):
        task(collide)(1, first=2)


def test_arguments_without_a_parameter_of_their_own_become_what_their_annotation_says() -> None:
    with Flow("others") as made:
        name_types(day=DAY)
    assert output_of(made) == {"day": "date"}


def test_methods_are_called_as_ever_and_take_their_object_along() -> None:
    counter = Counter(5)
    assert [counter.count(2), counter.nothing(), Counter.nothing()] == [110, 0, 0]
    with Flow("methods") as made:
        counter.count(3)
    assert output_of(made) == 115
    assert output_of(Flow("plain").then(task(LaterCounter(5).count.function))) == 205


def test_the_method_of_an_object_is_one_node_of_a_chain() -> None:
    counter = Counter(1)
    made = Flow("chains")
    made >> numbers >> task(name="first")(lambda values: values[0]) >> counter.count
    made >> counter.count >> task(name="negate")(lambda value: -value)
    assert output_of(made, count=1) == -100
    assert len(made.nodes) == 4


def test_class_methods_know_the_class_that_they_are_taken_from() -> None:
    assert output_of(Flow("own").then(task(Counter.count_once))) == 101
    assert output_of(Flow("inherited").then(task(LaterCounter.count_once))) == 201


def test_partial_functions_and_objects_that_can_be_called_are_tasks() -> None:
    shift = task(cache_ttl=60)(shift_by_two)
    assert output_of(Flow("partial").then(shift), day=DAY) == datetime.date(2026, 1, 4)
    assert output_of(Flow("object").then(task(Counter(7))), day=DAY) == "7 2026"
    assert [shift.name, task(Counter(7)).name] == ["shift", "Counter"]


def test_functions_that_are_not_written_in_python_are_tasks_if_they_tell_their_parameters() -> None:
    assert output_of(Flow("length").then(task(cache_ttl=60)(len)), obj=[1, 2]) == 2
    with Flow("largest"), pytest.raises(InvalidFlowError, match="max: no signature"):
        task(max)(1)  # type: ignore[call-arg]
