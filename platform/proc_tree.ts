import type { Host } from "./host.ts";
import type { ProcessTree } from "./process_tree.ts";
import type { Signal } from "./types.ts";

/** The environment variable by which every process of an attempt is recognized, whatever it did to its group or session. */
export const MARK_VARIABLE = "FLOW_ATTEMPT_ID";

/** How often a process may show no environment: it does for a moment while it becomes another program. */
const MAX_UNCLEAR_LOOKS = 6;

/** Rounds of SIGKILL; each catches what was forked while the one before it was going on. */
const MAX_KILL_ROUNDS = 100;

/** The numbers of `/proc/PID/stat` that matter here (proc_pid_stat(5)). */
interface ProcessStat {
  pid: number;
  parent: number;
  session: number;
  /** 0: no controlling terminal. */
  terminal: number;
  /** Clock ticks after boot. */
  startTicks: string;
  isDead: boolean;
  /** Whether it is a thread of the kernel: those have no memory, and no environment. */
  isKernel: boolean;
}

/** Reads one process; undefined if it is gone. */
export function readStat(host: Host, pid: number | "self"): ProcessStat | undefined {
  const text = host.readText(`/proc/${pid}/stat`);
  if (text === undefined) return undefined;
  // The second field is the program's name in parentheses, which may itself hold spaces and parentheses.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  const [state, parent, , session, terminal] = fields;
  return {
    pid: parseInt(text, 10),
    parent: Number(parent),
    session: Number(session),
    terminal: Number(terminal),
    startTicks: fields[19] ?? "",
    isDead: state === "Z" || state === "X",
    isKernel: fields[20] === "0",
  };
}

let bootId: string | undefined;

/** Text that no other process on this machine ever has: the boot and the start time. */
export function startedText(host: Host, stat: ProcessStat | undefined): string {
  bootId ??= host.readText("/proc/sys/kernel/random/boot_id")?.trim() ?? "unknown-boot";
  return `${bootId}:${stat?.startTicks ?? "gone"}`;
}

/**
 * A process, its descendants, and everything else that carries its mark in the environment: also what was handed to
 * init or went into a session of its own. What has been seen once is remembered, with its start time, so that a
 * process stays a member when its parent ends, and a later process with the same pid does not become one.
 */
export class ProcTree implements ProcessTree {
  readonly #host: Host;
  readonly #mark: string | undefined;
  readonly #root: number | undefined;
  /** Start ticks by pid. */
  readonly #known = new Map<number, string>();
  /** Processes without an environment to look at, by pid: how often that was so. */
  readonly #unclear = new Map<number, number>();
  /** Whether the newest look has found one of which that may change. */
  #isUnclear = false;

  constructor(host: Host, options: { mark?: string | undefined; root?: { pid: number; started: string } | undefined }) {
    this.#host = host;
    this.#mark = options.mark ? `${MARK_VARIABLE}=${options.mark}` : undefined;
    const { root } = options;
    if (root === undefined) return;
    this.#root = root.pid;
    const ticks = root.started.slice(root.started.lastIndexOf(":") + 1);
    // Ticks count from the boot: after another one they mean nothing.
    if (root.started === startedText(host, { ...NOBODY, startTicks: ticks })) this.#known.set(root.pid, ticks);
  }

  get seen(): number {
    return this.#known.size;
  }

  signal(signal: Signal): void {
    if (signal !== "SIGKILL") {
      for (const pid of this.#members()) this.#host.kill(pid, signal);
      return;
    }
    const killed = new Set<number>();
    for (let round = 0; round < MAX_KILL_ROUNDS; round++) {
      const fresh = this.#members().filter((pid) => !killed.has(pid));
      if (fresh.length === 0) return;
      for (const pid of fresh) {
        this.#host.kill(pid, "SIGKILL");
        killed.add(pid);
      }
    }
  }

  isAlive(): boolean {
    // Asking for those already known is much cheaper than looking through all processes.
    for (const [pid, startTicks] of this.#known) {
      const stat = readStat(this.#host, pid);
      if (stat !== undefined && !stat.isDead && stat.startTicks === startTicks) return true;
    }
    return this.#members().length > 0 || this.#isUnclear;
  }

  /** The pids of all living members, remembering them. */
  #members(): number[] {
    this.#isUnclear = false;
    const living = this.#readAll();
    const children = Map.groupBy(living.values(), (stat) => stat.parent);
    const queue = [...living.values()].filter((stat) => this.#isSeed(stat, living));
    const members = new Set<number>();
    for (let stat = queue.pop(); stat !== undefined; stat = queue.pop()) {
      if (stat.pid === this.#host.pid || members.has(stat.pid)) continue;
      members.add(stat.pid);
      this.#known.set(stat.pid, stat.startTicks);
      queue.push(...children.get(stat.pid) ?? []);
    }
    return [...members];
  }

  #isSeed(stat: ProcessStat, living: ReadonlyMap<number, ProcessStat>): boolean {
    if (this.#known.get(stat.pid) === stat.startTicks) return true;
    if (stat.session === this.#root && this.#isRootIn(living)) return true;
    return this.#mark !== undefined && this.#carriesMark(stat, this.#mark);
  }

  /** The session of a root that is gone may by now belong to a later process with its pid. */
  #isRootIn(living: ReadonlyMap<number, ProcessStat>): boolean {
    const stat = this.#root === undefined ? undefined : living.get(this.#root);
    return stat !== undefined && this.#known.get(stat.pid) === stat.startTicks;
  }

  #carriesMark({ pid, isKernel }: ProcessStat, mark: string): boolean {
    const environment = this.#host.readText(`/proc/${pid}/environ`);
    if (environment === "" && !isKernel) this.#noteUnclear(pid);
    if (environment === undefined || !environment.includes(mark)) return false;
    return environment.split("\0").includes(mark);
  }

  /** Some programs have no environment for good: they are looked at only so often. */
  #noteUnclear(pid: number): void {
    const looks = (this.#unclear.get(pid) ?? 0) + 1;
    this.#unclear.set(pid, looks);
    if (looks <= MAX_UNCLEAR_LOOKS) this.#isUnclear = true;
  }

  #readAll(): Map<number, ProcessStat> {
    const all = new Map<number, ProcessStat>();
    for (const name of this.#host.listFolder("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const stat = readStat(this.#host, Number(name));
      if (stat !== undefined && !stat.isDead) all.set(stat.pid, stat);
    }
    return all;
  }
}

const NOBODY: ProcessStat = {
  pid: 0,
  parent: 0,
  session: 0,
  terminal: 0,
  startTicks: "",
  isDead: true,
  isKernel: false,
};
