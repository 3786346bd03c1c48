"""Commands apart from this machine: in microVMs, containers, and namespaces."""

from __future__ import annotations

from .errors import SandboxCommandError, SandboxError, SandboxTimeoutError
from .sandbox import ExecResult, Sandbox

__all__ = ["ExecResult", "Sandbox", "SandboxCommandError", "SandboxError", "SandboxTimeoutError"]
