"""Keeping the folder of values within bounds."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

KEPT_SECONDS = 7 * 24 * 3600
"""Files that nothing has written or read for so long are deleted."""
MAX_FOLDER_BYTES = 20 * 1024**3
"""Above that, those are deleted first that have not been used for the longest time."""
_SAFE_SECONDS = 24 * 3600
"""What has been used within this time may belong to an execution that still runs, and stays in any case."""
_PAUSE_SECONDS = 3600
_STAMP = ".pruned"


def prune_values(folder: Path, now: float | None = None) -> int:
    """Delete files of values that are old or too many, at most once an hour, and answer how many."""
    now = time.time() if now is None else now
    try:
        if not folder.is_dir() or not _is_due(folder / _STAMP, now):
            return 0
        return sum(_delete(path) for path in list(_condemned(folder, now)))
    except OSError:
        return 0


def _is_due(stamp: Path, now: float) -> bool:
    with contextlib.suppress(OSError):
        if now - stamp.stat().st_mtime < _PAUSE_SECONDS:
            return False
    stamp.touch(mode=0o600)
    os.utime(stamp, (now, now))
    return True


def _condemned(folder: Path, now: float) -> Iterator[Path]:
    left: list[tuple[float, int, Path]] = []
    for entry in os.scandir(folder):
        with contextlib.suppress(OSError):
            known = entry.stat(follow_symlinks=False)
            if entry.name == _STAMP or not entry.is_file(follow_symlinks=False):
                continue
            if now - known.st_mtime > KEPT_SECONDS:
                yield Path(entry.path)
            else:
                left.append((known.st_mtime, known.st_size, Path(entry.path)))
    total = sum(size for _, size, _ in left)
    for used, size, path in sorted(left):
        if total <= MAX_FOLDER_BYTES or now - used < _SAFE_SECONDS:
            return
        total -= size
        yield path


def _delete(path: Path) -> bool:
    with contextlib.suppress(OSError):
        path.unlink()
        return True
    return False
