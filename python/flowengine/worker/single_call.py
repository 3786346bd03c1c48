"""Calls one function in a sandbox, where nobody waits with more of them."""

from __future__ import annotations

import os

from ..process_role import become_worker
from .calling import answer_call
from .channel import Channel
from .streams import redirect_output


def main() -> None:
    """Answer the call that stdin brings, and end this process, whatever threads the function has left."""
    become_worker()
    channel = Channel(takes_many=False)
    end_lines = redirect_output(channel.send_line)
    channel.send('{"type":"ready"}')
    answer = answer_call(channel.next_call())
    end_lines()
    channel.send(answer)
    os._exit(0)
