import type { NodeContext } from "../../engine/node.ts";
import type { ProcessStatus } from "../../platform/types.ts";
import type { Bind } from "./binds.ts";

/** What a command may use. */
export interface SandboxLimits {
  /** MiB of memory. */
  memoryMb?: number | undefined;
  /** Processes and threads at a time. */
  pids?: number | undefined;
  /** MiB that it may write into each of its own folders, such as /tmp. */
  tmpMb?: number | undefined;
  timeoutMs?: number | undefined;
}

/** A command and its surroundings; all paths but the sources of binds are as the command sees them. */
export interface SandboxRequest {
  /** A program and its arguments. */
  command: readonly [string, ...string[]];
  /** What it sees besides what every sandbox sets (PATH, HOME, LANG). */
  env: Readonly<Record<string, string>>;
  /** Contents of files that are there when it starts, by absolute path. */
  files: ReadonlyMap<string, Uint8Array>;
  stdin: Uint8Array | undefined;
  workdir?: string | undefined;
  network: boolean;
  limits: SandboxLimits;
  binds: readonly Bind[];
}

/** Who runs a command: where its output goes, what it is called, and what ends it. */
export interface SandboxCaller<Context = NodeContext<unknown, unknown>> {
  /** For messages. */
  name: string;
  ctx: Context;
  /** The bytes are only good during the call. */
  onStdout(chunk: Uint8Array): void;
  /** The bytes are only good during the call. */
  onStderr(chunk: Uint8Array): void;
}

/** A place where commands run apart from this machine's files, processes and network. */
export interface Sandbox {
  /** Whether it can show folders of this machine. */
  readonly hasBinds: boolean;
  /**
   * Runs a command to its end. Settles only when nothing of it is left.
   *
   * @throws {FlowError} `timeout`, the reason of the signal, `program_not_found`, and what kept the sandbox from opening
   */
  exec(request: SandboxRequest, caller: SandboxCaller): Promise<ProcessStatus>;
}
