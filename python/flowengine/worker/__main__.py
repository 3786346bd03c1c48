"""Calls functions until `flow` closes stdin."""

from __future__ import annotations

from ..process_role import become_worker
from .calling import answer_call
from .channel import Channel
from .copies import prepare_copies
from .streams import Output


def main() -> None:
    """Answer calls, one after the other, for ever: the process ends when its stdin does."""
    become_worker()
    channel = Channel()
    output = Output(channel.send_line)
    prepare_copies(channel, output)
    channel.send('{"type":"ready"}')
    is_warm = False

    def tell_loaded() -> None:
        nonlocal is_warm
        if not is_warm:
            is_warm = True
            channel.send('{"type":"loaded"}')

    while True:
        answer = answer_call(channel.next_call(), tell_loaded)
        output.end_lines()
        channel.end_call()
        channel.send(answer)


if __name__ == "__main__":
    main()
