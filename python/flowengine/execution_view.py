"""Where an execution stands, for those who draw it."""

from __future__ import annotations

import collections
import re
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

_KEPT_LINES = 5000
_LONGEST_LINE = 1000
Tone: TypeAlias = Literal["quiet", "busy", "good", "warning", "bad"]
LOOKS: dict[str, tuple[str, Tone]] = {
    "waiting": ("·", "quiet"),
    "running": ("▶", "busy"),
    "retrying": ("↻", "warning"),
    "succeeded": ("✓", "good"),
    "failed": ("✗", "bad"),
    "cancelled": ("⊘", "warning"),
    "skipped": ("↷", "quiet"),
}
"""The symbol of each status of a node, and its tone, which each display has a colour for."""
_ACTIVE = ("running", "retrying")
_CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x08\x0b-\x1f\x7f-\x9f]")


@dataclass
class NodeView:
    """A node: its status, since when, how long it took, what is to be said of it, and its items."""

    id: str
    status: str = "waiting"
    since: float = 0.0
    duration_ms: float | None = None
    note: str = ""
    items: int | None = None
    items_done: int = 0

    @property
    def is_active(self) -> bool:
        """Whether something is being done for it."""
        return self.status in _ACTIVE

    def seconds(self, now: float) -> float | None:
        """Answer how long it has been running or has run."""
        if self.duration_ms is not None:
            return self.duration_ms / 1000
        return now - self.since if self.is_active else None

    def detail(self, now: float) -> str:
        """Answer what stands behind its name."""
        items = "" if self.items is None else f"{self.items_done}/{self.items}"
        seconds = self.seconds(now)
        parts = [items, "" if seconds is None else f"{seconds:.1f} s", self.note]
        return "  ".join(part for part in parts if part)


@dataclass
class ExecutionView:
    """What events say, as far as it is shown; lines that nodes print are kept up to a bound."""

    name: str
    order: Iterable[str] = ()
    clock: Callable[[], float] = time.monotonic
    nodes: dict[str, NodeView] = field(default_factory=dict)
    status: str = "running"
    execution_id: str = ""
    duration_ms: float | None = None
    lines: collections.deque[str] = field(default_factory=lambda: collections.deque(maxlen=_KEPT_LINES))
    lines_left_out: int = 0

    def __post_init__(self) -> None:
        self.nodes.update({id: NodeView(id) for id in self.order})

    def apply(self, event: Mapping[str, Any]) -> None:
        """Take an event into account."""
        kind = event["type"]
        if kind == "WorkflowStarted":
            self.execution_id = str(event["execution_id"])
        elif kind == "WorkflowCompleted":
            self.status, self.duration_ms = event["status"], event["duration_ms"]
        elif kind == "NodeEvent":
            line = line_of(event)
            if line is not None:
                self.lines_left_out += len(self.lines) == _KEPT_LINES
                self.lines.append(line)
        elif "node_id" in event:
            node = self.nodes.setdefault(event["node_id"], NodeView(event["node_id"]))
            if "index" in event:
                self._apply_item(node, kind)
            else:
                self._apply_node(node, kind, event)

    def take_lines(self) -> list[str]:
        """Answer the lines since the last time."""
        missing = [f"… {self.lines_left_out} lines left out"] if self.lines_left_out else []
        taken = [*missing, *self.lines]
        self.lines.clear()
        self.lines_left_out = 0
        return taken

    def shown_status(self, node: NodeView) -> str:
        """Answer the status to show of a node: what still ran when the execution ended has been cut off."""
        return node.status if self.status == "running" or not node.is_active else "cancelled"

    def summary(self) -> str:
        """Answer how it stands, in one line."""
        took = "" if self.duration_ms is None else f" after {self.duration_ms / 1000:.1f} s"
        return f"{self.status}{took}: {self.counts()}"

    def counts(self) -> str:
        """Answer how many nodes have which status."""
        found = collections.Counter(node.status for node in self.nodes.values())
        return ", ".join(f"{count} {status}" for status, count in found.items())

    def done(self) -> int:
        """Answer how many nodes have come to their end."""
        return sum(not node.is_active and node.status != "waiting" for node in self.nodes.values())

    def selection(self, count: int) -> tuple[list[NodeView], int]:
        """Answer the nodes that matter now, in their order, at most `count`, and how many others there are."""
        nodes = list(self.nodes.values())
        if len(nodes) <= count:
            return nodes, 0
        urgency = {"running": 0, "retrying": 0, "failed": 1, "cancelled": 2, "waiting": 4}
        chosen = sorted(nodes, key=lambda node: (urgency.get(node.status, 3), -node.since))[: max(0, count)]
        kept = {node.id for node in chosen}
        return [node for node in nodes if node.id in kept], len(nodes) - len(kept)

    def end(self) -> None:
        """Say that no more events come: what still runs has been cut off."""
        if self.status == "running":
            self.status = "interrupted"

    def _apply_item(self, node: NodeView, kind: str) -> None:
        if kind in {"NodeCompleted", "NodeFailed", "NodeSkipped"}:
            node.items_done += 1

    def _apply_node(self, node: NodeView, kind: str, event: Mapping[str, Any]) -> None:
        if kind == "NodeStarted":
            node.status, node.since, node.note = "running", self.clock(), ""
        elif kind == "NodeExpanded":
            node.items, node.items_done = len(event["items"]), 0
            if not node.is_active:
                node.status, node.since = "running", self.clock()
        elif kind == "NodeRetrying":
            node.status, node.note = "retrying", one_line(event["error"]["message"])
        elif kind == "NodeCompleted":
            node.status, node.duration_ms = "succeeded", event.get("duration_ms")
            node.note = "from the cache" if event.get("cached") else ""
        elif kind == "NodeFailed":
            node.duration_ms, node.note = event.get("duration_ms"), one_line(event["error"]["message"])
            node.status = "cancelled" if event["error"].get("code") == "cancelled" else "failed"
        elif kind == "NodeSkipped":
            node.status = "skipped"


def line_of(event: Mapping[str, Any]) -> str | None:
    """Answer what a node has printed or logged, with its name."""
    inner = event["event"]
    text = inner.get("line", inner.get("message"))
    return None if text is None else f"{name_of(event)} | {one_line(str(text))}"


def name_of(event: Mapping[str, Any]) -> str:
    """Answer the node of an event, with the number of the item if it has one."""
    node = event.get("node_id", "")
    return f"{node}[{event['index']}]" if "index" in event else str(node)


def one_line(text: str) -> str:
    """Answer the beginning of a text without line breaks, and without what would move the cursor of a terminal."""
    clean = _CONTROL.sub("", text[: 2 * _LONGEST_LINE].replace("\t", "    ").replace("\n", " "))
    return clean if len(clean) <= _LONGEST_LINE else f"{clean[:_LONGEST_LINE]}…"
