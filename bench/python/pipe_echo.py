"""Answers frames of four bytes of length and JSON as they come: what a worker does, without any call."""

from __future__ import annotations

import json
import sys

if __name__ == "__main__":
    reader, writer = sys.stdin.buffer, sys.stdout.buffer
    while header := reader.read(4):
        message = json.loads(reader.read(int.from_bytes(header, "big")))
        body = json.dumps(message).encode()
        writer.write(len(body).to_bytes(4, "big") + body)
        writer.flush()
