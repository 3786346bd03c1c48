"""A microVM that stays: its files and processes are there for the next command."""

from __future__ import annotations

import base64
import posixpath
import time
import uuid
import zlib
from collections.abc import Iterator, Mapping
from typing import Any

from ..command import Command, Outcome
from ..errors import SandboxError, SandboxTimeoutError
from .answer_errors import answer_error
from .guard import check_program, guarded
from .scripts import END_SCRIPT, PACK_SCRIPT, POLL_SCRIPT, START_SCRIPT, WRITE_SCRIPT
from .streams import Report, SessionStream, parse_report
from .transport import GRACE_SECONDS, Transport

PIECE_BYTES = 900
"""In base64 with the rest of the answer, this stays below the server's 1,460 bytes."""
_PACKED_FROM_BYTES = 16 * 1024
_PACK_BYTES = 32 * 1024
_PATH_BYTES = 256
_FIRST_POLL, _POLL_GROWTH, _LONGEST_POLL = 0.05, 1.5, 0.5
_SCRIPT_SECONDS = 30
_LATE_SECONDS = 5
_CLOSE_SECONDS = 10.0
_MAX_LOST_LOOKS = 3


class Session:
    """A session of a server; whoever has opened it closes it."""

    def __init__(self, transport: Transport, spec: Mapping[str, Any]) -> None:
        """Boot the VM. Raises `SandboxError`."""
        answer = transport.send_when_free("sessions", spec, GRACE_SECONDS + _CLOSE_SECONDS)
        image = str(spec.get("image"))
        session_id = answer.fields.get("session_id")
        if answer.status != 201 or not isinstance(session_id, str):
            raise answer_error(answer, f'Cannot create a session of "{image}"', image=image)
        self.session_id = session_id
        self._transport = transport

    def run(self, command: Command) -> Outcome:
        """Run a command to its end. Raises `SandboxError`."""
        running = _SessionCommand(self._transport, self.session_id, command)
        try:
            return check_program(command, running.run())
        finally:
            running.end()

    def close(self) -> None:
        """Close it. One that is gone is no error. Raises `SandboxError` if the server cannot be reached."""
        answer = self._transport.send("DELETE", f"sessions/{self.session_id}", timeout=_CLOSE_SECONDS)
        # The server closes the VM, then crashes over it and answers an empty 500.
        if answer.status in (200, 404) or (answer.status == 500 and answer.text == ""):
            return
        raise answer_error(answer, f'Cannot close session "{self.session_id}"')


class _SessionCommand:
    def __init__(self, transport: Transport, session_id: str, command: Command) -> None:
        self._transport = transport
        self._session_id = session_id
        self._command = command
        self._folder = f"/tmp/.flow-{uuid.uuid4()}"
        self._deadline = time.monotonic() + command.timeout
        self._out, self._err = (SessionStream(command.max_output_bytes) for _ in range(2))
        self._can_pack = True

    def run(self) -> Outcome:
        self._write_files()
        start = [START_SCRIPT, "sh", self._folder, str(PIECE_BYTES), *guarded(self._command)]
        report = parse_report(self._script(start, env=self._command.env, workdir=self._command.workdir))
        delay = _FIRST_POLL
        while not self._take(report):
            if report.code is not None and self._take_packed(report):
                continue
            if report.code is None and not report.out and not report.err:
                time.sleep(max(0.0, min(delay, self._deadline - time.monotonic())))
                delay = min(delay * _POLL_GROWTH, _LONGEST_POLL)
            else:
                delay = _FIRST_POLL
            has_ended = report.code is not None
            report = self._look(self._folder, self._out.next_offset(has_ended), self._err.next_offset(has_ended))
        return Outcome(-1 if report.code is None else report.code, self._out.read(), self._err.read())

    def end(self) -> None:
        """End the command if it still runs, and remove what it has left; that this fails harms nothing more."""
        self._deadline = time.monotonic() + _CLOSE_SECONDS
        try:
            self._script([END_SCRIPT, "sh", self._folder])
        except SandboxError:
            return

    def _take(self, report: Report) -> bool:
        self._out.take(report.out)
        self._err.take(report.err)
        if report.code is None:
            return False
        is_out_read = self._out.finish(report.out_bytes)
        return self._err.finish(report.err_bytes) and is_out_read

    def _write_files(self) -> None:
        files = dict(self._command.files)
        if self._command.stdin is not None:
            files[f"{self._folder}/in"] = self._command.stdin
        for pieces in _packs(files):
            self._script([WRITE_SCRIPT, "sh", *pieces])

    def _take_packed(self, report: Report) -> bool:
        """Read much output of a command that has ended compressed; `report` brings it. False: it has to go as it is."""
        wanted = [self._out.wanted(report.out_bytes), self._err.wanted(report.err_bytes)]
        if not self._can_pack or sum(count for _, count in wanted) < _PACKED_FROM_BYTES:
            return False
        ranges = [str(number) for part in wanted for number in part]
        try:
            first = self._script([PACK_SCRIPT, "sh", self._folder, str(PIECE_BYTES), *ranges])
        except SandboxTimeoutError:
            raise
        except SandboxError:
            first = ""
        self._can_pack = first != ""
        if not self._can_pack:
            return False
        packed = [bytearray(), bytearray()]
        part = parse_report(first)
        while True:
            packed[0] += part.out
            packed[1] += part.err
            if len(packed[0]) >= part.out_bytes and len(packed[1]) >= part.err_bytes:
                break
            part = self._look(f"{self._folder}/packed", len(packed[0]), len(packed[1]))
        report.out, report.err = (_unpack(bytes(data), count) for data, (_, count) in zip(packed, wanted, strict=True))
        return True

    def _look(self, folder: str, out: int, err: int) -> Report:
        """Look how the command is doing. That changes nothing, so a look that got lost is repeated."""
        args = [POLL_SCRIPT, "sh", folder, str(out), str(err), str(PIECE_BYTES)]
        for _ in range(_MAX_LOST_LOOKS):
            try:
                return parse_report(self._script(args))
            except SandboxError as error:
                if error.code != "unavailable":
                    raise
                time.sleep(_LONGEST_POLL)
        return parse_report(self._script(args))

    def _check_time(self) -> None:
        if time.monotonic() >= self._deadline:
            out, err = self._out.read(), self._err.read()
            raise SandboxTimeoutError(self._command.argv, self._command.timeout, out, err)

    def _script(self, args: list[str], *, env: Mapping[str, str] | None = None, workdir: str | None = None) -> str:
        """Run a short script in the session and answer its stdout. Raises `SandboxTimeoutError` if time is up."""
        self._check_time()
        body: dict[str, Any] = {"cmd": ["/bin/sh", "-c", *args], "timeout": _SCRIPT_SECONDS}
        if env:
            body["env"] = env
        if workdir is not None:
            body["workdir"] = workdir
        path = f"sessions/{self._session_id}/exec"
        left = max(1.0, self._deadline - time.monotonic())
        try:
            answer = self._transport.send(
                "POST", path, body, min(left + _LATE_SECONDS, _SCRIPT_SECONDS + GRACE_SECONDS)
            )
        except SandboxError:
            self._check_time()
            raise
        fields, action = answer.fields, f"Cannot run {self._command.name}"
        if answer.status != 200 or fields.get("timed_out") is True or not isinstance(fields.get("exit_code"), int):
            raise answer_error(answer, action, session=self._session_id)
        if fields["exit_code"] == 0:
            return str(fields.get("stdout", ""))
        said = str(fields.get("stderr", "")).strip() or f"the VM answered {fields['exit_code']}"
        hint = "Use an image with a POSIX shell, base64, head and tail."
        raise SandboxError(f"{action}: {said}", hint=hint, server_message=said)


def _packs(files: Mapping[str, bytes]) -> Iterator[list[str]]:
    """Answer arguments for the script that writes files: pieces that fit into a request together."""
    pack: list[str] = []
    room = _PACK_BYTES
    for path, content in files.items():
        at = 0
        while at == 0 or at < len(content):
            if room < _PATH_BYTES:
                yield pack
                pack, room = [], _PACK_BYTES
            piece = content[at : at + room]
            how = "new" if at == 0 else "more"
            pack += [posixpath.dirname(path), path, how, base64.b64encode(piece).decode()]
            room -= len(piece) + _PATH_BYTES
            at += max(1, len(piece))
    if pack:
        yield pack


def _unpack(data: bytes, count: int) -> bytes:
    try:
        # As gzip writes it; no more than there may be, whatever it says.
        content = zlib.decompressobj(wbits=31).decompress(data, count + 1)
    except zlib.error:
        content = None
    if content is None or len(content) != count:
        raise SandboxError("The session answered compressed output that is damaged")
    return content
