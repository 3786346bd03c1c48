"""What happens, for people who watch."""

from __future__ import annotations

import sys
from typing import Any


def show_event(event: dict[str, Any]) -> None:
    """Write a line about an event to stderr, if people want to know of it."""
    line = describe_event(event)
    if line is not None:
        print(line, file=sys.stderr, flush=True)


def describe_event(event: dict[str, Any]) -> str | None:
    """Answer the line about an event."""
    node = event.get("node_id", "")
    name = f"{node}[{event['index']}]" if "index" in event else node
    match event["type"]:
        case "NodeStarted":
            return f"▶ {name}"
        case "NodeCompleted":
            how = "from the cache" if event.get("cached") else f"{event['duration_ms'] / 1000:.1f} s"
            return f"✓ {name} ({how})"
        case "NodeFailed":
            return f"✗ {name}: {event['error']['message']}"
        case "NodeRetrying":
            return f"↻ {name}: {event['error']['message']}; again in {event['delay_ms'] / 1000:g} s"
        case "NodeEvent":
            inner = event["event"]
            text = inner.get("line", inner.get("message"))
            return None if text is None else f"  {name} | {text}"
        case "WorkflowCompleted":
            return f"{event['status']} after {event['duration_ms'] / 1000:.1f} s"
    return None
