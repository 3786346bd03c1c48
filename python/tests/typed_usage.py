"""What type checkers say about programs with flowengine: an error that is expected here and not found fails mypy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import flowengine
from flowengine import Flow, FlowClient, Sandbox, flow, task

if TYPE_CHECKING:
    from typing_extensions import assert_type


@task(retry=1)
def load(count: int, name: str = "") -> dict[str, int]:
    """Answer something with a type."""
    return {name: count}


@task
def total(numbers: dict[str, int]) -> int:
    """Take what another task answers."""
    return sum(numbers.values())


@task
async def fetch(name: str) -> dict[str, int]:
    """Be awaited by the worker."""
    return {name: 1}


@flow
def pipeline(count: int) -> int:
    """Describe a flow."""
    return total(load(count))


def use() -> None:
    """Use them as programs do; it is never called."""
    assert_type(total(load(3, name="rows")), int)
    assert_type(total.map([load(1), load(2)]), list[int])
    assert_type(Flow("typed").run().success, bool)
    total(fetch("rows"))
    fetch(1)  # type: ignore[call-overload]
    load("3")  # type: ignore[arg-type]
    total(load(1, other=2))  # type: ignore[call-arg]
    pipeline(count=1)
    pipeline("1")  # type: ignore[arg-type]
    pipeline(1, 2)  # type: ignore[call-arg]
    assert_type(Sandbox().check_output("ls"), str)
    assert_type(Sandbox().check_output("ls", text=False, timeout=1), bytes)
    Sandbox().check_output("ls", time_limit=1)  # type: ignore[call-overload]
    FlowClient("http://localhost").run("etl", use_cache=False, until="load")
    FlowClient("http://localhost").run("etl", cache=False)  # type: ignore[call-arg]
    Flow("typed").input("day", type="text")  # type: ignore[arg-type]
    flowengine.no_such_name  # type: ignore[attr-defined]  # noqa: B018
    task(retries=3)  # type: ignore[call-overload]
    if Flow("typed").run().status == "success":  # type: ignore[comparison-overlap]
        raise AssertionError
