"""A command in a microVM of its own, by one request."""

from __future__ import annotations

import base64
import math
import posixpath
import uuid

from ..command import Command, Outcome
from ..errors import SandboxTimeoutError
from .answer_errors import answer_error
from .guard import check_program, guarded
from .transport import GRACE_SECONDS, Transport

_WRITABLE = ("/tmp/", "/var/tmp/", "/var/log/", "/home/")
"""Where the server writes files itself; all other places it refuses."""
_LATE_MARK = b"\x1eflow-late\n"
_SPARE_SECONDS = 5
_SCRIPT = """
set -e
limit=$1
shift
while [ "$1" != -- ]; do
  mkdir -p -- "$1"
  if [ "$4" = base64 ]; then base64 -d <"$3" >"$2"; else cat <"$3" >"$2"; fi
  rm -f -- "$3"
  shift 4
done
if [ -n "$2" ]; then cd -- "$2"; fi
stdin=$3 late=$4
shift 4
set +e
own=
if command -v setsid >/dev/null 2>&1; then own=setsid; fi
$own "$@" <"$stdin" &
pid=$!
$own /bin/sh -c '
  sleep "$1"
  : >"$3"
  kill -TERM "-$2" || kill -TERM "$2"
  sleep 1
  kill -KILL "-$2" || kill -KILL "$2"
' sh "$limit" "$pid" "$late" </dev/null >/dev/null 2>&1 &
watch=$!
wait "$pid" 2>/dev/null
code=$?
if [ -e "$late" ]; then
  wait "$watch"
  printf '\\036flow-late\\n' >&2
else
  kill -KILL "-$watch" 2>/dev/null || kill -KILL "$watch" 2>/dev/null
fi
exit "$code"
""".strip()
"""Puts files where the server does not, and ends the command when its time is up, which the server does not, either."""


def run_one_shot(transport: Transport, command: Command, body: dict[str, object]) -> Outcome:
    """Run a command; `body` says in which VM. Raises `SandboxError`; what is put out must fit into one answer."""
    timeout = math.ceil(command.timeout) + _SPARE_SECONDS
    request = {**_plan(command), **body, "env": command.env, "timeout": timeout}
    answer = transport.send_when_free("exec", request, timeout + GRACE_SECONDS)
    fields = answer.fields
    if answer.status != 200 or not isinstance(fields.get("exit_code"), int):
        if answer.reason == ":timeout":
            raise SandboxTimeoutError(command.argv, command.timeout)
        raise answer_error(answer, f"Cannot run {command.name}", image=str(body.get("image")))
    stdout, stderr = (str(fields.get(name, "")).encode() for name in ("stdout", "stderr"))
    if stderr.endswith(_LATE_MARK):
        raise SandboxTimeoutError(command.argv, command.timeout, stdout, stderr.removesuffix(_LATE_MARK))
    # What is not UTF-8 comes with this character in its place.
    is_exact = "\ufffd".encode() not in stdout + stderr
    return check_program(command, Outcome(fields["exit_code"], stdout, stderr, is_exact))


def _plan(command: Command) -> dict[str, object]:
    """Answer the part of the request that brings the files and the command."""
    staging = f"/tmp/.flow-{uuid.uuid4()}"
    files: dict[str, str] = {f"{staging}/mark": ""}
    steps: list[str] = []
    late_folders: set[str] = set()

    def add(path: str, content: bytes) -> None:
        text = _as_text(content)
        if text is not None and path.startswith(_WRITABLE):
            files[path] = text
            return
        source = f"{staging}/{len(steps)}"
        files[source] = base64.b64encode(content).decode() if text is None else text
        steps.extend([posixpath.dirname(path), path, source, "base64" if text is None else "text"])
        late_folders.add(path)

    for path, content in command.files.items():
        add(path, content)
    if command.stdin is not None:
        add(f"{staging}/stdin", command.stdin)
    workdir = command.workdir
    # The server goes there first; a folder that only these files make is not there yet.
    is_late = workdir is not None and any(path.startswith(f"{posixpath.normpath(workdir)}/") for path in late_folders)
    stdin = "/dev/null" if command.stdin is None else f"{staging}/stdin"
    # Not every `sleep` knows fractions.
    lead = [str(math.ceil(command.timeout)), *steps, "--", workdir or "" if is_late else "", stdin, f"{staging}/late"]
    return {
        "cmd": ["/bin/sh", "-c", _SCRIPT, "sh", *lead, *guarded(command)],
        "files": files,
        **({} if workdir is None or is_late else {"workdir": workdir}),
    }


def _as_text(content: bytes) -> str | None:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return None
