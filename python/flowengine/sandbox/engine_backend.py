"""Containers, and sandboxes of this machine: `sandbox.exec` nodes, each run by `flow`."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..document import guard_tags, protect
from ..embedded import EmbeddedExecution
from ..errors import FlowEngineError
from ..execution import Execution, FlowView, start_and_use
from ..progress import Progress
from ..values import from_json, to_json
from .command import Command, Outcome
from .errors import SandboxError, SandboxTimeoutError

_NODE = "command"
_SHARED = "/tmp"
_NOBODY = 65534
_EMPTY_SHARED = "rm -rf /tmp/* /tmp/.[!.]* /tmp/..?*"
_HEALTH_SECONDS = 30.0


class EngineBackend:
    """A sandbox for each command, by the code that `flow` has; in a session they share /tmp."""

    default_workdir = "/tmp"

    def __init__(self, kind: str, image: str | None, limits: dict[str, Any]) -> None:
        self._kind = kind
        self._image = image
        self._limits = limits
        self._folder: Path | None = None

    def run(self, command: Command, image: str | None) -> Outcome:
        """Run a command. Raises `SandboxError`."""
        if image is not None and self._kind == "local":
            raise SandboxError(f'Cannot run {command.name} in "{image}": there are no images', code="invalid_input")
        document = {
            "id": "sandbox",
            "nodes": [{"id": _NODE, "node_type": "sandbox.exec", **self._node(command, image)}],
        }
        inputs = {
            **({} if command.stdin is None else {"stdin": command.stdin}),
            **({"files": command.files} if command.files else {}),
        }
        given = guard_tags(to_json(inputs))
        view = FlowView({}, _NODE, Progress(None))
        try:
            end = start_and_use(
                lambda: EmbeddedExecution(json.dumps(document), given, ["--no-store"], view), _wait_for_end
            )
        except FlowEngineError as error:
            raise SandboxError(error.message, code=error.code, hint=error.hint) from error
        if "outputs" in end:
            return _to_outcome(from_json(end["outputs"]))
        raise _to_error(command, end["error"])

    def open(self) -> None:
        """Make the folder that is /tmp in all of them."""
        if self._folder is not None:
            return
        parent = Path(tempfile.mkdtemp(prefix="flowengine-sandbox-"))
        shared = parent / "tmp"
        shared.mkdir()
        if self._kind == "docker":
            # Of whoever the image runs as; nobody else here gets through to it.
            shared.chmod(0o1777)
        elif os.geteuid() == 0:
            # Then its commands run as nobody.
            parent.chmod(0o711)
            shared.chmod(0o700)
            os.chown(shared, _NOBODY, _NOBODY)
        self._folder = parent

    def close(self) -> None:
        """Delete that folder. Raises `SandboxError` if that cannot be done."""
        folder = self._folder
        if folder is None:
            return
        shutil.rmtree(folder, ignore_errors=True)
        if folder.exists():
            # The files of another user: whoever has made them can delete them.
            with contextlib.suppress(SandboxError):
                self.run(Command(["/bin/sh", "-c", _EMPTY_SHARED], timeout=60), None)
            shutil.rmtree(folder, ignore_errors=True)
        self._folder = None
        if folder.exists():
            raise SandboxError(f'Cannot delete "{folder}"', code="unavailable", hint="Delete it as root.")

    def is_healthy(self) -> bool:
        """Whether a command that does nothing can be run."""
        try:
            return self.run(Command(["/bin/sh", "-c", ":"], timeout=_HEALTH_SECONDS), None).exit_code == 0
        except SandboxError:
            return False

    def _node(self, command: Command, image: str | None) -> dict[str, Any]:
        program, *args = command.argv
        wanted = image or self._image
        config = {
            "command": program,
            "args": args,
            "env": command.env,
            "timeout": command.timeout,
            "sandbox": self._kind,
            "workdir": command.workdir or self.default_workdir,
            "max_output_bytes": command.max_output_bytes,
            "fail_on_error": False,
            "strip_trailing_newline": False,
            **self._limits,
            **({} if wanted is None else {"image": wanted}),
            **({} if self._folder is None else {"binds": [f"{self._folder / 'tmp'}:{_SHARED}:rw"]}),
        }
        return {"config": protect(to_json(config))}


def _wait_for_end(execution: Execution) -> Mapping[str, Any]:
    """Answer the event that ends the only node; without one, what the execution has instead as its `error`."""
    result = execution.wait()
    endings = (event for event in execution.events() if event["type"] in {"NodeCompleted", "NodeFailed"})
    return next(endings, {"error": result.error or {"message": result.status}})


def _to_outcome(outputs: dict[str, Any]) -> Outcome:
    # Of output that is no text, the one port has the bytes and the other one what they look like as text.
    exact = outputs["output"]
    stdout = exact if isinstance(exact, bytes) else str(outputs["stdout"]).encode()
    return Outcome(int(outputs["exit_code"]), stdout, str(outputs["stderr"]).encode())


def _to_error(command: Command, error: dict[str, Any]) -> SandboxError:
    code, message, hint = error.get("code", "internal"), str(error.get("message")), error.get("hint")
    if code == "timeout":
        return SandboxTimeoutError(command.argv, command.timeout)
    said = message if message.startswith("Cannot ") else f"Cannot run {command.name}: {message}"
    return SandboxError(said, code=code, hint=hint, server_message=message)
