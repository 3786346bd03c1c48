/** Names under which Chromium is installed, the most likely first. */
export const BROWSER_NAMES: readonly string[] = [
  "chromium-browser",
  "chromium",
  "google-chrome",
  "google-chrome-stable",
  "chrome",
  "headless-shell",
];

/** What to render, and how. */
export interface RenderPlan {
  target: string;
  mode: "dom" | "text" | "screenshot";
  waitMs: number;
  width: number;
  height: number;
  /** Until then, all has to be done: a page that goes on loading is rendered as it is well before that. */
  timeoutMs: number;
  /** Names or paths of browsers; the first that is there is taken. */
  browsers: readonly string[];
}

/** The exit code that goes with a line `flow: <reason>` on stderr. */
export const RENDER_FAILURE_CODE = 70;

/** What Chromium shows before anything of a page has come. */
const NOTHING_LOADED = "<html><head></head><body></body></html>";

/**
 * Prints the page's HTML, or its picture in base64. Standard error is kept in a file, because Chromium talks a lot; of
 * that only what explains a failure is shown.
 *
 * Chromium does not notice by itself that a page has crashed, but it writes a report, and then it is ended. Nor does
 * the time of a page pass while it waits for the network: one that never stops asking (for its icon, or for news) is
 * rendered again as it is right after loading.
 */
const SCRIPT = `
mode=$1 target=$2 browsers=$3 wait=$4 ticks=$5
shift 5
fail() { echo "flow: $*" >&2; exit ${RENDER_FAILURE_CODE}; }
for name in $browsers; do browser=$(command -v "$name") && break; done
[ -n "$browser" ] || fail no-browser
folder=$(mktemp -d /tmp/flow-render-XXXXXX) || exit 1
trap 'rm -rf "$folder"' EXIT
export HOME="$folder" XDG_CONFIG_HOME="$folder" XDG_CACHE_HOME="$folder" DBUS_SESSION_BUS_ADDRESS=disabled:
[ "$mode" = screenshot ] && set -- "$@" --hide-scrollbars --screenshot="$folder/page.png"

watch() {
  while sleep 0.2; do
    ticks=$((ticks - 1))
    if ls "$folder"/*/"Crash Reports"/pending/*.dmp >"$folder/reports" 2>&1; then
      touch "$folder/crashed"
    elif [ "$ticks" -eq 0 ]; then
      touch "$folder/late"
    else
      continue
    fi
    kill -9 "$1"
    return
  done
}

render() {
  "$browser" "$@" --user-data-dir="$folder/profile" "$target" \\
    >"$folder/page.html" 2>"$folder/talk" </dev/null &
  pid=$!
  watch "$pid" 2>/dev/null &
  watcher=$!
  wait "$pid" 2>/dev/null
  code=$?
  kill "$watcher" 2>/dev/null
  [ ! -e "$folder/crashed" ] || fail crashed
}

if [ "$wait" -gt 0 ]; then render "$@" --virtual-time-budget="$wait"; else render "$@"; fi
if [ -e "$folder/late" ]; then
  rm -rf "$folder/profile"
  ticks=-1
  render "$@"
fi
reason=$(grep -o 'net::ERR_[A-Z_]*' "$folder/talk" | head -n 1)
grep -q 'Page load failed' "$folder/talk" && fail "not-loaded \${reason#net::}"
if head -c 100000 "$folder/page.html" | grep -q 'id="main-frame-error" class="interstitial-wrapper"'; then
  fail "not-loaded $(grep -o 'ERR_[A-Z_]*' "$folder/page.html" | head -n 1)"
fi
if [ "$code" -ne 0 ]; then
  tail -c 1000 "$folder/talk" >&2
  fail "ended $code"
fi
if [ -e "$folder/late" ] || grep -q 'Page load timed out' "$folder/talk"; then
  [ "$(head -c 100 "$folder/page.html")" != '${NOTHING_LOADED}' ] || fail not-loaded ERR_TIMED_OUT
  echo "flow: unfinished" >&2
fi
if [ "$mode" = screenshot ]; then
  [ -s "$folder/page.png" ] || fail no-picture
  base64 -w0 "$folder/page.png"
else
  [ -s "$folder/page.html" ] || fail no-page
  cat "$folder/page.html"
fi
`;

const TICK_MS = 200;

const FLAGS: readonly string[] = [
  "--headless",
  // It is in a sandbox already, and its own needs namespaces that ours does not allow.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--no-default-browser-check",
  "--disable-extensions",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--mute-audio",
  "--dump-dom",
];

/** The command that renders a page, for any sandbox with a POSIX shell. */
export function renderCommand(plan: RenderPlan): [string, ...string[]] {
  const { mode, target, waitMs, width, height, timeoutMs, browsers } = plan;
  return [
    "/bin/sh",
    "-c",
    SCRIPT,
    "sh",
    mode,
    target,
    browsers.join(" "),
    String(waitMs),
    String(Math.max(1, Math.floor(timeoutMs * 0.6 / TICK_MS))),
    ...FLAGS,
    `--window-size=${width},${height}`,
    `--timeout=${Math.ceil(timeoutMs * 0.3)}`,
  ];
}
