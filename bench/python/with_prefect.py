"""The measured work as flows of Prefect: `with_prefect.py three|map|chain`."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

from prefect import flow, task


@task
def first(value: int) -> int:
    """Answer what it gets."""
    return value


@task
def second(value: int) -> int:
    """Answer what it gets."""
    return value


@task
def third(value: int) -> int:
    """Answer what it gets."""
    return value


@flow
def three() -> int:
    """Run three tasks, one after the other."""
    return third(second(first(1)))


@flow(name="map")
def each() -> list[int]:
    """Run a task for each of a hundred items."""
    return first.map(list(range(100))).result()


@flow
def chain() -> int:
    """Run two hundred tasks, one after the other."""
    value = 1
    for _ in range(200):
        value = first(value)
    return value


def time_ms(work: Callable[[], object]) -> float:
    """Answer how long one run takes."""
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    chosen = {"three": three, "map": each, "chain": chain}[sys.argv[1]]
    print(json.dumps([time_ms(chosen) for _ in range(2)]))
