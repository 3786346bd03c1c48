from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sample_tasks import double, echo, negate, numbers, start, total

from flowengine import Flow, InvalidFlowError, expression, nodes
from flowengine.graph import Node

EVERY_NODE: dict[str, Callable[[], Node]] = {
    "shell.exec": lambda: nodes.shell("cat", ["a"], stdin="x"),
    "sandbox.exec": lambda: nodes.sandbox("cat", ["a"], inputs={"stdin": "x", "NAME": "y"}, network=True),
    "docker.run": lambda: nodes.docker("busybox", ["true"], inputs={"data": 1}, memory_limit="64m"),
    "zypi.exec": lambda: nodes.zypi(["true"], session_id="s", inputs={"stdin": "x"}),
    "zypi.session_create": lambda: nodes.zypi_session(image="ubuntu:24.04"),
    "zypi.session_close": lambda: nodes.zypi_close("s"),
    "flow.call": lambda: nodes.call(Flow("inner").then(start, double), inputs={"number": 1}),
    "browser.render": lambda: nodes.render(html="<p>", mode="text", sandbox="local"),
    "api.call": lambda: nodes.script("print(1)", packages=["requests"], inputs={"name": "x"}),
    "http.request": lambda: nodes.http("http://localhost/", method="POST"),
    "transform.json_parse": lambda: nodes.json_parse("1"),
    "transform.json_stringify": lambda: nodes.json_stringify({"a": 1}, pretty=False),
    "time.delay": lambda: nodes.delay(0.1),
    "debug.log": lambda: nodes.log("message", level="warn", more=1),
    "control.if": lambda: nodes.condition(True, "value"),
    "control.switch": lambda: nodes.switch("a", {"one": "a"}, value=1, default="other"),
}


def node_types() -> list[str]:
    command = f"{os.environ['FLOW_BIN']} nodes --json"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=120, check=True)
    return [node["type"] for node in json.loads(done.stdout)]


def test_there_is_a_function_for_every_node_type() -> None:
    assert sorted(EVERY_NODE) == sorted({*node_types()} - {"python.task"})
    with Flow("all") as made:
        for make in EVERY_NODE.values():
            make()
    assert [node.node_type for node in made.nodes] == list(EVERY_NODE)
    made.validate()


def test_a_condition_sends_a_value_one_of_two_ways() -> None:
    with Flow("condition") as made:
        count: Any = start(number=made.input("n"))
        way = nodes.condition(expression("{} > 3 and {kind} = 'x'", count, kind=made.input("kind")), count)
        double(way["then"])
        negate(way["else"])
    assert dict(made.run(n=4, kind="x").outputs) == {"start": 4, "condition": {"then": 4}, "double": 8}
    assert dict(made.run(n=4, kind="y").outputs) == {"start": 4, "condition": {"else": 4}, "negate": -4}


def test_a_switch_sends_a_value_one_of_several_ways() -> None:
    with Flow("switch") as made:
        way = nodes.switch(made.input("on"), {"one": 1, "two": 2}, value=21, default="other")
        double(way["two"])
        negate(way["other"])
    assert made.run(on=2)["double"] == 42
    assert made.run(on="?")["negate"] == -21


def test_a_flow_calls_another_one() -> None:
    inner = Flow("inner").then(numbers, double.map(), total)
    with Flow("outer") as made:
        echo(nodes.call(inner, inputs={"count": start(4)}))
    assert made.run().output == 12


def test_a_flow_calls_a_saved_one(tmp_path: Path) -> None:
    Flow("inner").then(numbers, total).save(tmp_path / "inner.json")
    with Flow("outer") as made:
        echo(nodes.call(tmp_path / "inner.json", inputs={"count": 4})["total"]["result"])
    assert made.run().output == 6


def test_a_node_runs_only_when_an_expression_holds() -> None:
    with Flow("when") as made:
        nodes.node("time.delay", {"delay_ms": 0}, when=expression("{} > 3", made.input("n")))
    assert list(made.run(n=4).outputs) == ["delay"]
    assert list(made.run(n=1).outputs) == []
    with pytest.raises(InvalidFlowError, match='needs the input "n"'):
        made.run()


def test_expressions_hold_only_values_that_there_will_be() -> None:
    with pytest.raises(InvalidFlowError, match="3 is no value of a node"):
        expression("{} > 3", 3)
    with pytest.raises(InvalidFlowError, match="write other braces twice"):
        expression('{"a": 1}')


def test_drawings_are_text_in_a_terminal_and_pictures_in_a_notebook() -> None:
    made = Flow("drawn").then(start, [double, negate])
    drawing = made.visualize()
    assert "┌" in drawing
    assert repr(drawing) == str(drawing)
    bundle = drawing._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg")
    assert bundle == made._repr_mimebundle_()
    assert made.visualize("svg")._repr_mimebundle_()["image/svg+xml"] == bundle["image/svg+xml"]
    assert Flow("empty")._repr_mimebundle_() == {"text/plain": "<Flow 'empty' with 0 nodes>"}
