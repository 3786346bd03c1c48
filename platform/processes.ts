import { FlowError } from "../engine/errors.ts";
import type { Host } from "./host.ts";
import { MARK_VARIABLE, ProcTree, readStat, startedText } from "./proc_tree.ts";
import { endTree, GroupTree, type ProcessTree, WindowsTree } from "./process_tree.ts";
import { ProgramFinder } from "./program_path.ts";
import type { Leftover, ProcessStatus, Signal, SpawnOptions, Subprocess } from "./types.ts";

/** A process as a runtime has started it. Streams that were not asked for are null. */
export interface StartedProcess {
  readonly pid: number;
  readonly stdin: WritableStream<Uint8Array> | null;
  readonly stdout: ReadableStream<Uint8Array> | null;
  readonly stderr: ReadableStream<Uint8Array> | null;
  readonly status: Promise<ProcessStatus>;
}

/** Starts a program by its absolute path, with this environment alone; `detached`: in a session of its own. */
export type StartProcess = (
  program: string,
  env: Readonly<Record<string, string>>,
  options: SpawnOptions & { detached: boolean },
) => StartedProcess;

/** Processes and their trees; how one is started is the runtime's to say. */
export class Processes {
  readonly #host: Host;
  readonly #startProcess: StartProcess;
  readonly #finder: ProgramFinder;
  #isDetaching: boolean | undefined;

  /** What `start` throws has the system's name for the error as its `code`. */
  constructor(host: Host, start: StartProcess) {
    this.#host = host;
    this.#startProcess = start;
    this.#finder = new ProgramFinder(host);
  }

  /** See {@link Platform.spawn}. */
  spawn(options: SpawnOptions): Subprocess {
    const env = options.mark === undefined ? options.env : { ...options.env, [MARK_VARIABLE]: options.mark };
    if (options.cwd !== undefined) checkFolder(options.cwd, options.command, this.#host);
    const find = () => this.#finder.find(options.command, env, options.cwd);
    const program = find();
    try {
      return new TrackedProcess(this.#host, this.#start(program, env, options), options.mark);
    } catch (error) {
      // What was found before may have moved since: look again, so that the error tells what is wrong now.
      this.#finder.forget();
      const again = find();
      if (again !== program) return new TrackedProcess(this.#host, this.#start(again, env, options), options.mark);
      throw spawnError(error, options.command);
    }
  }

  /** See {@link Platform.endLeftovers}. */
  async endLeftovers(leftover: Leftover, graceMs: number): Promise<number> {
    const { mark, process } = leftover;
    const tree = this.#host.os === "linux"
      ? new ProcTree(this.#host, { mark, root: process })
      : process && isSameProcess(this.#host, process)
      ? openTree(this.#host, process, mark)
      : undefined;
    return tree?.isAlive() ? await endTree(tree, graceMs) : 0;
  }

  /** See {@link Platform.startedOf}. */
  startedOf(pid: number): string | undefined {
    if (this.#host.os === "linux") {
      const stat = readStat(this.#host, pid);
      return stat === undefined || stat.isDead ? undefined : startedText(this.#host, stat);
    }
    if (this.#host.os === "darwin") {
      return this.#host.run("ps", ["-o", "lstart=", "-p", String(pid)]).trim() || undefined;
    }
    return this.#host.run("tasklist", ["/NH", "/FI", `PID eq ${pid}`]).includes(` ${pid} `) ? "running" : undefined;
  }

  #start(program: string, env: Readonly<Record<string, string>>, options: SpawnOptions): StartedProcess {
    this.#isDetaching ??= isDetachingNeeded(this.#host);
    return this.#startProcess(program, env, { ...options, detached: this.#isDetaching });
  }
}

class TrackedProcess implements Subprocess {
  readonly pid: number;
  readonly stdin: WritableStream<Uint8Array> | null;
  readonly stdout: ReadableStream<Uint8Array> | null;
  readonly stderr: ReadableStream<Uint8Array> | null;
  readonly status: Promise<ProcessStatus>;
  readonly #host: Host;
  readonly #mark: string | undefined;
  #isReaped = false;
  #started: string | undefined;
  #openedTree: ProcessTree | undefined;

  constructor(host: Host, child: StartedProcess, mark: string | undefined) {
    this.pid = child.pid;
    this.stdin = child.stdin;
    this.stdout = child.stdout;
    this.stderr = child.stderr;
    this.#host = host;
    this.#mark = mark;
    if (host.os !== "linux") this.#started = `at:${Date.now()}`;
    this.status = child.status.then((status) => {
      this.#isReaped = true;
      return status;
    });
  }

  // Read when it is needed, because reading it can wait for the exec of the child.
  get started(): string {
    this.#started ??= startedText(this.#host, this.#isReaped ? undefined : readStat(this.#host, this.pid));
    return this.#started;
  }

  get #tree(): ProcessTree {
    this.#openedTree ??= openTree(this.#host, { pid: this.pid, started: this.started }, this.#mark);
    return this.#openedTree;
  }

  signalTree(signal: Signal): void {
    this.#tree.signal(signal);
  }

  isTreeAlive(): boolean {
    return this.#tree.isAlive();
  }

  async endTree(graceMs: number): Promise<void> {
    await endTree(this.#tree, graceMs);
  }
}

function openTree(host: Host, root: { pid: number; started: string }, mark: string | undefined): ProcessTree {
  if (host.os === "linux") return new ProcTree(host, { mark, root });
  return host.os === "windows" ? new WindowsTree(host, root.pid) : new GroupTree(host, root.pid);
}

/**
 * A session of its own costs almost as much as the spawn itself (fork instead of posix_spawn). With /proc the tree is
 * found without one; but on a terminal, Ctrl-C would reach the children at the same time as us.
 */
function isDetachingNeeded(host: Host): boolean {
  if (host.os === "windows") return false;
  const self = host.os === "linux" ? readStat(host, "self") : undefined;
  return self === undefined || self.terminal !== 0;
}

/** Compares with what `ps` says, which knows only seconds. */
function isSameProcess(host: Host, process: { pid: number; started: string }): boolean {
  const spawnedMs = Number(process.started.replace(/^at:/, ""));
  const startedMs = Date.parse(host.run("ps", ["-o", "lstart=", "-p", String(process.pid)]).trim());
  return Math.abs(startedMs - spawnedMs) < 2000;
}

function checkFolder(cwd: string, command: string, host: Host): void {
  const kind = host.fileKind(cwd);
  if (kind === "folder") return;
  const state = kind === "missing" ? "is not there" : "is not a folder";
  throw new FlowError("invalid_config", `Cannot run "${command}": the working folder "${cwd}" ${state}`, {
    hint: "Correct workdir, or create the folder first.",
    retryable: false,
  });
}

function spawnError(cause: unknown, command: string): FlowError {
  const code = (cause as { code?: unknown }).code;
  const fail = (state: string, hint: string) =>
    new FlowError("invalid_config", `Cannot run "${command}": ${state}`, { hint, retryable: false, cause });
  if (code === "EINVAL") return fail("a NUL character in its arguments or environment", "Pass such data by stdin.");
  if (code === "E2BIG") return fail("its arguments and environment are too long", "Pass large data by stdin.");
  if (code === "ENOENT") return fail("its interpreter is not there", "Correct the first line (#!) of the script.");
  if (code === "EACCES") return fail("permission denied", "Check who may execute it and enter its folders.");
  const state = cause instanceof Error ? cause.message : String(cause);
  return new FlowError("unavailable", `Cannot run "${command}": ${state}`, {
    hint: "Check the limits on processes, open files and memory.",
    cause,
  });
}
