"""What answers mean that are no success: Zypi says it as Elixir terms in a 500, or crashes and says nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..errors import SandboxError
from .transport import Answer

_MAX_QUOTED = 300
_MAX_MESSAGE = 4096
_AGENT_ERROR = re.compile(r'^\{:rpc_error, (-\d+), "(.*)"\}$', re.DOTALL)
_SESSION_GONE = (
    "Open a new one: a session is closed after 300 s without a command, "
    "and Zypi forgets all of them when one is closed."
)
_USE_SESSION = "Use `with Sandbox(...) as box:`, where output of any size is read in pieces."


@dataclass(frozen=True)
class _Meaning:
    code: str
    why: str
    hint: str | None = None


def answer_error(answer: Answer, action: str, *, image: str | None = None, session: str | None = None) -> SandboxError:
    """Answer the error for an answer; `action` begins the message, such as `Cannot run "ls"`."""
    reason = answer.reason
    meaning = (None if reason is None else _explain_reason(reason, image, session)) or _explain_status(answer, session)
    return SandboxError(
        f"{action}: {meaning.why}",
        code=meaning.code,
        hint=meaning.hint,
        server_message=(reason if reason is not None else answer.text)[:_MAX_MESSAGE] or None,
        status=answer.status,
    )


def _explain_reason(reason: str, image: str | None, session: str | None) -> _Meaning | None:
    """There are no codes: the texts are all that can be decided on."""
    if reason == ":timeout":
        return _Meaning("timeout", "the server reports a timeout", "Raise timeout, or find out what it waits for.")
    if "json_decode" in reason:
        why = "stdout and stderr together are longer than the server's answer line of 1,460 bytes"
        return _Meaning("output_too_large", why, _USE_SESSION)
    if "image_not_found" in reason:
        hint = "Import it (POST /images/NAME/import), or use an image that is there; names must match exactly."
        return _Meaning("invalid_config", f'Zypi has no image "{image or ""}"', hint)
    if "pool_exhausted" in reason:
        return _Meaning("unavailable", "all its VMs are taken", "Try again later, or restart Zypi.")
    if re.search(r"session[_ ]not[_ ]found", reason):
        return _Meaning("not_found", f'session "{session or ""}" is gone', _SESSION_GONE)
    return _explain_agent(reason)


def _explain_agent(reason: str) -> _Meaning | None:
    match = _AGENT_ERROR.match(reason)
    if match is None:
        return None
    code, why = match[1], match[2].replace('\\"', '"')
    if why.startswith("chdir "):
        return _Meaning("invalid_config", why, "Correct workdir.")
    if re.match(r"fork/exec .*(no such file|executable file not found)", why):
        return _Meaning("program_not_found", why, "Use an image with a POSIX shell.")
    if re.match(r"fork/exec .*argument list too long", why):
        return _Meaning("invalid_input", why, "Pass large values as files instead.")
    if code == "-32003":
        return _Meaning("invalid_config", f"the server refuses it: {why}", "Check the command and the paths.")
    if code == "-32602":
        return _Meaning("invalid_config", why)
    return _Meaning("unavailable", f"the agent in the VM reports {code}: {why}")


def _explain_status(answer: Answer, session: str | None) -> _Meaning:
    status, reason = answer.status, answer.reason
    if status == 500 and answer.text == "":
        return _Meaning("unavailable", "empty 500 (server crash)", "Read the log of the Zypi server.")
    if status == 413:
        return _Meaning("invalid_input", "the request is too large for the server", _USE_SESSION)
    if status == 404 and session is not None:
        return _Meaning("not_found", f'session "{session}" is gone', _SESSION_GONE)
    if reason is not None and reason != "not_found":
        return _Meaning("invalid_config" if 400 <= status < 500 else "node_failed", reason[:_MAX_QUOTED])
    if status >= 500:
        return _Meaning("unavailable", f'"{answer.host}" answered {status}', "Read the log of the server.")
    hint = "Check that zypi_url is the address of a Zypi server, which listens on port 4000."
    return _Meaning("unavailable", f'"{answer.host}" does not answer as Zypi does (status {status})', hint)
