"""Tasks with data frames: in a module of their own, since pandas takes its time to load."""

from __future__ import annotations

import pandas

from flowengine import task


@task()
def frame_of(rows: int) -> pandas.DataFrame:
    return pandas.DataFrame({"a": range(rows)})


@task(cache_ttl=60)
def remember_frame(rows: int) -> pandas.DataFrame:
    return pandas.DataFrame({"a": range(rows)})


@task()
def sum_of(frame: pandas.DataFrame) -> int:
    return int(frame["a"].sum())
