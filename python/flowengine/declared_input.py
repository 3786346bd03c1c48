"""What a flow says of an input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

InputType: TypeAlias = Literal["any", "string", "number", "integer", "boolean", "array", "object"]
InputFormat: TypeAlias = Literal["date", "date-time", "duration", "email", "ipv4", "ipv6", "uri", "uuid"]

NO_DEFAULT: Any = object()
"""Says that there is none: None is one."""


@dataclass(frozen=True)
class DeclaredInput:
    """An input of a flow, as `Flow.input` takes it."""

    type: InputType | None = None
    default: Any = NO_DEFAULT
    required: bool | None = None
    enum: Sequence[Any] | None = None
    format: InputFormat | None = None
    description: str | None = None

    @property
    def is_required(self) -> bool:
        """Whether it has to be given."""
        return self.default is NO_DEFAULT if self.required is None else self.required

    def fields(self) -> dict[str, Any]:
        """Answer what is said, by the names that it has in documents."""
        others = {"type": self.type, "required": self.required, "format": self.format, "description": self.description}
        return {
            **{name: value for name, value in others.items() if value is not None},
            **({} if self.enum is None else {"enum": list(self.enum)}),
            **({} if self.default is NO_DEFAULT else {"default": self.default}),
        }
