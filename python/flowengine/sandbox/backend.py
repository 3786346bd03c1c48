"""What a place to run commands in has to offer."""

from __future__ import annotations

from typing import Protocol

from .command import Command, Outcome


class Backend(Protocol):
    """Runs commands; `open` makes a session of it, in which files stay, until `close`."""

    default_workdir: str

    def run(self, command: Command, image: str | None) -> Outcome:
        """Run a command to its end; `image` is another than the sandbox has. Raises `SandboxError`."""

    def open(self) -> None:
        """Open a session. Raises `SandboxError`."""

    def close(self) -> None:
        """Close it, if there is one. Raises `SandboxError`."""

    def is_healthy(self) -> bool:
        """Whether commands can be run."""
