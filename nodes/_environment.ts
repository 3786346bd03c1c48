import type { NodeContext } from "../engine/node.ts";

/** What every program needs, and nothing that is likely to be secret. */
export const BASE_VARIABLES: readonly string[] = [
  ..."PATH HOME USER LOGNAME SHELL LANG LC_* TZ TERM TMPDIR".split(" "),
  // Programs on Windows do not start without these.
  ..."SystemRoot SystemDrive ComSpec PATHEXT TEMP TMP USERPROFILE APPDATA LOCALAPPDATA ProgramData".split(" "),
];

/** What a pattern never stands for; who wants to pass it on has to name it. */
const SECRET = /^FLOW_(TOKEN$|SECRET_)/;

/** Those variables that `patterns` name; a pattern that ends in `*` stands for all names that start so. */
export function pickVariables(
  variables: Readonly<Record<string, string>>,
  patterns: readonly string[],
): Record<string, string> {
  const prefixes = patterns.filter((pattern) => pattern.endsWith("*")).map((pattern) => pattern.slice(0, -1));
  const isWelcome = (name: string) =>
    patterns.includes(name) || (!SECRET.test(name) && prefixes.some((prefix) => name.startsWith(prefix)));
  return Object.fromEntries(Object.entries(variables).filter(([name]) => isWelcome(name)));
}

/** The variables by which a command knows whom it works for; as `shell.exec` sets them. */
export function attemptVariables(
  { execution_id, node_id, attempt, attempt_id }: NodeContext<unknown, unknown>,
): Record<string, string> {
  return {
    FLOW_EXECUTION_ID: execution_id,
    FLOW_NODE_ID: node_id,
    FLOW_ATTEMPT: String(attempt),
    FLOW_ATTEMPT_ID: attempt_id,
  };
}
