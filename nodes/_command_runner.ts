import { abortError } from "../engine/clock.ts";
import { lazy } from "../engine/lazy.ts";
import type { Value, Values } from "../engine/value.ts";
import type { Platform, ProcessStatus, SpawnOptions, Subprocess } from "../platform/types.ts";
import { CommandOutput } from "./_command_output.ts";
import { BASE_VARIABLES, pickVariables } from "./_environment.ts";
import { checkExit } from "./_exit_check.ts";
import { superviseProcess } from "./_process.ts";
import { reportProcess } from "./_process_report.ts";
import { splitShellWords } from "./_shell_words.ts";
import { toBytes } from "./_value.ts";
import type { ShellExecContext } from "./shell_exec.ts";

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
    const output = new CommandOutput(ctx);
    const child = this.#platform.spawn({
      ...commandLine(this.#platform, ctx.config),
      env: this.#environment(ctx),
      cwd: ctx.config.workdir,
      stdin: stdin === undefined ? "null" : "piped",
      stdout: output.stdout.isWanted ? "piped" : "null",
      stderr: output.stderr.isWanted ? "piped" : "null",
      mark: ctx.attempt_id,
    });
    const stopReport = reportProcess(this.#platform, child, ctx);
    const status = await this.#supervise(child, ctx, stdin, output).finally(stopReport);
    if (ctx.config.fail_on_error) checkExit(ctx.config.command, status, output.stderr.text());
    return output.toOutputs(status.code);
  }

  async #supervise(
    child: Subprocess,
    { config, signal, log }: ShellExecContext,
    stdin: Value | undefined,
    output: CommandOutput,
  ): Promise<ProcessStatus> {
    try {
      return await superviseProcess(child, {
        stdin: stdin === undefined ? undefined : toBytes(stdin),
        signal,
        timeoutMs: config.timeout === undefined ? undefined : config.timeout * 1000,
        graceMs: this.#graceMs,
        name: config.command,
        onStdout: (chunk) => output.stdout.push(chunk),
        onStderr: (chunk) => output.stderr.push(chunk),
        onLeftBehind: () =>
          log(`Command "${config.command}" left background processes behind: they are ended`, "warning"),
      });
    } finally {
      output.end();
    }
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

function commandLine(platform: Platform, config: ShellExecContext["config"]): Pick<SpawnOptions, "command" | "args"> {
  const args = typeof config.args === "string" ? splitShellWords(config.args) : config.args;
  if (!config.shell) return { command: config.command, args };
  if (platform.os === "windows") {
    return { command: "cmd", args: ["/d", "/s", "/c", [config.command, ...args].join(" ")] };
  }
  const script = args.length === 0 ? config.command : `${config.command.trimEnd()} "$@"`;
  return { command: "sh", args: ["-c", script, "sh", ...args] };
}
