from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import flowengine

ROOT = Path(__file__).resolve().parents[2]


def test_the_version_is_the_engines() -> None:
    engine = json.loads((ROOT / "deno.json").read_text())["version"]
    assert (flowengine.__version__, importlib.metadata.version("flowengine")) == (engine, engine)


def test_importing_it_loads_no_other_package() -> None:
    code = "import sys; import flowengine; print([m for m in sys.modules if 'site-packages' in str(sys.modules[m])])"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=60, check=True)
    loaded = [name for name in eval(done.stdout) if not name.startswith(("flowengine", "_", "distutils"))]
    assert loaded == []


def test_importing_it_leaves_alone_what_only_some_programs_need() -> None:
    code = "import sys; import flowengine; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert {"asyncio", "http.client", "ssl", "urllib.request", "flowengine.client"} & {*done.stdout.split()} == set()
