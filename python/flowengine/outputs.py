"""What the nodes of an execution have answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import GenericAlias
from typing import Any

from .annotations import hints_of, restore
from .errors import InvalidValueError
from .graph import Node
from .json_types import Json
from .tasks import Task
from .values import from_json


@dataclass(frozen=True)
class Answer:
    """The output that is a node's value, and what its function says that it returns."""

    port: str
    annotation: Any = Any

    def read(self, outputs: Json) -> Any:
        """Answer the value; where the annotation does not tell the truth, as it has travelled."""
        value = from_json(outputs.get(self.port) if isinstance(outputs, dict) else None)
        try:
            return restore(self.annotation, value)
        except InvalidValueError:
            return value


def answers_of(nodes: Iterable[Node]) -> dict[str, Answer]:
    """Answer what the values of tasks are, by node id; nodes of other types have ports."""
    answers = {}
    for node in nodes:
        if isinstance(node.owner, Task):
            annotation = hints_of(node.owner.function).get("return", Any)
            is_list = node.is_mapped and annotation is not Any
            answers[node.id] = Answer(node.main_output, GenericAlias(list, (annotation,)) if is_list else annotation)
        elif node.node_type == "python.task":
            answers[node.id] = Answer(node.main_output)
    return answers


class Outputs(Mapping[str, Any]):
    """The values of nodes, by id. Each is made when it is asked for the first time, so files are read only then."""

    def __init__(self, written: Mapping[str, Json], answers: Mapping[str, Answer]) -> None:
        self._written = written
        self._answers = answers
        self._made: dict[str, Any] = {}

    def __getitem__(self, node_id: str) -> Any:
        """Answer a value. Raises `KeyError`, and `InvalidValueError` if its file is not there any more."""
        if node_id not in self._made:
            written = self._written[node_id]
            answer = self._answers.get(node_id)
            self._made[node_id] = from_json(written) if answer is None else answer.read(written)
        return self._made[node_id]

    def __iter__(self) -> Iterator[str]:
        """Go through the ids, in the order in which the nodes succeeded."""
        return iter(self._written)

    def __len__(self) -> int:
        """Answer how many have succeeded."""
        return len(self._written)

    def __repr__(self) -> str:
        """Show the values."""
        return repr(dict(self))
