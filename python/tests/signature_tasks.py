"""Tasks of all kinds of functions."""

from __future__ import annotations

import datetime
import functools

from flowengine import task


@task
def join(first: str, second: str = "b", /, third: str = "c") -> str:
    return first + second + third


@task
def name_types(**days: datetime.date) -> dict[str, str]:
    return {name: type(day).__name__ for name, day in days.items()}


class Counter:
    """Counts from somewhere on."""

    start = 100

    def __init__(self, step: int) -> None:
        self.step = step

    @task
    def count(self, times: int = 1) -> int:
        return self.start + times * self.step

    @classmethod
    def count_once(cls) -> int:
        return cls.start + 1

    @task
    @staticmethod
    def nothing() -> int:
        return 0

    def __call__(self, day: datetime.date) -> str:
        return f"{self.step} {day.year}"


class LaterCounter(Counter):
    start = 200


def shift(day: datetime.date, days: int) -> datetime.date:
    return day + datetime.timedelta(days)


shift_by_two = functools.partial(shift, days=2)
