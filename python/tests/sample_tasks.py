"""Tasks that the tests run."""

from __future__ import annotations

import asyncio
import datetime
import io
import os
import sys
import time
from pathlib import Path
from typing import Any

from flowengine import task


@task()
def start(number: int) -> int:
    return number


@task()
def double(value: int) -> int:
    return 2 * value


@task()
def negate(value: int) -> int:
    return -value


@task()
def add(a: int, b: int) -> int:
    return a + b


@task
def total(values: list[int]) -> int:
    return sum(values)


@task()
def subtract(negate: int, double: int) -> int:
    return double - negate


@task()
def scale(value: int, factor: int) -> int:
    return value * factor


@task()
def numbers(count: int) -> list[int]:
    return list(range(count))


@task()
def tomorrow(day: datetime.date) -> datetime.date:
    return day + datetime.timedelta(days=1)


@task()
def large(size: int) -> str:
    return "x" * size


@task()
def nothing() -> None:
    return None


@task()
def echo(value: Any) -> Any:
    print("echoing", value)
    return value


@task()
async def later(value: int) -> int:
    await asyncio.sleep(0.01)
    return value + 1


@task(retry=2, retry_delay=0)
def flaky(folder: str) -> str:
    attempt = int(os.environ["FLOW_ATTEMPT"])
    if attempt < 3:
        raise ConnectionError(f"attempt {attempt} failed")
    return f"attempt {attempt}"


@task(timeout=5)
def too_slow(pid_file: str) -> None:
    Path(pid_file).write_text(str(os.getpid()))
    time.sleep(300)


@task()
def sleep_long(pid_file: str) -> None:
    Path(pid_file).write_text(str(os.getpid()))
    time.sleep(300)


@task(cache_ttl=60)
def remember(value: int) -> list[int]:
    return [value, os.getpid()]


@task()
def chatter(lines: int, length: int) -> None:
    for _ in range(lines):
        print("x" * length)


@task(retry=1, retry_delay=0)
def tick(number: int) -> int:
    time.sleep(0.1)
    return number


@task
def write_bytes() -> None:
    if isinstance(sys.stdout, io.TextIOBase):
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[attr-defined]
    print("before")
    sys.stdout.buffer.write("grü".encode()[:3])
    sys.stdout.buffer.write("ü".encode()[1:] + b"n \xff\n")
    sys.stdout.buffer.flush()
    print("after")


@task
def fail_at_length() -> None:
    raise ValueError("a" * 40_000_000 + "z" * 40_000_000)
