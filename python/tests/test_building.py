from __future__ import annotations

import math
from typing import Any

import pytest
from sample_tasks import double, echo, start
from written_flows import edges, node

from flowengine import Flow, FlowBuilder, InvalidFlowError, nodes, task
from flowengine.graph import Node


def test_a_builder_connects_by_names() -> None:
    built = FlowBuilder("built").add("one", start, number=1).add("get", nodes.http("https://example.com"))
    made = built.add("show", echo).connect("one", "get").connect("get", "show", from_port="status", to_port="value")
    assert edges(made.build()) == ["one.result -> get.body", "get.status -> show.value"]
    with pytest.raises(InvalidFlowError, match='no node "two"'):
        built.connect("one", "two")
    with pytest.raises(InvalidFlowError, match=r"'len' cannot be part of a flow\n.*@task"):
        built.add("length", len)  # type: ignore[arg-type]
    with pytest.raises(InvalidFlowError, match=r'"show" has no parameter "valeu"\nIts parameters: value\.'):
        built.connect("one", "show", to_port="valeu")


def test_a_builder_refuses_a_node_of_another_flow_and_leaves_it_alone() -> None:
    with Flow("other") as other:
        get: Any = nodes.http("https://example.com")
    with pytest.raises(InvalidFlowError, match='belongs to the flow "other"'):
        FlowBuilder("built").add("mine", get, body="x")
    assert node(other, "http")["config"] == {"url": "https://example.com"}
    assert get.inputs == {}


def test_ids_are_unique_however_nodes_get_there() -> None:
    with Flow("many") as made:
        for _ in range(3):
            start(1)
        nodes.shell("true", id="start-2")
    made >> start
    assert [item["id"] for item in made.to_document()["nodes"]] == ["start", "start-2", "start-3", "start-2-2"]


def test_a_task_that_comes_again_and_again_is_not_looked_for_all_over(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = 0
    sources = Node.sources

    def count(self: Node) -> Any:
        nonlocal looks
        looks += 1
        return sources(self)

    monkeypatch.setattr(Node, "sources", count)
    made = Flow("long").then(start, *[double] * 60)
    assert len(made.nodes) == 61
    assert looks < 61 * 61


@pytest.mark.parametrize("options", [{"max_parallel": 0}, {"timeout": 0}, {"timeout": "1"}, {"on_error": "go on"}])
def test_options_of_a_flow_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    (name,) = options
    for make in (Flow, FlowBuilder):
        with pytest.raises(InvalidFlowError, match=f"{name}="):
            make("wrong", **options)


def test_blocks_of_a_flow_may_stand_within_each_other() -> None:
    with Flow("outer") as outer:
        with Flow("inner") as inner, outer:
            start(1)
        with outer:
            start(2)
        start(3)
    assert (len(outer.nodes), len(inner.nodes)) == (3, 0)
    assert start(4) == 4, "it is a call again"


def test_an_input_says_what_it_takes() -> None:
    with Flow("declared") as made:
        day = made.input("day", type="string", format="date", description="The first one")
        size = made.input("size", default=None, enum=["s", "m", None])
        echo([day, size, made.input("note", required=False)])
    assert made.to_document()["inputs"] == {
        "day": {"type": "string", "format": "date", "description": "The first one"},
        "size": {"enum": ["s", "m", None], "default": None},
        "note": {"required": False},
    }
    assert made.run(day="2026-01-02").output == ["2026-01-02", None, None]
    for given, said in (({}, '"day"'), ({"day": "tomorrow"}, "day"), ({"day": "2026-01-02", "size": "xl"}, "size")):
        with pytest.raises(InvalidFlowError, match=said):
            made.run(given)


def test_options_of_a_task_are_fields_of_its_node() -> None:
    options = task(retry=3, retry_delay=0.5, backoff=1.5, timeout=2.5, cache_ttl=60)
    made = Flow("options").then(options(start.function))
    found = node(made, "start")
    assert found["retry_policy"] == {"max_attempts": 4, "delay_ms": 500, "backoff_multiplier": 1.5}
    assert (found["timeout_ms"], found["cache"]) == (2500, {"ttl_seconds": 60})
    with pytest.raises(InvalidFlowError, match="must be positive"):
        task(timeout=0)


def test_only_tasks_and_nodes_can_be_part_of_a_flow() -> None:
    with pytest.raises(InvalidFlowError, match="@task"):
        Flow("plain").then(print)


def test_options_that_tasks_do_not_have_or_that_make_no_sense_are_refused() -> None:
    wrong: list[dict[str, Any]] = [
        {"retries": 3},
        {"retry": "3"},
        {"retry": 1.5},
        {"retry": -1},
        {"timeout": math.nan},
        {"timeout": math.inf},
        {"timeout": 0},
        {"retry_delay": -1},
    ]
    for options in wrong:
        with pytest.raises(InvalidFlowError, match=next(iter(options))):
            task(**options)
    with pytest.raises(InvalidFlowError, match="no function"):
        task("name")  # type: ignore[call-overload]
