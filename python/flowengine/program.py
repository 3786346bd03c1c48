"""The `flow` program."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

from .child import start_child
from .errors import EngineNotFoundError, FlowEngineError, InvalidFlowError
from .process_role import arguments_for_workers

_INVALID = 2
_TIMEOUT_SECONDS = 120


def find_program() -> list[str]:
    """Answer the command that runs `flow`: `FLOW_BIN` (with arguments, if it has some), PATH, or that of the wheel.

    Raises `EngineNotFoundError` if there is none.
    """
    named = os.environ.get("FLOW_BIN", "").strip()
    if named:
        words = [named] if Path(named).is_file() else shlex.split(named)
        if shutil.which(words[0]) is None:
            raise EngineNotFoundError(
                f'cannot run "{words[0]}", which FLOW_BIN names: it is not an executable file',
                code="program_not_found",
                hint="Correct FLOW_BIN, or unset it.",
            )
        return words
    found = shutil.which("flow") or shutil.which("flow", path=_own_folders())
    if found is None:
        raise EngineNotFoundError(
            'there is no program "flow" on PATH, and this installation of flowengine has brought none',
            code="program_not_found",
            hint="Install a wheel for this platform, or name the program in the environment variable FLOW_BIN.",
        )
    return [found]


def _own_folders() -> str:
    """Answer the folders that the scripts of this installation may be in: an environment's, the user's, a target's."""
    scripts = [sysconfig.get_path("scripts"), sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user"))]
    return os.pathsep.join([*scripts, str(Path(__file__).resolve().parents[1] / "bin")])


def environment() -> dict[str, str]:
    """Answer the variables for `flow`: all, but no server, since it is to run here; and `sys.argv` for workers.

    However this process ends, `flow` does too.
    """
    inherited = {name: value for name, value in os.environ.items() if name != "FLOW_SERVER"}
    return {**inherited, "NO_COLOR": "1", "FLOW_END_WITH_PARENT": "1", **arguments_for_workers()}


def start_program(command: list[str]) -> subprocess.Popen[bytes]:
    """Start `flow` with arguments as a child of its own. Raises `EngineNotFoundError` if it cannot be run."""
    try:
        return start_child(command, environment())
    except OSError as error:
        raise _not_runnable(command, error) from error


def _not_runnable(command: list[str], error: OSError) -> EngineNotFoundError:
    message = f'cannot run "{command[0]}": {error.strerror}'
    return EngineNotFoundError(message, code="program_not_found", hint="Name another program in FLOW_BIN.")


def run_program(arguments: list[str], document: str) -> str:
    """Run `flow` on a document, and answer what it prints. Raises `InvalidFlowError` with its words if it fails."""
    command = [*find_program(), *arguments]
    try:
        done = subprocess.run(
            command,
            input=document.encode(),
            capture_output=True,
            env=environment(),
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
    except OSError as error:
        raise _not_runnable(command, error) from error
    except subprocess.TimeoutExpired:
        raise FlowEngineError(f'"flow {arguments[0]}" took longer than {_TIMEOUT_SECONDS} s', code="timeout") from None
    said = (done.stderr if done.stderr.strip() else done.stdout).decode(errors="replace")
    check_exit(done.returncode, said)
    return done.stdout.decode()


def silent_end(status: int) -> FlowEngineError:
    """Answer the error about a program that has ended without a word: `flow` always has one."""
    return FlowEngineError(
        f'"{shlex.join(find_program())}" ended with status {status} and said nothing',
        code="unavailable",
        hint="Check that it is the program flow: it is what FLOW_BIN names, or else what is on PATH.",
    )


def check_exit(status: int, said: str, error: dict[str, Any] | None = None) -> None:
    """Raise what `flow` has said, as text or as an error of its own, if it did not succeed."""
    if status == 0:
        return
    text = said.strip().removeprefix("error: ")
    if not text and error is None:
        raise silent_end(status)
    is_invalid = status == _INVALID
    known = {"code": "invalid_workflow" if is_invalid else "unavailable", "message": text, **(error or {})}
    failure = InvalidFlowError if is_invalid else FlowEngineError
    raise failure(str(known["message"]), code=str(known["code"]), hint=known.get("hint"))
