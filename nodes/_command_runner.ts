import { abortError, systemClock } from "../engine/clock.ts";
import { lazy } from "../engine/lazy.ts";
import type { Value, Values } from "../engine/value.ts";
import type { Platform, ProcessStatus, SpawnOptions, Subprocess } from "../platform/types.ts";
import { BASE_VARIABLES, pickVariables } from "./_environment.ts";
import { checkExit } from "./_exit_check.ts";
import { OutputStream } from "./_output_stream.ts";
import { superviseProcess } from "./_process.ts";
import { splitShellWords } from "./_shell_words.ts";
import { parseLooseJson, toBytes } from "./_value.ts";
import type { ShellExecContext } from "./shell_exec.ts";

const REPORT_AFTER_MS = 10;

/** Runs the commands of one flow. */
export class CommandRunner {
  readonly #platform: Platform;
  readonly #graceMs: number;
  readonly #ownVariables: Record<string, string>;
  readonly #baseVariables = lazy(() => pickVariables(this.#ownVariables, BASE_VARIABLES));

  constructor(platform: Platform, graceMs: number) {
    this.#platform = platform;
    this.#graceMs = graceMs;
    this.#ownVariables = platform.envAll();
  }

  async run(ctx: ShellExecContext): Promise<Values> {
    if (ctx.signal.aborted) throw abortError(ctx.signal);
    const stdin = ctx.inputs.stdin !== undefined ? ctx.inputs.stdin : ctx.config.stdin;
    const stdout = openStream(ctx, "stdout");
    const stderr = openStream(ctx, "stderr");
    const child = this.#platform.spawn({
      ...commandLine(this.#platform, ctx.config),
      env: this.#environment(ctx),
      cwd: ctx.config.workdir,
      stdin: stdin === undefined ? "null" : "piped",
      stdout: stdout.isWanted ? "piped" : "null",
      stderr: stderr.isWanted ? "piped" : "null",
      mark: ctx.attempt_id,
    });
    const stopReport = this.#reportProcess(child, ctx);
    const status = await this.#supervise(child, ctx, stdin, stdout, stderr).finally(stopReport);
    if (ctx.config.fail_on_error) checkExit(ctx.config.command, status, stderr.text());
    return toOutputs(ctx.config, stdout, stderr, status.code);
  }

  async #supervise(
    child: Subprocess,
    { config, signal, log }: ShellExecContext,
    stdin: Value | undefined,
    stdout: OutputStream,
    stderr: OutputStream,
  ): Promise<ProcessStatus> {
    try {
      return await superviseProcess(child, {
        stdin: stdin === undefined ? undefined : toBytes(stdin),
        signal,
        timeoutMs: config.timeout === undefined ? undefined : config.timeout * 1000,
        graceMs: this.#graceMs,
        name: config.command,
        onStdout: (chunk) => stdout.push(chunk),
        onStderr: (chunk) => stderr.push(chunk),
        onLeftBehind: () =>
          log(`Command "${config.command}" left background processes behind: they are ended`, "warning"),
      });
    } finally {
      stdout.end();
      stderr.end();
    }
  }

  /**
   * Where a process is found again by the mark in its environment, the journal need not know those that end at once:
   * reading and recording an identity would make a short command a tenth slower.
   */
  #reportProcess(child: Subprocess, ctx: ShellExecContext): () => void {
    const report = () => ctx.processStarted({ pid: child.pid, started: child.started });
    if (this.#platform.os === "linux") return systemClock.setTimer(REPORT_AFTER_MS, report);
    report();
    return () => {};
  }

  #environment({ config, execution_id, node_id, attempt }: ShellExecContext): Record<string, string> {
    return {
      ...this.#baseVariables(),
      ...(config.env_passthrough.length > 0 ? pickVariables(this.#ownVariables, config.env_passthrough) : {}),
      FLOW_EXECUTION_ID: execution_id,
      FLOW_NODE_ID: node_id,
      FLOW_ATTEMPT: String(attempt),
      ...config.env,
    };
  }
}

function openStream(ctx: ShellExecContext, name: "stdout" | "stderr"): OutputStream {
  const { config } = ctx;
  return new OutputStream({
    name,
    maxBytes: config.max_output_bytes,
    isCaptured: config[`capture_${name}`],
    emitLine: config.stream_output ?? ctx.verbose ? (line) => ctx[name](line) : undefined,
    warn: (message) => ctx.log(message, "warning"),
  });
}

function commandLine(platform: Platform, config: ShellExecContext["config"]): Pick<SpawnOptions, "command" | "args"> {
  const args = typeof config.args === "string" ? splitShellWords(config.args) : config.args;
  if (!config.shell) return { command: config.command, args };
  if (platform.os === "windows") {
    return { command: "cmd", args: ["/d", "/s", "/c", [config.command, ...args].join(" ")] };
  }
  const script = args.length === 0 ? config.command : `${config.command.trimEnd()} "$@"`;
  return { command: "sh", args: ["-c", script, "sh", ...args] };
}

function toOutputs(
  config: ShellExecContext["config"],
  stdout: OutputStream,
  stderr: OutputStream,
  code: number,
): Values {
  const strip = config.strip_trailing_newline ? stripNewlines : (text: string) => text;
  const outputs: Record<string, Value> = { exit_code: code, success: code === 0 };
  const outText = stdout.text();
  if (outText !== undefined) {
    outputs["stdout"] = strip(outText);
    const parsed = stdout.isTruncated ? undefined : parseLooseJson(outText);
    outputs["output"] = parsed === undefined ? outputs["stdout"] : parsed;
  }
  const errText = stderr.text();
  if (errText !== undefined) outputs["stderr"] = strip(errText);
  return outputs;
}

/** A regular expression would take quadratic time for text that is full of newlines. */
function stripNewlines(text: string): string {
  let end = text.length;
  while (text[end - 1] === "\n") end -= text[end - 2] === "\r" ? 2 : 1;
  return text.slice(0, end);
}
