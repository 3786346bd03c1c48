"""Calls one function in a sandbox, where nobody waits with more of them."""

from __future__ import annotations

import os

from ..process_role import become_worker
from .calling import answer_call
from .channel import Channel
from .copies import prepare_copies
from .streams import Output


def main() -> None:
    """Answer the call that stdin brings, and end this process, whatever threads the function has left."""
    become_worker()
    channel = Channel(takes_many=False)
    output = Output(channel.send_line)
    prepare_copies(channel, output)
    channel.send('{"type":"ready"}')
    answer = answer_call(channel.next_call())
    output.end_lines()
    channel.send(answer)
    os._exit(0)
