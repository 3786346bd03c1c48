"""The measured work as flows of flowengine: `with_flowengine.py three|map|chain`."""

from __future__ import annotations

import json
import sys
import time

from flowengine import Flow, task


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


def build(workload: str) -> Flow:
    """Answer the flow that does the work."""
    with Flow(workload) as flow:
        if workload == "three":
            third(second(first(1)))
        elif workload == "map":
            first.map(list(range(100)))
        else:
            value = 1
            for _ in range(200):
                value = first(value)
    return flow


def time_ms(flow: Flow) -> float:
    """Answer how long one run takes."""
    started = time.perf_counter()
    flow.run().raise_for_status()
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    made = build(sys.argv[1])
    print(json.dumps([time_ms(made) for _ in range(2)]))
