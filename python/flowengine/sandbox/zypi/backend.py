"""MicroVMs of a Zypi server."""

from __future__ import annotations

from typing import Any

from ..command import Command, Outcome
from ..errors import SandboxError
from .one_shot import run_one_shot
from .session import Session
from .transport import Transport

DEFAULT_URL = "http://localhost:4000"
DEFAULT_IMAGE = "ubuntu:24.04"
_HEALTH_SECONDS = 5.0


class ZypiBackend:
    """A VM for each command or, in a session, one for all of them."""

    default_workdir = "/"

    def __init__(self, url: str, image: str | None, memory_mb: int | None, vcpus: int | None) -> None:
        self._transport = Transport(url)
        limits = {"memory_mb": memory_mb, "vcpus": vcpus}
        self._spec: dict[str, Any] = {"image": image or DEFAULT_IMAGE}
        self._spec |= {name: value for name, value in limits.items() if value is not None}
        self._session: Session | None = None

    def run(self, command: Command, image: str | None) -> Outcome:
        """Run a command. Raises `SandboxError`."""
        session = self._session
        if session is None:
            return run_one_shot(self._transport, command, {**self._spec, **({"image": image} if image else {})})
        if image is not None and image != self._spec["image"]:
            raise SandboxError(
                f'Cannot run {command.name} in "{image}": this session has "{self._spec["image"]}"',
                code="invalid_input",
                hint="Open another sandbox.",
            )
        return session.run(command)

    def open(self) -> None:
        """Boot a VM that stays. Raises `SandboxError`."""
        if self._session is None:
            self._session = Session(self._transport, self._spec)

    def close(self) -> None:
        """End that VM. Raises `SandboxError` if the server cannot be reached."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def is_healthy(self) -> bool:
        """Whether a Zypi server answers."""
        try:
            answer = self._transport.send("GET", "health", timeout=_HEALTH_SECONDS)
        except SandboxError:
            return False
        return answer.status == 200 and isinstance(answer.fields.get("timestamp"), str)
