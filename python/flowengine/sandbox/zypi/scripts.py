"""What a command in a session is driven with: the very scripts of the engine (nodes/zypi/session_scripts.ts).

It runs in the background and writes into files of a folder of its own: `in`, `out`, `err`, `pid` and, at the end,
`code`. The server runs only one request for a session at a time, and answers at most 1,460 bytes to each.
"""

from __future__ import annotations

WRITE_SCRIPT = """
set -e
while [ $# -gt 0 ]; do
  mkdir -p -- "$1"
  if [ "$3" = new ]; then : >"$2"; fi
  printf %s "$4" | base64 -d >>"$2"
  shift 4
done
""".strip()
"""Writes pieces of files. Arguments in fours: folder, path, `new` or `more`, base64."""

REPORT = """
report() {
  code=-
  if [ -e "$d/code" ]; then
    code=$(cat "$d/code")
  elif [ -e "$d/pid" ] && ! kill -0 "$(cat "$d/pid")" 2>/dev/null; then
    if [ -e "$d/code" ]; then code=$(cat "$d/code"); else code=lost; fi
  fi
  out=$(($(wc -c <"$d/out"))) err=$(($(wc -c <"$d/err")))
  printf '%s %s %s\\n' "$code" "$out" "$err"
  n=$((out - $1))
  if [ $n -gt $3 ]; then n=$3; elif [ $n -lt 0 ]; then n=0; fi
  if [ $n -gt 0 ]; then tail -c +$(($1 + 1)) "$d/out" | head -c $n | base64 | tr -d '\\n'; fi
  echo
  m=$((err - $2))
  if [ $m -gt $(($3 - n)) ]; then m=$(($3 - n)); fi
  if [ $m -gt 0 ]; then tail -c +$(($2 + 1)) "$d/err" | head -c $m | base64 | tr -d '\\n'; fi
  echo
}
""".strip()
"""Answers `CODE OUT_BYTES ERR_BYTES`, then a line each with the next bytes of stdout and stderr in base64."""

START_SCRIPT = (
    REPORT
    + """
set -e
d=$1 room=$2
shift 2
mkdir -p -- "$d"
: >"$d/out"
: >"$d/err"
stdin=/dev/null
if [ -e "$d/in" ]; then stdin=$d/in; fi
own=
if command -v setsid >/dev/null 2>&1; then own=setsid; fi
$own /bin/sh -c '
  d=$1
  shift
  echo $$ >"$d/pid"
  "$@"
  echo $? >"$d/code.new"
  mv "$d/code.new" "$d/code"
' sh "$d" "$@" <"$stdin" >"$d/out" 2>"$d/err" &
i=0
while [ ! -e "$d/code" ] && [ $i -lt 10 ]; do
  sleep 0.02
  i=$((i + 1))
done
report 0 0 "$room"
""".rstrip()
)
"""Starts a command and waits a moment for it. Arguments: folder, bytes to answer, then the command."""

POLL_SCRIPT = (
    REPORT
    + """
d=$1
report "$2" "$3" "$4"
""".rstrip()
)
"""Tells how the command is doing. Arguments: folder, bytes of stdout and stderr already read, bytes to answer."""

PACK_SCRIPT = (
    REPORT
    + """
set -e
command -v gzip >/dev/null 2>&1 || exit 0
from=$1 room=$2
d=$1/packed
mkdir -p -- "$d"
tail -c +$(($3 + 1)) "$from/out" | head -c "$4" | gzip -c >"$d/out"
tail -c +$(($5 + 1)) "$from/err" | head -c "$6" | gzip -c >"$d/err"
echo 0 >"$d/code"
report 0 0 "$room"
""".rstrip()
)
"""Compresses output of a command that has ended, into the folder `packed`, and tells of it if it can."""

END_SCRIPT = """
d=$1
if [ ! -e "$d/code" ] && [ -e "$d/pid" ]; then
  pid=$(cat "$d/pid")
  kill -TERM "-$pid" 2>/dev/null || kill -TERM "$pid" 2>/dev/null
  i=0
  while kill -0 "-$pid" 2>/dev/null && [ $i -lt 50 ]; do
    sleep 0.02
    i=$((i + 1))
  done
  kill -KILL "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null
fi
rm -rf -- "$d"
""".strip()
"""Ends a command with all that it started (SIGTERM, SIGKILL a second later), and removes its folder."""
