"""Runs a command, and says what it cost: `measure.py PID COMMAND...`.

Prints `{"wall_ms": ..., "cpu_ms": ..., "said": ...}`, with what the command has printed. The CPU is that of the command
and of all that it has started and waited for, and, unless PID is 0, what that process and its children have used
meanwhile (Linux).
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path


def tree_cpu_ms(root: int) -> float:
    """Answer the CPU that a process, its children and theirs have used so far."""
    if root == 0:
        return 0
    parents: dict[int, int] = {}
    ticks: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = entry.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        pid = int(entry.parent.name)
        parents[pid] = int(fields[1])
        ticks[pid] = sum(int(field) for field in fields[11:15])
    members = {root}
    while more := {pid for pid, parent in parents.items() if parent in members} - members:
        members |= more
    return sum(ticks.get(pid, 0) for pid in members) * 1000 / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Run the command of the arguments."""
    server, command = int(sys.argv[1]), sys.argv[2:]
    before = tree_cpu_ms(server)
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    wall_ms = (time.perf_counter() - started) * 1000
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)} ended with status {done.returncode}: {done.stderr[-2000:]}")
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_ms = (used.ru_utime + used.ru_stime) * 1000 + tree_cpu_ms(server) - before
    print(json.dumps({"wall_ms": wall_ms, "cpu_ms": cpu_ms, "said": done.stdout, "noted": done.stderr}))


if __name__ == "__main__":
    main()
