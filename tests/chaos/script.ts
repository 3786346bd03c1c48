/** What a shell node leaves running if nobody lets it come to its end. */
export const LEFTOVERS = ["nothing", "child", "session", "stubborn"] as const;

/** Outlives any engine here, but not the test run, should that be interrupted or killed: $KEEPER is its process. */
const LINGER = "tail --pid=$KEEPER -f /dev/null";
/** Without a parent, in a session of its own, deaf to SIGTERM, and it shows that it lives. */
const STUBBORN = 'trap "" TERM; while kill -0 $KEEPER; do ' +
  'echo "tick $FLOW_NODE_ID$ITEM $FLOW_ATTEMPT" >>"$SIDE" || exit; sleep 0.02; done';

const START_LEFTOVER: Readonly<Record<typeof LEFTOVERS[number], string>> = {
  nothing: "",
  child: `${LINGER} & left=$!`,
  session: `setsid ${LINGER} >/dev/null 2>&1 & left=$!`,
  stubborn: `left=$(setsid sh -c '${STUBBORN}' >/dev/null 2>&1 & echo $!)`,
};

/** How a shell node behaves. */
export interface Behaviour {
  leftover: typeof LEFTOVERS[number];
  /** `Infinity`: it never ends by itself. */
  durationMs: number;
  /** How often it fails before it succeeds, as the side file remembers it. */
  failures: number;
}

/**
 * A script that writes `start NODE ATTEMPT`, and `end` or `fail`, to the file $SIDE, each in a single write, and puts
 * out its node id around its input. Behind the id stands $ITEM, such as `[3]`, if it runs for one.
 */
export function createScript({ leftover, durationMs, failures }: Behaviour): string {
  const limit = Math.min(failures, 1_000_000);
  return [
    'say() { echo "$1 $FLOW_NODE_ID$ITEM $FLOW_ATTEMPT" >>"$SIDE"; }',
    "kill -0 $KEEPER || exit 1",
    "say start",
    "input=$(cat)",
    START_LEFTOVER[leftover],
    durationMs === Infinity ? LINGER : durationMs > 0 ? `sleep ${durationMs / 1000}` : "",
    leftover === "nothing" ? "" : "kill -9 $left",
    limit > 0 ? `[ "$(grep -cF "fail $FLOW_NODE_ID$ITEM " "$SIDE")" -ge ${limit} ] || { say fail; exit 7; }` : "",
    "say end",
    `printf '%s(%s)' "$FLOW_NODE_ID$ITEM" "$input"`,
  ].filter((line) => line !== "").join("\n");
}
