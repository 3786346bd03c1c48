"""Tasks of a module that takes its time to load."""

from __future__ import annotations

import time

from flowengine import task

time.sleep(1)


@task()
def same(value: int) -> int:
    return value
