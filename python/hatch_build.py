"""Wheels for one platform, which bring the program `flow` along; without the two variables below, the pure wheel."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BINARY = "FLOWENGINE_WHEEL_BINARY"
"""The file that becomes the command `flow`."""
PLATFORM = "FLOWENGINE_WHEEL_PLATFORM"
"""The platform tag of the wheel, such as manylinux_2_27_x86_64."""


class PlatformWheelHook(BuildHookInterface[Any]):
    """Puts the program among the scripts of the wheel: it is installed as it is, with no Python in between."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the program and its platform tag. Raises `ValueError` if only one of the two is given."""
        binary, platform = os.environ.get(BINARY), os.environ.get(PLATFORM)
        if version != "standard" or (binary is None and platform is None):
            return
        if not binary or not platform:
            raise ValueError(f"{BINARY} and {PLATFORM} belong together: set both, or neither")
        self._folder = tempfile.TemporaryDirectory(prefix="flowengine-wheel-")
        name = "flow.exe" if platform.startswith("win") else "flow"
        program = Path(shutil.copyfile(binary, Path(self._folder.name) / name))
        # Whatever brought it here may have lost its mode.
        program.chmod(0o755)
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform}"
        build_data["shared_scripts"] = {str(program): name}

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Delete the copy of the program."""
        folder: tempfile.TemporaryDirectory[str] | None = getattr(self, "_folder", None)
        if folder is not None:
            folder.cleanup()
