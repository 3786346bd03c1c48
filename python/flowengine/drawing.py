"""Drawings of flows."""

from __future__ import annotations

from typing import Literal, TypeAlias

from .errors import FlowEngineError
from .program import run_program

GraphFormat: TypeAlias = Literal["ascii", "mermaid", "dot", "svg"]


class Drawing(str):
    """The text of a drawing; notebooks show it as a picture."""

    document: str
    kind: GraphFormat

    def __repr__(self) -> str:
        """Answer the drawing itself, so that interpreters show it."""
        return str(self)

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """Answer the forms that a notebook chooses from."""
        try:
            picture = self if self.kind == "svg" else draw(self.document, "svg")
        except FlowEngineError:
            return {"text/plain": str(self)}
        return {"image/svg+xml": str(picture), "text/plain": str(self)}


def draw(document: str, format: GraphFormat) -> Drawing:
    """Let `flow` draw a workflow document. Raises `InvalidFlowError` with all that is wrong with it."""
    drawing = Drawing(run_program(["graph", "-", "--format", format], document))
    drawing.document, drawing.kind = document, format
    return drawing
