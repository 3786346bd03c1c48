"""Values that there will be when a flow runs, and what cannot be done with them before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

from .errors import InvalidFlowError

_DECIDE = "Decide within a task, or with nodes.condition(...)."
_COMPOSE = "Put the text together within a task, or with expression(...)."
_COMPUTE = "Compute it within a task."
_MAP = "Use task.map(...) to do something for each item."


def _refuse(hint: str) -> Callable[..., NoReturn]:
    def refuse(self: Pending, *_: object) -> NoReturn:
        raise InvalidFlowError(f'"{self.pending_name}" has no value yet', hint=hint)

    return refuse


class Pending:
    """Stands for a value that there will be: it can be passed on, and all else is refused (`InvalidFlowError`).

    Python would do most of it with the object that stands there, and nobody would notice.
    """

    __iter__ = __reversed__ = __index__ = _refuse(_MAP)
    __len__ = _refuse(_MAP)
    __bool__ = _refuse(_DECIDE)
    __contains__ = _refuse(_DECIDE)
    __lt__ = __le__ = __gt__ = __ge__ = _refuse(_DECIDE)
    __str__ = __format__ = _refuse(_COMPOSE)
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = _refuse(_COMPUTE)
    __truediv__ = __rtruediv__ = __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = _refuse(_COMPUTE)
    __pow__ = __rpow__ = __neg__ = __abs__ = __int__ = __float__ = __round__ = _refuse(_COMPUTE)
    __hash__ = object.__hash__

    @property
    def pending_name(self) -> str:
        """What to call it in messages."""
        raise NotImplementedError

    def __eq__(self, other: object) -> bool:
        """Say whether both stand for the same; comparing it with a value is refused."""
        if isinstance(other, Pending):
            return self is other
        return _refuse(_DECIDE)(self)


def refuse_part(of: Pending, key: Any) -> NoReturn:
    """Raise `InvalidFlowError` about a part of a value whose parts cannot be named."""
    _refuse(f"Take {key!r} from it within a task.")(of)
