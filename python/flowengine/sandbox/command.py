"""A command and its surroundings, checked before anything runs."""

from __future__ import annotations

import os
import posixpath
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from .errors import SandboxError, describe

CommandLine: TypeAlias = "str | Sequence[str]"
"""A program with its arguments; text is split by the quoting rules of the shell."""
FileContent: TypeAlias = "str | bytes | os.PathLike[str]"
"""What is to be in a file: text, bytes, or what a file of this machine has."""

MAX_OUTPUT_BYTES = 10 * 1024 * 1024


@dataclass(frozen=True)
class Command:
    """What a sandbox runs; `files` are by absolute path."""

    argv: list[str]
    timeout: float
    env: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    workdir: str | None = None
    stdin: bytes | None = None
    max_output_bytes: int = MAX_OUTPUT_BYTES

    @property
    def name(self) -> str:
        """The command as it stands in messages."""
        return describe(self.argv)


@dataclass(frozen=True)
class Outcome:
    """How a command has ended."""

    exit_code: int
    stdout: bytes
    stderr: bytes
    is_exact: bool = True
    """Whether these are the bytes that it has written, also if they are no text."""


def to_argv(cmd: CommandLine) -> list[str]:
    """Answer program and arguments. Raises `SandboxError` for what is no command; nothing is expanded."""
    if isinstance(cmd, str):
        try:
            argv = shlex.split(cmd)
        except ValueError as error:
            raise _refusal(f'"{cmd}" cannot be split into words: {error}', "Close the quote, or pass a list.") from None
    elif isinstance(cmd, Sequence) and not isinstance(cmd, (bytes, bytearray)):
        argv = [os.fspath(part) for part in cmd]
    else:
        raise _refusal(f"{cmd!r} is no command", "Pass text, or a list of texts.")
    if not argv or not argv[0]:
        raise _refusal("there is no command", "Name a program.")
    for part in argv:
        if not isinstance(part, str) or "\0" in part:
            raise _refusal(f"{part!r} cannot be part of a command", "Pass text without NUL characters.")
    return argv


def to_files(files: Mapping[str, FileContent] | None, workdir: str) -> dict[str, bytes]:
    """Answer contents by absolute path; other paths are relative to `workdir`. Raises `SandboxError`.

    A path with `..` in it is refused: it could be the name of something else than it looks like.
    """
    contents: dict[str, bytes] = {}
    for path, content in (files or {}).items():
        if not isinstance(path, str) or "\0" in path or path.endswith("/") or ".." in path.split("/"):
            raise _refusal(f"{path!r} is not the path of a file in the sandbox", "Name it such as /tmp/input.txt.")
        absolute = posixpath.normpath(posixpath.join("/", workdir, path)).replace("//", "/")
        if absolute == "/":
            raise _refusal(f"{path!r} is not the path of a file in the sandbox", "Name it such as /tmp/input.txt.")
        contents[absolute] = _to_bytes(path, content)
    return contents


def to_env(env: Mapping[str, str] | None) -> dict[str, str]:
    """Answer variables. Raises `SandboxError` for such as no process can have."""
    variables = dict(env or {})
    for name, value in variables.items():
        is_text = isinstance(name, str) and isinstance(value, str)
        if not is_text or not name or "=" in name or "\0" in name + value:
            raise _refusal(f"{name!r}={value!r} cannot be a variable", "Pass names and values as text.")
    return variables


def to_workdir(workdir: str | None) -> str | None:
    """Answer a folder. Raises `SandboxError` unless it is an absolute path."""
    if workdir is not None and (not isinstance(workdir, str) or not workdir.startswith("/") or "\0" in workdir):
        raise _refusal(f"{workdir!r} is no folder in the sandbox", "Pass an absolute path.")
    return workdir


def to_timeout(timeout: float) -> float:
    """Answer a time in seconds. Raises `SandboxError` unless it is positive and at most a day."""
    if isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not 0 < timeout <= 86_400:
        raise _refusal(f"{timeout!r} is no time limit", "Pass seconds, more than 0 and at most 86400.")
    return float(timeout)


def _to_bytes(path: str, content: FileContent) -> bytes:
    if isinstance(content, str):
        return content.encode("utf-8", "surrogateescape")
    if isinstance(content, (bytes, bytearray, memoryview)):
        return bytes(content)
    if isinstance(content, os.PathLike):
        try:
            return Path(content).read_bytes()
        except OSError as error:
            raise _refusal(f'cannot read "{content}" for {path!r}: {error.strerror}', "Correct the path.") from None
    raise _refusal(f"{content!r} cannot be the content of {path!r}", "Pass text, bytes, or a pathlib.Path.")


def _refusal(message: str, hint: str) -> SandboxError:
    return SandboxError(message, code="invalid_input", hint=hint)
