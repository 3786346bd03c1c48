from __future__ import annotations

import re
from pathlib import Path

import pytest
from conftest import run_script

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)
EXPECTED = re.compile(r"^ *print\(.*\)  # (.*)$", re.MULTILINE)


def blocks() -> list[str]:
    pages = [ROOT / "README.md", ROOT / "docs" / "python.md", ROOT / "python" / "README.md"]
    return [block for page in pages for block in BLOCK.findall(page.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("block", blocks())
def test_examples_of_the_documentation_print_what_they_say(
    block: str, tmp_path: Path, item_url: str, request: pytest.FixtureRequest
) -> None:
    script = block.replace("https://api.example.com/item", item_url)
    if "python:3.13-slim" in script:
        script = script.replace("python:3.13-slim", request.getfixturevalue("docker").python)
    if "zypi.example.com" in script:
        script = script.replace("http://zypi.example.com:4000", request.getfixturevalue("zypi_url"))
    if "http://127.0.0.1:3000" in script:
        script = script.replace("http://127.0.0.1:3000", request.getfixturevalue("server").url)
    done = run_script(tmp_path, script)
    expected = EXPECTED.findall(script) or ["{'summary': 'An item'}"]
    assert done.stdout.splitlines() == expected, done.stderr


def test_there_are_examples() -> None:
    assert len(blocks()) >= 4
