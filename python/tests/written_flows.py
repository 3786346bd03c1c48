"""What the documents of flows say."""

from __future__ import annotations

from typing import Any

from flowengine import Flow
from flowengine.value_files import open_value_files


def edges(made: Flow) -> list[str]:
    return [
        f"{edge['from_node']}.{edge['from_port']} -> {edge['to_node']}.{edge['to_port']}"
        for edge in made.to_document()["connections"]
    ]


def local_node(made: Flow, id: str) -> dict[str, Any]:
    """As it runs here."""
    files = open_value_files(takes_large=True)
    return next(found for found in made.to_document(files)["nodes"] if found["id"] == id)


def node(made: Flow, id: str) -> dict[str, Any]:
    found: dict[str, Any] = next(node for node in made.to_document()["nodes"] if node["id"] == id)
    return found
