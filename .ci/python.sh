#!/usr/bin/env bash
# Lints, type-checks and tests the Python package in a virtual environment of its own, and installs its wheel and sdist.
# Wants $work, an empty folder, and $DENO.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../python"

export PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
venv="$work/python"
python3 -m venv "$venv"
# Built from a copy: a build leaves files behind.
cp -r . "$work/python-source"
"$venv/bin/pip" install --quiet "$work/python-source[dev]"

"$venv/bin/ruff" check --no-cache --config pyproject.toml . ../bench/python
"$venv/bin/ruff" format --check --no-cache --config pyproject.toml . ../bench/python
"$venv/bin/mypy" --cache-dir "$work/mypy"
# What the oldest Python does not have yet.
"$venv/bin/mypy" --cache-dir "$work/mypy" --python-version 3.10 flowengine

cat >"$work/flow-from-source" <<WRAPPER
#!/bin/sh
exec "$DENO" run -A --no-check "$(cd .. && pwd)/cli/main.ts" "\$@"
WRAPPER
chmod +x "$work/flow-from-source"
FLOW_BIN="$work/flow-from-source" "$venv/bin/pytest" -p no:cacheprovider

# What is published: the sdist, the pure wheel, and one for this machine, with Deno in the place of the program.
"$DENO" task wheels --out "$work/python-dist" --python "$venv/bin/python" \
  "$("$DENO" eval 'console.log(Deno.build.target)')=$DENO"
"$venv/bin/twine" check --strict "$work"/python-dist/*
for package in "$work"/python-dist/*; do
  python3 -m venv --clear "$work/python-fresh"
  "$work/python-fresh/bin/pip" install --quiet "$package"
  (cd / && "$work/python-fresh/bin/python" -c 'import flowengine')
  case "$package" in *-manylinux*) "$work/python-fresh/bin/flow" --version ;; esac
done
