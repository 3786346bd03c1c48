"""Where a task runs: on this machine, or apart from it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .errors import InvalidFlowError

HERE = "python.task"
SANDBOXES = {"docker.run": "docker", "zypi.exec": "zypi", "sandbox.exec": "local"}
"""The sandbox of `python.task` for each node type whose way to run a task may have."""

_PACKAGE = Path(__file__).resolve().parent


def check_placement(node_type: str | None, image: str | None) -> None:
    """Raise `InvalidFlowError` for what is no place to run a task, and for an image where there are none."""
    if node_type is not None and node_type != HERE and node_type not in SANDBOXES:
        known = ", ".join([HERE, *SANDBOXES])
        raise InvalidFlowError(
            f'@task(node_type="{node_type}"): a Python function cannot run as that',
            hint=f"Take one of {known}; other node types are nodes of their own: nodes.node(type, config).",
        )
    if image is not None and (node_type == HERE or node_type == "sandbox.exec"):
        raise InvalidFlowError(
            f'@task(node_type="{node_type}", image="{image}"): there are no images',
            hint="Take docker.run or zypi.exec, or leave out image.",
        )
    if image is not None and (not image or image != "".join(image.split())):
        raise InvalidFlowError(f'@task(image="{image}"): it is no name of an image')


def check_env(env: Mapping[str, str] | None) -> None:
    """Raise `InvalidFlowError` for variables that no process can have."""
    for name, value in (env or {}).items():
        if not isinstance(name, str) or not isinstance(value, str) or not name or "=" in name:
            raise InvalidFlowError(f"@task(env={{{name!r}: ...}}): names and values of variables have to be text")


def place(
    config: dict[str, Any], node_type: str | None, image: str | None, env: Mapping[str, str] | None
) -> dict[str, Any]:
    """Answer the config of a `python.task` for this machine, made one for the place that the options name."""
    placed = {**config, **({"env": dict(env)} if env else {})}
    sandbox = SANDBOXES.get(node_type or ("docker.run" if image is not None else HERE))
    if sandbox is None:
        return placed
    # Neither this Python nor the variables of this machine are there.
    kept = {key: value for key, value in placed.items() if key not in {"python", "env_passthrough"}}
    return {
        **kept,
        "sandbox": sandbox,
        **({} if image is None else {"image": image}),
        "package": str(_PACKAGE),
    }
