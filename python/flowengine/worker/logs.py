"""What functions log, as long as their modules do not set it up themselves."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

_handler: logging.Handler | None = None


def show_logs() -> None:
    """Write records from INFO on to `sys.stderr`, as it is now."""
    global _handler
    _handler = logging.StreamHandler()
    _handler.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
    logging.lastResort = _handler
    logging.root.setLevel(logging.INFO)
    logging.root.addHandler(_handler)


@contextmanager
def may_set_up_logging() -> Iterator[None]:
    """Let a module that is imported in the block set logging up: `logging.basicConfig` does nothing beside a handler.

    Meanwhile records are shown for want of another handler.
    """
    root = logging.root
    if _handler is None or root.handlers != [_handler]:
        yield
        return
    root.removeHandler(_handler)
    try:
        yield
    finally:
        if not root.handlers:
            root.addHandler(_handler)
