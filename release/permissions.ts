import type { Target } from "./targets.ts";

/** What the executable asks the system about itself and the machine: `Deno.hostname()`, `os.homedir()` and the like. */
export const SYSTEM_CALLS = ["homedir", "hostname", "statfs", "uid"] as const;

/** Why each is needed is in docs/architecture.md. */
const FEWEST = [
  "--allow-read",
  "--allow-write",
  "--allow-net",
  "--allow-env",
  "--allow-run",
  `--allow-sys=${SYSTEM_CALLS.join(",")}`,
  "--deny-import",
];

/**
 * The permissions that the executable for a system is built with. On Linux the runtime lets nobody read /proc who has
 * not been given everything, and without /proc the processes that a node leaves behind cannot be found.
 */
export function permissionFlags(os: Target["os"]): string[] {
  return ["--no-prompt", ...(os === "linux" ? ["--allow-all"] : FEWEST)];
}
