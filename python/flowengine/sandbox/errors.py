"""What can go wrong with sandboxes; what `subprocess` has an exception for is that, too."""

from __future__ import annotations

import subprocess
from typing import Any

from ..errors import FlowEngineError


class SandboxError(FlowEngineError):
    """A command could not be run, or what came of it is not known.

    `server_message` is what the server has said, word for word, up to 4,096 characters, and `status` its HTTP status,
    if there were any.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "node_failed",
        hint: str | None = None,
        server_message: str | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(message, code=code, hint=hint)
        self.server_message = server_message
        self.status = status


class SandboxTimeoutError(subprocess.TimeoutExpired, SandboxError):
    """A command did not end in time, and has been ended; `stdout` and `stderr` are what is known of its output."""

    def __init__(self, cmd: Any, timeout: float, stdout: bytes | None = None, stderr: bytes | None = None) -> None:
        message = f"Cannot run {describe(cmd)}: it did not end within {timeout:g} s"
        SandboxError.__init__(self, message, code="timeout", hint="Raise timeout, or find out what it waits for.")
        self.cmd = cmd
        self.timeout = timeout
        self.output = stdout
        self.stderr = stderr

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}"


class SandboxCommandError(subprocess.CalledProcessError, SandboxError):
    """A command that was to succeed has not: `returncode`, `cmd`, `stdout` and `stderr` tell of it."""

    def __init__(self, cmd: Any, returncode: int, stdout: Any, stderr: Any) -> None:
        text = stderr.decode(errors="replace") if isinstance(stderr, bytes) else stderr or ""
        last = text.strip().rpartition("\n")[2]
        message = f"Command {describe(cmd)} exited with code {returncode}" + (f": {last[:200]}" if last else "")
        SandboxError.__init__(self, message, code="exit_code")
        self.cmd = cmd
        self.returncode = returncode
        self.output = stdout
        self.stderr = stderr

    def __str__(self) -> str:
        return self.message


def describe(cmd: Any) -> str:
    """Answer a command as it stands in messages: the beginning of its first line, in quotes."""
    text = cmd if isinstance(cmd, str) else " ".join(map(str, cmd))
    line, _, rest = text.strip().partition("\n")
    if len(line) > 100:
        return f'"{line[:100]}…"'
    return f'"{line} …"' if rest else f'"{line}"'
