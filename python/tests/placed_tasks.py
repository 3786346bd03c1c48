"""Tasks that the tests run in containers, microVMs and sandboxes; their values stand in another module."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sample_tasks import double, start

from flowengine import task


@dataclass
class Point:
    x: int
    y: int


def describe(point: Point, suffix: bytes) -> dict[str, Any]:
    print("printed in", os.environ.get("PLACE"))
    print("complained", file=sys.stderr)
    return {
        "sum": point["x"] + point["y"] if isinstance(point, dict) else point.x + point.y,
        "doubled": double(start(21)),
        "suffix": suffix + b"!",
        "secret": os.environ.get("FLOWENGINE_TEST_SECRET"),
        "sees_outside": os.path.exists(os.environ["FILE_OUTSIDE"]),
    }


def fail(point: Point) -> None:
    raise LookupError(f"nothing at {point}")


def place(function: Callable[..., Any], env: dict[str, str] | None = None, **options: Any) -> Any:
    """Make a task of a function of this module."""
    return task(env={"PLACE": "there", **(env or {})}, **options)(function)


def wait_there() -> None:
    print("waiting", flush=True)
    time.sleep(300)


@task()
def make_large(size: int) -> dict[str, bytes]:
    return {"data": b"0" * size}


def measure_large(made: dict[str, bytes]) -> list[Any]:
    return [len(made["data"]), made["data"][-1:].decode()]


@task(retry=1, retry_delay=0)
def die_once(folder: str) -> str:
    with open(os.path.join(folder, f"pid-{os.environ['FLOW_ATTEMPT']}"), "w") as file:
        file.write(str(os.getpid()))
    if os.environ["FLOW_ATTEMPT"] == "1":
        time.sleep(300)
    return "second attempt"
