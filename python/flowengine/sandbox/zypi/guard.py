"""What stands before every command: it tells a program that is not there from one that fails."""

from __future__ import annotations

from ..command import Command, Outcome
from ..errors import SandboxError

MISSING_MARK = b"\x1eflow-missing\n"
_GUARD = 'command -v -- "$1" >/dev/null 2>&1 || { printf "\\036flow-missing\\n" >&2; exit 127; }; exec "$@"'


def guarded(command: Command) -> list[str]:
    """Answer the command with the guard before it. The server does not look into shells, which every image has."""
    return ["/bin/sh", "-c", _GUARD, "sh", *command.argv]


def check_program(command: Command, outcome: Outcome) -> Outcome:
    """Answer the outcome, or raise `SandboxError` (`program_not_found`)."""
    if outcome.exit_code != 127 or not outcome.stderr.endswith(MISSING_MARK):
        return outcome
    raise SandboxError(
        f'Cannot run {command.name}: there is no program "{command.argv[0]}" that can be run',
        code="program_not_found",
        hint="Check the command, or use an image that has the program.",
    )
