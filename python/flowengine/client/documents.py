"""Workflow documents and inputs for a server."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeAlias, runtime_checkable

from ..document import guard_tags
from ..errors import InvalidFlowError
from ..process_role import arguments_for_workers
from ..values import to_json


@runtime_checkable
class HasDocument(Protocol):
    """What has a workflow document, such as a `Flow`."""

    def to_document(self) -> dict[str, Any]:
        """Answer it."""


Workflow: TypeAlias = "Mapping[str, Any] | HasDocument"
"""A workflow document, or what has one."""


@dataclass(frozen=True)
class Placement:
    """Where the machine of the server has Python functions; None: where this one has them.

    `python` runs them there, `path` are folders there to import their modules from.
    """

    python: str | None = None
    path: Sequence[str] | None = None

    def document_of(self, workflow: Workflow) -> dict[str, Any]:
        """Answer a workflow document; those of flows are placed."""
        return self.place(workflow.to_document()) if isinstance(workflow, HasDocument) else dict(workflow)

    def place(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Answer a document whose Python functions are found on the machine of the server."""
        nodes = [
            {**node, "config": self._place(node["config"])} if node["node_type"] == "python.task" else node
            for node in document["nodes"]
        ]
        return {**document, "nodes": nodes}

    def _place(self, given: Mapping[str, Any]) -> dict[str, Any]:
        config, is_script = dict(given), _is_main(given)
        if self.path is not None:
            config["path"] = list(self.path)
            if "file" in config:
                config["module"] = Path(config.pop("file")).stem
        if self.python is not None and "python" in config:
            config["python"] = self.python
        if is_script and len(sys.argv) > 1:
            # It is run as far as the flow there, and may look at its arguments.
            config["env"] = {**config.get("env", {}), **arguments_for_workers()}
        return config


def encode_inputs(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Answer inputs as JSON, such that none of their values is taken for a tagged one. Raises `InvalidValueError`."""
    if not isinstance(inputs, Mapping):
        raise InvalidFlowError(f"inputs are not {type(inputs).__name__}", hint='Pass a dict: {"name": value}.')
    return {name: guard_tags(to_json(value)) for name, value in inputs.items()}


def _is_main(config: Mapping[str, Any]) -> bool:
    """Answer whether the function is one of the script that runs."""
    spec = getattr(sys.modules.get("__main__"), "__spec__", None)
    return "file" in config or (spec is not None and config.get("module") == spec.name)
