"""A server for tests: the real one, in a process of its own."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import threading
import urllib.parse
from pathlib import Path

from flowengine import FlowClient

START_SECONDS = 60


class FlowServer:
    """`flow serve` with a database in `folder`. It can be killed and started again at the same address."""

    def __init__(
        self, folder: Path, *options: str, token: str | None = None, env: dict[str, str] | None = None
    ) -> None:
        self._folder = folder
        self._options = options
        self._env = {**os.environ, **(env or {}), **({} if token is None else {"FLOW_TOKEN": token})}
        self._process: subprocess.Popen[str] | None = None
        self.url = ""
        self.token = token
        self.start()

    def start(self) -> None:
        """Start it, and wait until it listens."""
        port = urllib.parse.urlsplit(self.url).port or 0
        command = [*shlex.split(os.environ["FLOW_BIN"]), "serve", "--port", str(port), *self._options]
        self._process = subprocess.Popen(
            [*command, "--db", str(self._folder / "server.db")],
            cwd=self._folder,
            env=self._env,
            stdout=subprocess.PIPE,
            stderr=(self._folder / "server.log").open("a"),
            text=True,
        )
        watchdog = threading.Timer(START_SECONDS, self._process.kill)
        watchdog.start()
        line = self._process.stdout.readline().strip() if self._process.stdout else ""
        watchdog.cancel()
        if not line.startswith("http"):
            self.stop()
            raise AssertionError((self._folder / "server.log").read_text())
        self.url = line

    def kill(self) -> None:
        """End it without a chance to tell anybody."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as the system does."""
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(60)
        finally:
            process.kill()
            if process.stdout is not None:
                process.stdout.close()

    def client(self) -> FlowClient:
        """Answer a client of it."""
        return FlowClient(self.url, self.token)
