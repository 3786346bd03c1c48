import type { Host } from "./host.ts";
import type { Signal } from "./types.ts";

/** A process and all that it started. */
export interface ProcessTree {
  /** How many different processes have been seen so far. */
  readonly seen: number;
  signal(signal: Signal): void;
  isAlive(): boolean;
}

/** How long a process may take to disappear after SIGKILL; longer means that it hangs in the kernel. */
const KILL_PATIENCE_MS = 5000;
const LONGEST_POLL_MS = 50;

/** SIGTERM, then SIGKILL to what is left after `graceMs`. Resolves when nothing is left, with how many there were. */
export async function endTree(tree: ProcessTree, graceMs: number): Promise<number> {
  tree.signal("SIGTERM");
  if (!(await isGoneWithin(tree, graceMs))) {
    tree.signal("SIGKILL");
    // What comes to light only now is killed too.
    await isGoneWithin(tree, KILL_PATIENCE_MS, () => tree.signal("SIGKILL"));
  }
  return tree.seen;
}

async function isGoneWithin(tree: ProcessTree, patienceMs: number, again?: () => void): Promise<boolean> {
  const deadline = performance.now() + patienceMs;
  for (let pauseMs = 2; tree.isAlive(); pauseMs = Math.min(pauseMs * 2, LONGEST_POLL_MS)) {
    const leftMs = deadline - performance.now();
    if (leftMs <= 0) return false;
    await new Promise((resolve) => setTimeout(resolve, Math.min(pauseMs, leftMs)));
    again?.();
  }
  return true;
}

/** The process group of a process that leads one; what moves to another group escapes. For systems without /proc. */
export class GroupTree implements ProcessTree {
  readonly seen = 1;
  readonly #host: Host;
  readonly #leader: number;

  constructor(host: Host, leader: number) {
    this.#host = host;
    this.#leader = leader;
  }

  signal(signal: Signal): void {
    this.#host.kill(-this.#leader, signal);
  }

  isAlive(): boolean {
    return this.#host.kill(-this.#leader, 0);
  }
}

/** A process and its descendants on Windows, which can only be ended by force. */
export class WindowsTree implements ProcessTree {
  readonly seen = 1;
  readonly #host: Host;
  readonly #root: number;

  constructor(host: Host, root: number) {
    this.#host = host;
    this.#root = root;
  }

  signal(_signal: Signal): void {
    this.#host.run("taskkill", ["/PID", String(this.#root), "/T", "/F"]);
  }

  isAlive(): boolean {
    return this.#host.run("tasklist", ["/NH", "/FI", `PID eq ${this.#root}`]).includes(` ${this.#root} `);
  }
}
