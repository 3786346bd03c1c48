from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sample_tasks import add, double, echo, negate, nothing, numbers, scale, start, subtract, total
from written_flows import edges, local_node, node

from flowengine import Flow, InvalidFlowError, InvalidValueError, flow, nodes, task


def test_a_chain_passes_each_value_to_the_first_parameter() -> None:
    made = Flow("chain")
    made >> start >> double >> negate
    assert edges(made) == ["start.result -> double.value", "double.result -> negate.value"]


def test_several_values_go_to_the_parameters_in_order() -> None:
    made = Flow("diamond")
    made >> start >> [double, negate] >> add
    assert edges(made)[2:] == ["double.result -> add.a", "negate.result -> add.b"]


def test_values_go_to_parameters_that_are_called_like_their_tasks() -> None:
    made = Flow("names")
    made >> start >> [double, negate] >> subtract
    assert sorted(edges(made)[2:]) == ["double.result -> subtract.double", "negate.result -> subtract.negate"]


def test_several_values_for_one_parameter_become_a_list() -> None:
    made = Flow("list")
    made >> start >> [double, negate] >> total
    assert node(made, "total")["inputs"] == {"values": ["${{ nodes.double.result }}", "${{ nodes.negate.result }}"]}


def test_a_task_that_takes_nothing_only_waits() -> None:
    made = Flow("order").then(start, nothing)
    assert node(made, "nothing")["depends_on"] == ["start"]


def test_parameters_that_nothing_is_connected_to_are_inputs_of_the_flow() -> None:
    made = Flow("inputs").then(start, scale)
    assert node(made, "scale")["inputs"] == {"factor": "${{ inputs.factor }}"}
    with pytest.raises(InvalidFlowError, match='needs the input "number"'):
        made.run(factor=2)


def test_too_many_values_for_the_parameters_are_an_error() -> None:
    made = Flow("unclear").then(start, [double, negate, echo], add)
    with pytest.raises(InvalidFlowError, match=r"gets 3 values .* for 2 parameters"):
        made.to_document()


def test_values_for_arguments_without_names_are_an_error() -> None:
    def anything(*values: int) -> None:
        """Take any number of values."""

    with pytest.raises(InvalidFlowError, match="one list instead"):
        Flow("rest").then(start, task(anything)).to_document()
    with Flow("rest"), pytest.raises(InvalidFlowError, match="one list instead"):
        task(anything)(1, 2)


def test_calls_within_a_with_block_are_nodes() -> None:
    with Flow("calls") as made:
        first = start(number=made.input("n", default=1))
        add(a=double(first), b=scale(first, factor=10))
    assert made.to_document()["inputs"] == {"n": {"default": 1}}
    assert "double.result -> add.a" in edges(made)
    assert node(made, "scale")["inputs"] == {"factor": 10}
    assert double(4) == 8


def test_the_same_task_may_be_called_several_times() -> None:
    with Flow("twice") as made:
        double(double(start(1)))
    assert [node["id"] for node in made.to_document()["nodes"]] == ["start", "double", "double-2"]


def test_text_that_looks_like_an_expression_stays_text() -> None:
    with Flow("literal") as made:
        echo({"text": "${{ inputs.x }}", "tagged": {"type": "String", "value": "x"}})
    value = node(made, "echo")["inputs"]["value"]
    assert value["text"] == "$${{ inputs.x }}"
    assert value["tagged"] == {"type": "Object", "value": {"type": "String", "value": "x"}}


@pytest.mark.parametrize("value", ["${{ inputs.x }}", "$${{", {"type": "String", "value": "${{ x }}"}, [b"\0"]])
def test_defaults_of_inputs_arrive_as_they_are(value: Any) -> None:
    with Flow("defaults") as made:
        echo(made.input("given", default=value))
    assert made.run().raise_for_status().output == value
    assert made.run(given=value).output == value


def test_values_that_are_not_there_yet_may_stand_in_objects_of_any_keys() -> None:
    with Flow("objects") as made:
        echo({"type": "Number", "value": double(2)})
        echo([{"$bytes": double(2)}])
    outputs = made.run().raise_for_status().outputs
    assert (outputs["echo"], outputs["echo-2"]) == ({"type": "Number", "value": 4}, [{"$bytes": 4}])
    with Flow("keys") as made:
        echo({1: double(2)})
    with pytest.raises(InvalidValueError, match="the key 1 is not text"):
        made.to_document()


def test_values_that_are_not_there_yet_cannot_stand_in_sets() -> None:
    with Flow("sets") as made:
        echo({double(2)})
    with pytest.raises(InvalidValueError, match="it has no value yet"):
        made.to_document()


def test_builtin_nodes_take_part_in_chains() -> None:
    made = Flow("builtin")
    made >> nodes.http("https://example.com") >> echo >> nodes.shell("cat")
    assert edges(made) == ["http.body -> echo.value", "echo.result -> shell.stdin"]


def test_large_results_are_files_where_only_python_reads_them() -> None:
    with Flow("readers") as made:
        total(double.map(numbers(start(1))))
    inline = {id for id in ("start", "numbers", "double", "total") if "by_file" not in local_node(made, id)["config"]}
    assert inline == {"numbers"}, "the engine reads what is mapped over"
    made = Flow("container").then(start, task(image="python:3-slim")(echo.function))
    assert "by_file" not in local_node(made, "start")["config"]
    made = Flow("shell").then(start, nodes.shell("cat"))
    assert "by_file" not in local_node(made, "start")["config"]
    assert "by_file" not in node(Flow("saved").then(start, double), "start")["config"]


def test_values_that_are_not_there_yet_cannot_be_used_in_python() -> None:
    with Flow("too early"):
        value: Any = start(1)
        with pytest.raises(InvalidFlowError, match="has no value yet"):
            bool(value)
        with pytest.raises(InvalidFlowError, match=r"task\.map"):
            list(value)
        with pytest.raises(InvalidFlowError, match="within a task"):
            f"the value is {value}"
        for part in (value["key"], nodes.shell("true")["output"]):
            with pytest.raises(InvalidFlowError, match="has no value yet"):
                bool(part)
            with pytest.raises(InvalidFlowError, match="has no value yet"):
                list(part)


def test_values_and_inputs_in_sums_comparisons_and_text_are_refused() -> None:
    uses: list[Callable[[Any], Any]] = [
        lambda value: value > 3,
        lambda value: value == 3,
        lambda value: value != "x",
        lambda value: value in [1, 2],
        lambda value: 1 in value,
        lambda value: value + 1,
        lambda value: "echo " + value,
        lambda value: f"echo {value}",
        lambda value: "echo %s" % value,  # noqa: UP031
        str,
        len,
        bool,
    ]
    with Flow("too early") as early:
        for value in (start(1), start(1)["key"], early.input("name")):  # type: ignore[index]
            for use in uses:
                with pytest.raises(InvalidFlowError, match="has no value yet"):
                    use(value)
            assert value == value
        with pytest.raises(InvalidFlowError, match="within a task"):
            early.input("name")["part"]
    with pytest.raises(InvalidFlowError, match="cannot be async"):

        @flow
        async def described() -> None: ...


def test_a_task_comes_twice_in_a_chain_as_two_nodes() -> None:
    made = Flow("twice")
    made >> start >> double >> double >> negate
    made >> start >> echo
    assert edges(made) == [
        "start.result -> double.value",
        "double.result -> double-2.value",
        "double-2.result -> negate.value",
        "start.result -> echo.value",
    ]


def test_parts_of_values_are_passed_on() -> None:
    with Flow("parts") as made:
        value: Any = echo({"rows": [{"the name": "Ada"}, 2]})
        scale(value["rows"][1], factor=value["rows"][-1])
        echo([value["rows"][0]["the name"], nodes.shell("echo '{\"n\": 3}'")["output"]["n"]])
    assert node(made, "scale")["inputs"]["value"] == "${{ nodes.echo.result.rows[1] }}"
    result = made.run()
    assert (result["scale"], result["echo-2"]) == (4, ["Ada", 3])
    with pytest.raises(InvalidFlowError, match=r"no part 1\.5"):
        value[1.5]


def test_a_flow_function_within_another_flow_adds_its_tasks() -> None:
    @flow
    def inner(number: int, factor: int = 2) -> Any:
        return scale(start(number), factor)

    @flow
    def outer(number: int) -> Any:
        first = inner(number)
        add(first, b=inner(first, factor=10))
        return first

    assert [node["id"] for node in outer.to_document()["nodes"]] == ["start", "scale", "start-2", "scale-2", "add"]
    assert (outer(4).output, outer(4)["add"]) == (8, 88)


def test_a_flow_function_returns_the_value_of_a_task_or_nothing() -> None:
    with pytest.raises(InvalidFlowError, match="is no value of one of its tasks"):

        @flow
        def wrong() -> Any:
            return [start(1), start(2)]


def test_inputs_that_the_flow_does_not_have_are_refused() -> None:
    made = Flow("inputs").then(scale)
    with pytest.raises(InvalidFlowError, match='no input "facto"'):
        made.run(value=1, facto=2)
    assert made.run(value=1, factor=2).output == 2
    with Flow("declared") as declared:
        scale(declared.input("n", default=1), factor=2)
    with pytest.raises(InvalidFlowError, match='no input "m"'):
        declared.run(m=3)
    with Flow("nested") as nested:
        echo({"deep": [nested.input("x")]})
    with pytest.raises(InvalidFlowError, match='needs the input "x"'):
        nested.run()
    assert Flow("open").then(nodes.log()).run(message="any", other=1).success


def test_inputs_may_be_called_like_options(tmp_path: Path) -> None:
    with Flow("options") as made:
        echo([made.input("store"), made.input("given")])
    assert made.run({"store": "Paris"}, given=1, db=tmp_path / "flow.db").output == ["Paris", 1]


def test_names_that_cannot_stand_in_expressions_are_refused() -> None:
    with Flow("names") as made:
        echo([task(name="a `b`")(start.function)(1)])
    with pytest.raises(InvalidFlowError, match="backtick"):
        made.to_document()


def test_a_flow_function_is_called_with_what_stands_for_its_inputs() -> None:
    @flow
    def pipeline(number: int, factor: int = 3) -> None:
        """Scale a number."""
        scale(start(number), factor)

    document = pipeline.to_document()
    assert document["description"] == "Scale a number."
    assert document["inputs"] == {"number": {}, "factor": {"default": 3}}
    assert node(pipeline, "scale")["inputs"] == {"factor": "${{ inputs.factor }}"}


def test_map_goes_over_a_range() -> None:
    with Flow("range") as numbered:
        total(double.map(range(2, 9, 3)))
    assert numbered.run(store=False).output == 30
