"""Workflow documents that tests run."""

from __future__ import annotations

from typing import Any

HELLO = {
    "id": "hello",
    "inputs": {"name": {"type": "string"}},
    "nodes": [
        {
            "id": "greet",
            "node_type": "shell.exec",
            "config": {"command": "echo", "args": ["Hello, ${{ inputs.name }}!"]},
        },
        {"id": "shout", "node_type": "shell.exec", "config": {"command": "tr a-z A-Z", "shell": True}},
    ],
    "connections": [{"from_node": "greet", "from_port": "stdout", "to_node": "shout", "to_port": "stdin"}],
}

SLEEP = {
    "id": "sleep",
    "nodes": [{"id": "sleep", "node_type": "shell.exec", "config": {"command": "sleep", "args": ["300"]}}],
}

FAIL = {"id": "fail", "nodes": [{"id": "fail", "node_type": "shell.exec", "config": {"command": "false"}}]}

COUNT = "i=0; while [ $i -lt 40 ]; do echo line $i; i=$((i+1)); sleep 0.05; done"


def ticking(lines: str = COUNT) -> dict[str, Any]:
    config = {"command": lines, "shell": True, "stream_output": True}
    return {"id": "ticking", "nodes": [{"id": "tick", "node_type": "shell.exec", "config": config}]}
