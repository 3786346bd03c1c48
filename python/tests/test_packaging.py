from __future__ import annotations

import base64
import csv
import hashlib
import io
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1]
PLATFORM = "manylinux_2_27_x86_64" if sys.platform == "linux" else "any"
SCRIPT = """
import shutil
from flowengine import Flow, task
from flowengine.program import find_program

@task
def greet(name: str) -> str:
    return f"hello {name}"

print(find_program()[0])
print(Flow("installed").then(greet).run(name="wheel", store=False).raise_for_status().output)
"""


def build(folder: Path, *arguments: str, **variables: str) -> Path:
    """Builds from a copy, because a build leaves files behind, and answers the folder with what was built."""
    source = folder / "source"
    shutil.copytree(PACKAGE, source, ignore=shutil.ignore_patterns(".*", "__pycache__"), dirs_exist_ok=True)
    command = [sys.executable, "-m", "build", "--no-isolation", *arguments, "--outdir", str(folder / "dist"), "source"]
    environment = {**os.environ, **variables}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
    return folder / "dist"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sdist and the pure wheel that is made of it."""
    return build(tmp_path_factory.mktemp("pure"))


@pytest.fixture(scope="module")
def platform_wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel whose program hands on to the one that the tests run with; like a download, it is not executable."""
    folder = tmp_path_factory.mktemp("platform")
    program = folder / "flow-from-source"
    program.write_text(f'#!/bin/sh\nexec {os.environ["FLOW_BIN"]} "$@"\n')
    program.chmod(0o644)
    variables = {"FLOWENGINE_WHEEL_BINARY": str(program), "FLOWENGINE_WHEEL_PLATFORM": PLATFORM}
    (wheel,) = build(folder, "--wheel", **variables).glob("*.whl")
    return wheel


def install(package: Path, folder: Path) -> Path:
    """Installs a package into a fresh environment, with the network off, and answers its Python."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True, timeout=120)
    python = folder / "bin" / "python"
    run_pip("--python", str(python), "install", "--no-index", str(package))
    return python


def run_pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def run_without_flow(python: Path, folder: Path, **variables: str) -> list[str]:
    """Runs a flow where neither `FLOW_BIN` nor PATH leads to a program, and answers what is printed."""
    script = folder / "script.py"
    script.write_text(SCRIPT)
    inherited = {name: value for name, value in os.environ.items() if name != "FLOW_BIN"}
    environment = {**inherited, "PATH": "/usr/bin:/bin", **variables}
    done = subprocess.run(
        [str(python), str(script)], env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_a_platform_wheel_brings_the_program_and_runs_flows_with_it(platform_wheel: Path, tmp_path: Path) -> None:
    python = install(platform_wheel, tmp_path / "venv")
    program = tmp_path / "venv" / "bin" / "flow"
    assert os.access(program, os.X_OK)
    assert run_without_flow(python, tmp_path) == [str(program), "hello wheel"]
    version = subprocess.run([str(program), "--version"], capture_output=True, text=True, timeout=120, check=True)
    assert version.stdout.split()[1] == platform_wheel.name.split("-")[1]


def test_a_wheel_in_a_target_folder_finds_its_program(platform_wheel: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    run_pip("install", "--no-index", "--target", str(target), str(platform_wheel))
    python = Path(sys.executable)
    said = run_without_flow(python, tmp_path, PYTHONPATH=str(target))
    assert said == [str(target / "bin" / "flow"), "hello wheel"]


def test_the_pure_wheel_says_that_there_is_no_program(built: Path, tmp_path: Path) -> None:
    (wheel,) = built.glob("*-py3-none-any.whl")
    python = install(wheel, tmp_path / "venv")
    with pytest.raises(AssertionError, match="this installation of flowengine has brought none"):
        run_without_flow(python, tmp_path)


def test_what_is_recorded_is_what_the_wheels_hold(built: Path, platform_wheel: Path) -> None:
    for wheel in (platform_wheel, *built.glob("*.whl")):
        with zipfile.ZipFile(wheel) as archive:
            names = archive.namelist()
            (record,) = (name for name in names if name.endswith(".dist-info/RECORD"))
            rows = list(csv.reader(io.StringIO(archive.read(record).decode())))
            assert sorted(row[0] for row in rows) == sorted(names)
            for name, checksum, size in rows:
                if name == record:
                    continue
                digest = base64.urlsafe_b64encode(hashlib.sha256(archive.read(name)).digest()).rstrip(b"=").decode()
                assert (checksum, size) == (f"sha256={digest}", str(archive.getinfo(name).file_size))
            assert "flowengine/py.typed" in names


def test_wheels_say_where_they_run(built: Path, platform_wheel: Path) -> None:
    (pure,) = built.glob("*.whl")
    for wheel, tag, is_pure in ((platform_wheel, f"py3-none-{PLATFORM}", "false"), (pure, "py3-none-any", "true")):
        with zipfile.ZipFile(wheel) as archive:
            (path,) = (name for name in archive.namelist() if name.endswith(".dist-info/WHEEL"))
            said = archive.read(path).decode()
            scripts = [name for name in archive.namelist() if ".data/scripts/" in name]
        assert wheel.name.endswith(f"-{tag}.whl")
        assert f"Tag: {tag}\n" in said
        assert f"Root-Is-Purelib: {is_pure}\n" in said
        assert [Path(name).name for name in scripts] == ([] if wheel == pure else ["flow"])


def test_a_platform_without_a_program_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="belong together"):
        build(tmp_path, "--wheel", FLOWENGINE_WHEEL_PLATFORM=PLATFORM)


def test_the_packages_can_be_published(built: Path, platform_wheel: Path) -> None:
    command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, built.iterdir()), str(platform_wheel)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.stdout.count("PASSED") == 3, done.stdout + done.stderr
