/** What children get of our own environment. A name that ends in `*` stands for all that start so. */
const INHERITED = [
  ..."PATH HOME USER LOGNAME SHELL LANG LC_* TZ TERM TMPDIR".split(" "),
  // Programs on Windows do not start without these.
  ..."SystemRoot SystemDrive ComSpec PATHEXT TEMP TMP USERPROFILE APPDATA LOCALAPPDATA ProgramData".split(" "),
];

/** What `*` never passes on; who wants it has to name it. */
const SECRET = /^FLOW_(TOKEN$|SECRET_)/;

/**
 * The environment of a child process: a few variables that every program needs, those that `passthrough` names (`*` at
 * the end stands for any ending), and `extra`, which wins. The rest of ours stays here on purpose: it may hold secrets
 * that no command was meant to see.
 */
export function childEnvironment(
  own: Readonly<Record<string, string>>,
  passthrough: readonly string[],
  extra: Readonly<Record<string, string>>,
): Record<string, string> {
  const patterns = [...INHERITED, ...passthrough];
  const names = new Set(patterns);
  const prefixes = patterns.filter((pattern) => pattern.endsWith("*")).map((pattern) => pattern.slice(0, -1));
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(own)) {
    const isWelcome = names.has(name) || (!SECRET.test(name) && prefixes.some((prefix) => name.startsWith(prefix)));
    if (isWelcome) result[name] = value;
  }
  return Object.assign(result, extra);
}
