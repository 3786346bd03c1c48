"""Large values as files that are called by their content, and small JSON objects that stand for them.

A reference is `{"$file": {"path", "sha256", "bytes", "kind"}}`. Who follows one reads only what has that very content,
so a forged one tells nobody what he does not know already; and no format that is read can run code.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from .data_formats import read_data, writer_for
from .errors import InvalidValueError
from .json_types import FILE_KEY, Json

LARGE_BYTES = 1024 * 1024
"""Longer texts, bytes and JSON become files, where files can be read."""
FOLDER_VARIABLE = "FLOW_VALUES"
NEW_PREFIX = "new-"

_FIELDS = {"path", "sha256", "bytes", "kind"}
_SUFFIXES = {"bytes": ".bin", "str": ".txt", "json": ".json"}


def values_folder() -> Path | None:
    """Answer the folder of values: `FLOW_VALUES`, or the one beside the history; none if that says `off`."""
    named = os.environ.get(FOLDER_VARIABLE, "")
    if named == "off":
        return None
    state = _state_folder()
    return Path(named).absolute() if named else None if state is None else state / "flow" / "values"


def _state_folder() -> Path | None:
    """Answer where `flow` has its history on this system; none for users without a home."""
    variable = "LOCALAPPDATA" if os.name == "nt" else "HOME"
    named, home = (os.environ.get(name, "") for name in ("XDG_STATE_HOME", variable))
    if named or not home:
        return Path(named) if named else None
    if os.name == "nt":
        return Path(home)
    return Path(home, "Library", "Application Support") if sys.platform == "darwin" else Path(home, ".local", "state")


def open_value_files(*, takes_large: bool) -> ValueFiles | None:
    """Answer where files of values go; none if there are to be none."""
    folder = values_folder()
    return None if folder is None else ValueFiles(folder, takes_large)


@dataclass(frozen=True)
class ValueFiles:
    """A folder for files of values. `takes_large`: also for long texts, bytes and JSON."""

    folder: Path
    takes_large: bool = False

    def keep_bytes(self, kind: str, data: bytes) -> Json:
        """Write bytes, UTF-8 text or JSON (`bytes`, `str`, `json`), and answer the reference."""
        return self._keep(kind, _SUFFIXES[kind], lambda file: file.write(data))

    def keep_data(self, value: Any, place: str) -> Json:
        """Write an array, a data frame or a table, and answer the reference; none for all else.

        Raises `InvalidValueError` for one that would come back as something else.
        """
        found = writer_for(value, place)
        return None if found is None else self._keep(found.kind, found.suffix, found.write)

    def _keep(self, kind: str, suffix: str, write: Callable[[BinaryIO], Any]) -> Json:
        """Write a file that is there as a whole or not at all; only this user may read it."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=NEW_PREFIX, dir=self.folder)
        try:
            with os.fdopen(handle, "w+b") as file:
                write(file)
                size = file.seek(0, os.SEEK_END)
                digest = _digest(file)
            target = self.folder / f"{digest}{suffix}"
            _move(name, target)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(name)
            raise
        return {FILE_KEY: {"path": str(target), "sha256": digest, "bytes": size, "kind": kind}}


def _move(name: str, target: Path) -> None:
    try:
        os.replace(name, target)
    except PermissionError:
        # Windows replaces no file that somebody reads; that one has the same content.
        if not target.is_file():
            raise
        os.unlink(name)


def is_reference(value: dict[str, Any]) -> bool:
    """Whether an object stands for a file."""
    inner = value.get(FILE_KEY)
    if len(value) != 1 or not isinstance(inner, dict) or inner.keys() != _FIELDS:
        return False
    path, digest, kind = inner["path"], inner["sha256"], inner["kind"]
    return isinstance(path, str) and isinstance(kind, str) and isinstance(digest, str) and len(digest) == 64


def load_reference(reference: dict[str, Any], read_json: Callable[[Json], Any]) -> Any:
    """Answer the value that a reference stands for; `read_json` makes one of JSON. Raises `InvalidValueError`."""
    fields = reference[FILE_KEY]
    path, kind = Path(fields["path"]), fields["kind"]
    with _open(path, fields) as file:
        # Values that are used stay.
        with contextlib.suppress(OSError):
            os.utime(path)
        if kind == "bytes":
            return file.read()
        if kind == "str":
            return file.read().decode()
        if kind == "json":
            return read_json(json.loads(file.read()))
        return read_data(kind, file)


def _open(path: Path, fields: dict[str, Any]) -> BinaryIO:
    """Open a file that has the content that a reference says."""
    what = f"the value of {fields['bytes']} bytes ({fields['kind']})"
    try:
        # What could block, or has no end, is no file of ours.
        file = path.open("rb") if stat.S_ISREG(path.stat().st_mode) else None
    except OSError as error:
        raise _lost(f'{what} is not there: cannot read "{path}": {error.strerror}') from None
    if file is None:
        raise _lost(f'{what} is not there: "{path}" is not a file')
    if os.fstat(file.fileno()).st_size == fields["bytes"] and _digest(file) == fields["sha256"]:
        file.seek(0)
        return file
    file.close()
    raise _lost(f'{what} is damaged: "{path}" has another content')


def _lost(message: str) -> InvalidValueError:
    hint = (
        "Run the node that made it again: flow rerun --from NODE, or --no-cache if its result came from the cache. "
        "Files stay on their machine, and are deleted when they have not been used for 7 days."
    )
    return InvalidValueError(message, code="not_found", hint=hint)


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while chunk := file.read(LARGE_BYTES):
        digest.update(chunk)
    return digest.hexdigest()
