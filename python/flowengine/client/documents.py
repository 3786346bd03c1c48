"""Workflow documents and inputs for a server."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

from ..document import guard_tags
from ..process_role import ARGUMENTS_VARIABLE
from ..values import to_json


@runtime_checkable
class HasDocument(Protocol):
    """What has a workflow document, such as a `Flow`."""

    def to_document(self) -> dict[str, Any]:
        """Answer it."""


Workflow: TypeAlias = "Mapping[str, Any] | HasDocument"
"""A workflow document, or what has one."""


def document_of(workflow: Workflow) -> dict[str, Any]:
    """Answer a workflow document."""
    return workflow.to_document() if isinstance(workflow, HasDocument) else dict(workflow)


def encode_inputs(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Answer inputs as JSON, such that none of their values is taken for a tagged one. Raises `InvalidValueError`."""
    return {name: guard_tags(to_json(value)) for name, value in inputs.items()}


def place_functions(document: Mapping[str, Any], python: str | None, path: Sequence[str] | None) -> dict[str, Any]:
    """Answer a document whose Python functions are found on the machine of the server.

    `python` runs them there, `path` are folders there to import their modules from; without, those of this machine.
    """
    nodes = [
        {**node, "config": _place(node["config"], python, path)} if node["node_type"] == "python.task" else node
        for node in document["nodes"]
    ]
    return {**document, "nodes": nodes}


def _place(given: Mapping[str, Any], python: str | None, path: Sequence[str] | None) -> dict[str, Any]:
    config, is_script = dict(given), _is_main(given)
    if path is not None:
        config["path"] = list(path)
        if "file" in config:
            config["module"] = Path(config.pop("file")).stem
    if python is not None and "python" in config:
        config["python"] = python
    if is_script and len(sys.argv) > 1:
        # It is run as far as the flow there, and may look at its arguments.
        config["env"] = {**config.get("env", {}), ARGUMENTS_VARIABLE: json.dumps(sys.argv)}
    return config


def _is_main(config: Mapping[str, Any]) -> bool:
    """Answer whether the function is one of the script that runs."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return "file" in config or (spec is not None and config.get("module") == spec.name)
