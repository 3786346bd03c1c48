"""The class that runs commands apart from this machine."""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import sys
import threading
import weakref
from collections.abc import Mapping
from subprocess import CompletedProcess
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict, overload

from .backend import Backend
from .command import (
    MAX_OUTPUT_BYTES,
    Command,
    CommandLine,
    FileContent,
    Outcome,
    to_argv,
    to_env,
    to_files,
    to_timeout,
    to_workdir,
)
from .errors import SandboxCommandError, SandboxError

if TYPE_CHECKING:
    from typing_extensions import Unpack

BackendName = Literal["zypi", "docker", "local"]
_DEFAULT_SECONDS = 300.0
_LEAST_OUTPUT_BYTES = 1024


class ExecResult(NamedTuple):
    """How a command has ended, and what it has put out; what is not UTF-8 is U+FFFD."""

    exit_code: int
    stdout: str
    stderr: str


class OutputOptions(TypedDict, total=False):
    """What `Sandbox.check_output` passes on to `run`."""

    input: str | bytes | None
    encoding: str | None
    errors: str | None
    shell: bool
    cwd: str | None
    env: Mapping[str, str] | None
    timeout: float | None
    files: Mapping[str, FileContent] | None
    image: str | None


class Sandbox:
    """Runs commands in microVMs of a Zypi server, in containers, or in namespaces of this machine.

    Each command has a place of its own. Within `with Sandbox(...) as box:` they share one: a microVM, or else the
    folder /tmp. Every method may be called by several threads.
    """

    def __init__(
        self,
        image: str | None = None,
        *,
        zypi_url: str | None = None,
        backend: BackendName = "zypi",
        timeout: float = _DEFAULT_SECONDS,
        env: Mapping[str, str] | None = None,
        network: bool = False,
        memory_mb: int | None = None,
        vcpus: int | None = None,
        max_output_bytes: int = MAX_OUTPUT_BYTES,
    ) -> None:
        """Say where commands are to run; nothing is started yet. Raises `SandboxError` for what cannot be.

        `zypi_url`: default: `ZYPI_URL`, or http://localhost:4000. `timeout`: seconds for each command that has none of
        its own (300). `env`: variables of all commands. `network`: whether containers and namespaces have one; microVMs
        have. `memory_mb`: of a microVM, a container, or each process. `max_output_bytes`: how much of stdout and of
        stderr is kept, its beginning and its end (10 MiB).
        """
        self.image = image
        self.backend = backend
        self._timeout = to_timeout(timeout)
        self._env = to_env(env)
        if not isinstance(max_output_bytes, int) or max_output_bytes < _LEAST_OUTPUT_BYTES:
            hint = f"Pass a whole number, at least {_LEAST_OUTPUT_BYTES}."
            raise SandboxError(f"max_output_bytes={max_output_bytes!r} is no size", code="invalid_input", hint=hint)
        self._max_output_bytes = max_output_bytes
        self._places = _open_backend(backend, image, zypi_url, network, memory_mb, vcpus)
        self._opening = threading.Lock()
        self._finalizer: weakref.finalize[Any, Any] | None = None

    def __repr__(self) -> str:
        return f"Sandbox(image={self.image!r}, backend={self.backend!r})"

    def exec(
        self,
        cmd: CommandLine,
        *,
        files: Mapping[str, FileContent] | None = None,
        env: Mapping[str, str] | None = None,
        workdir: str | None = None,
        timeout: float | None = None,
        input: str | bytes | None = None,
        image: str | None = None,
    ) -> ExecResult:
        """Run a command to its end, whatever its exit code. Text is split by the quoting rules of the shell.

        `files`: what is to be there first, by path. `input`: its standard input. Raises `SandboxTimeoutError` when its
        time is up, and `SandboxError` if it could not be run.
        """
        made = self._command(cmd, files, env, workdir, timeout, input)
        outcome = self._places.run(made, image)
        stdout, stderr = (stream.decode(errors="replace") for stream in (outcome.stdout, outcome.stderr))
        return ExecResult(outcome.exit_code, stdout, stderr)

    def run(
        self,
        args: CommandLine,
        *,
        input: str | bytes | None = None,
        capture_output: bool = True,
        check: bool = False,
        text: bool | None = None,
        encoding: str | None = None,
        errors: str | None = None,
        shell: bool = False,
        cwd: str | None = None,
        env: Mapping[str, str] | None = None,
        timeout: float | None = None,
        files: Mapping[str, FileContent] | None = None,
        image: str | None = None,
    ) -> CompletedProcess[Any]:
        """Run a command as `subprocess.run` does: output is bytes unless `text`, `encoding` or `errors` is given.

        Without `capture_output` it is written to the streams of this process at the end. `env` is added to what the
        sandbox has. Raises `SandboxCommandError` with `check`, which is a `subprocess.CalledProcessError`,
        `SandboxTimeoutError`, which is a `subprocess.TimeoutExpired`, and `SandboxError`.
        """
        argv = ["/bin/sh", "-c", _script_of(args)] if shell else to_argv(args)
        is_text = bool(text) or encoding is not None or errors is not None
        coding, handling = encoding or "utf-8", errors or "strict"
        data = input.encode(coding, handling) if isinstance(input, str) else input
        outcome = self._places.run(self._command(argv, files, env, cwd, timeout, data), image)
        if not is_text and capture_output and not outcome.is_exact:
            raise SandboxError(
                f"cannot answer the bytes that {shlex.join(argv)!r} has written: the server passes only text on",
                code="invalid_output",
                hint="Use `with Sandbox(...) as box:`, which keeps them, or text=True.",
            )
        stdout: Any = outcome.stdout
        stderr: Any = outcome.stderr
        if is_text:
            stdout, stderr = (_to_text(stream, coding, handling) for stream in (stdout, stderr))
        if not capture_output:
            _show(outcome)
            stdout = stderr = None
        if check and outcome.exit_code != 0:
            raise SandboxCommandError(args, outcome.exit_code, stdout, stderr)
        return CompletedProcess(args, outcome.exit_code, stdout, stderr)

    @overload
    def check_output(
        self, cmd: CommandLine, *, text: Literal[True] = True, **options: Unpack[OutputOptions]
    ) -> str: ...
    @overload
    def check_output(self, cmd: CommandLine, *, text: Literal[False], **options: Unpack[OutputOptions]) -> bytes: ...
    def check_output(self, cmd: CommandLine, *, text: bool = True, **options: Unpack[OutputOptions]) -> Any:
        """Answer what a command writes to stdout, as text, or bytes with `text=False`. `options` are those of `run`.

        Raises `SandboxCommandError`, a `subprocess.CalledProcessError`, unless it exits with 0.
        """
        return self.run(cmd, check=True, text=text, **options).stdout

    def health_check(self) -> bool:
        """Whether commands can be run: the server answers, or what is needed on this machine is there."""
        return self._places.is_healthy()

    def open(self) -> Sandbox:
        """Begin a session, which `close` ends: from now on commands share their place. Raises `SandboxError`."""
        with self._opening:
            self._places.open()
            if self._finalizer is None:
                self._finalizer = weakref.finalize(self, _close_quietly, self._places)
        return self

    def close(self) -> None:
        """End the session, if there is one, with all that runs in it. Raises `SandboxError` if that cannot be done."""
        with self._opening:
            if self._finalizer is not None:
                self._finalizer.detach()
                self._finalizer = None
            self._places.close()

    def __enter__(self) -> Sandbox:
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.close()
            return
        # That it cannot be closed must not hide what has gone wrong before.
        with contextlib.suppress(SandboxError):
            self.close()

    def _command(
        self,
        cmd: CommandLine,
        files: Mapping[str, FileContent] | None,
        env: Mapping[str, str] | None,
        workdir: str | None,
        timeout: float | None,
        input: str | bytes | None,
    ) -> Command:
        folder = to_workdir(workdir)
        return Command(
            argv=to_argv(cmd),
            timeout=self._timeout if timeout is None else to_timeout(timeout),
            env={**self._env, **to_env(env)},
            files=to_files(files, folder or self._places.default_workdir),
            workdir=folder,
            stdin=input.encode() if isinstance(input, str) else input,
            max_output_bytes=self._max_output_bytes,
        )


def _open_backend(
    name: str, image: str | None, zypi_url: str | None, network: bool, memory_mb: int | None, vcpus: int | None
) -> Backend:
    meaningless: dict[str, dict[str, Any]] = {
        "zypi": {"network": network},
        "docker": {"zypi_url": zypi_url, "vcpus": vcpus},
        "local": {"image": image, "zypi_url": zypi_url, "vcpus": vcpus},
    }
    if name not in meaningless:
        hint = 'Take one of "zypi", "docker" and "local".'
        raise SandboxError(f'there is no backend "{name}"', code="invalid_config", hint=hint)
    for option, value in meaningless[name].items():
        if value:
            raise SandboxError(f'{option}={value!r} means nothing to the backend "{name}"', code="invalid_config")
    if name == "zypi":
        from .zypi.backend import DEFAULT_URL, ZypiBackend

        return ZypiBackend(zypi_url or os.environ.get("ZYPI_URL") or DEFAULT_URL, image, memory_mb, vcpus)
    from .engine_backend import EngineBackend

    limits = {"network": network, **({} if memory_mb is None else {"memory_mb": memory_mb})}
    return EngineBackend(name, image, limits)


def _script_of(args: CommandLine) -> str:
    if isinstance(args, str):
        return args
    raise SandboxError("with shell=True the command has to be text", code="invalid_input", hint="Pass a script.")


def _to_text(data: bytes, encoding: str, errors: str) -> str:
    return io.TextIOWrapper(io.BytesIO(data), encoding, errors).read()


def _show(outcome: Outcome) -> None:
    for stream, data in ((sys.stdout, outcome.stdout), (sys.stderr, outcome.stderr)):
        stream.write(data.decode(errors="replace"))
        stream.flush()


def _close_quietly(places: Backend) -> None:
    with contextlib.suppress(SandboxError):
        places.close()
