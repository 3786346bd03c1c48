import { abortError } from "../../engine/clock.ts";
import { FlowError } from "../../engine/errors.ts";
import type { NodeContext } from "../../engine/node.ts";
import type { Platform, ProcessStatus } from "../../platform/types.ts";
import { CapturedBytes } from "../_captured_bytes.ts";
import { superviseProcess } from "../_process.ts";
import { reportProcess } from "../_process_report.ts";
import type { Bind } from "./binds.ts";
import { bwrapCommand } from "./bwrap_arguments.ts";
import { checkOpened } from "./bwrap_problems.ts";
import { stdinWithFiles } from "./file_writer.ts";
import { inspectHost, type SandboxHost } from "./host.ts";
import type { Sandbox, SandboxCaller, SandboxRequest } from "./sandbox.ts";

/** Nothing outlives SIGTERM: bubblewrap takes the whole sandbox with it. */
const GRACE_MS = 1000;
const FIRST_WORDS_BYTES = 4096;

/** What a local sandbox needs of an attempt. */
type LocalContext = Pick<NodeContext, "signal" | "attempt_id" | "processStarted" | "log">;

/**
 * Sandboxes of this machine by bubblewrap: namespaces and limits on the kernel that everything else here uses, too. Not
 * a virtual machine: who finds a hole in the kernel gets out.
 */
export class LocalSandbox implements Sandbox {
  readonly hasBinds = true;
  readonly #platform: Platform;
  #host: Promise<SandboxHost> | undefined;

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  async exec(request: SandboxRequest, caller: SandboxCaller<LocalContext>): Promise<ProcessStatus> {
    const { ctx } = caller;
    if (ctx.signal.aborted) throw abortError(ctx.signal);
    const host = await this.#inspect();
    if (request.limits.pids !== undefined && !host.countsPerSandbox) {
      ctx.log("pids is not limited: that needs Linux 5.14 or later", "warning");
    }
    if (host.unwritten !== undefined) {
      const state = `"${host.unwritten}" cannot be written, set FLOW_CACHE_DIR to a folder that can`;
      ctx.log(`System calls are not filtered: ${state}`, "warning");
    }
    const sources = request.binds.map((bind) => this.#sourceOf(bind));
    const stdin = stdinWithFiles(request);
    const child = this.#platform.spawn({
      ...bwrapCommand(host, request, sources),
      cwd: "/",
      stdin: stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
      mark: ctx.attempt_id,
    });
    const firstWords = new CapturedBytes(FIRST_WORDS_BYTES);
    const stopReport = reportProcess(this.#platform, child, ctx);
    const status = await superviseProcess(child, {
      stdin,
      signal: ctx.signal,
      timeoutMs: request.limits.timeoutMs,
      graceMs: GRACE_MS,
      name: caller.name,
      onStdout: caller.onStdout,
      onStderr: (chunk) => (firstWords.push(chunk), caller.onStderr(chunk)),
      onLeftBehind: () => {},
    }).finally(stopReport);
    this.#check(caller.name, status.code, firstWords.text());
    return status;
  }

  #check(name: string, code: number, stderr: string): void {
    try {
      checkOpened(name, code, stderr);
    } catch (error) {
      // The machine is not as it was.
      if (error instanceof FlowError && error.code === "unavailable") this.#host = undefined;
      throw error;
    }
  }

  /** What cannot be found is looked for again next time: it may have been installed by then. */
  async #inspect(): Promise<SandboxHost> {
    this.#host ??= inspectHost(this.#platform);
    try {
      return await this.#host;
    } catch (error) {
      this.#host = undefined;
      throw error;
    }
  }

  #sourceOf({ source }: Bind): string {
    if (source.includes("\0")) {
      throw new FlowError("invalid_config", "Cannot bind a path with a NUL character", { retryable: false });
    }
    return source.startsWith("/") ? source : `${this.#platform.cwd()}/${source}`;
  }
}
