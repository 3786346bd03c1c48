"""A script whose tasks make processes. It has no `if __name__ == "__main__":`, as scripts of flows need none."""

from __future__ import annotations

import concurrent.futures
import json
import multiprocessing
import os
import sys
import time

from flowengine import Flow, task


def shout(number: int) -> int:
    for line in range(300):
        print(f"child {number} {line} {'x' * 300}")
    return number


@task
def forked() -> list[int]:
    context = multiprocessing.get_context("fork")
    with concurrent.futures.ProcessPoolExecutor(3, mp_context=context) as pool:
        numbers = [pool.submit(shout, number) for number in range(3)]
        for line in range(300):
            print(f"parent 0 {line} {'x' * 300}")
        return [number.result() for number in numbers]


@task
def spawned(forked: list[int]) -> int:
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        return sum(forked) + pool.submit(shout, 10).result(60)


@task
def comes_back_twice(spawned: int) -> str:
    copy = os.fork()
    if copy == 0:
        return "from the copy"
    os.waitpid(copy, 0)
    time.sleep(0.1)
    return f"{spawned}"


@task
def fails_in_a_copy(comes_back_twice: str) -> list[str | int]:
    copy = os.fork()
    if copy == 0:
        raise ValueError("within the copy")
    return [comes_back_twice, os.waitstatus_to_exitcode(os.waitpid(copy, 0)[1])]


flow = Flow("copies").then(forked, spawned, comes_back_twice, fails_in_a_copy)
execution = flow.submit()
lines = list(execution.logs())
result = execution.wait()
broken = [line for line in lines if line.startswith(("child ", "parent ")) and len(line.split()[3]) != 300]
counts = [len([line for line in lines if line.startswith(who)]) for who in ("child", "parent")]
traceback = [line for line in lines if line == "ValueError: within the copy"]
print(json.dumps([result.output, result.error, counts, len(broken), traceback]), file=sys.stdout)
