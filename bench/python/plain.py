"""The measured work with nothing around it: `plain.py three|map|chain`."""

from __future__ import annotations

import json
import sys
import time


def first(value: int) -> int:
    """Answer what it gets."""
    return value


def second(value: int) -> int:
    """Answer what it gets."""
    return value


def third(value: int) -> int:
    """Answer what it gets."""
    return value


def run(workload: str) -> object:
    """Do the work once."""
    if workload == "three":
        return third(second(first(1)))
    if workload == "map":
        return [first(item) for item in range(100)]
    value = 1
    for _ in range(200):
        value = first(value)
    return value


def time_ms(workload: str) -> float:
    """Answer how long doing it once takes."""
    started = time.perf_counter()
    run(workload)
    return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    print(json.dumps([time_ms(sys.argv[1]) for _ in range(2)]))
