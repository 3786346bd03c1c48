"""Processes that functions make of their worker: copies by `fork`, and new ones by `multiprocessing`.

They work for the function, not for `flow`: what they print comes by stderr, and they answer no call.
"""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec

from .channel import Channel
from .streams import Output

_STARTED = f"{__package__}.started_process"


def prepare_copies(channel: Channel, output: Output) -> None:
    """Keep processes that functions make out of the messages of this one, and let them find its modules."""

    def leave() -> None:
        channel.leave()
        output.leave()

    if sys.platform != "win32":
        os.register_at_fork(after_in_child=leave)
    # Processes of `multiprocessing` import what the main module is called.
    sys.modules["__main__"].__spec__ = ModuleSpec(_STARTED, None)
