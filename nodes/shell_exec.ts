import * as z from "zod";
import { abortError, systemClock } from "../engine/clock.ts";
import { lazy } from "../engine/lazy.ts";
import { type ConfigOf, defineNode, type InputsOf, type NodeContext, type NodeDefinition } from "../engine/node.ts";
import type { Value, Values } from "../engine/value.ts";
import type { Platform, ProcessStatus, SpawnOptions, Subprocess } from "../platform/types.ts";
import { BASE_VARIABLES, pickVariables } from "./_environment.ts";
import { checkExit } from "./_exit_check.ts";
import { OutputStream } from "./_output_stream.ts";
import { superviseProcess } from "./_process.ts";
import { splitShellWords } from "./_shell_words.ts";
import { anyValue, parseLooseJson, toBytes } from "./_value.ts";

const REPORT_AFTER_MS = 10;

const text = () => z.string({ error: 'expected text; write numbers and booleans in quotes, such as "8080"' });
const variableName = () => z.string().regex(/^[^=\0]+$/, 'a variable name is not empty and has no "="');

const config = () => ({
  command: z.string().min(1, "a command is needed").describe("Program to run: a name on PATH, or a path"),
  args: z.union([z.array(text()), z.string().superRefine(checkWords)]).default([]).describe(
    "Arguments: a list, or one string that is split by the quoting rules of the shell (nothing is expanded)",
  ),
  env: z.record(variableName(), text()).default({}).describe(
    "Environment variables for the command; they win over others",
  ),
  env_passthrough: z.array(text()).default([]).describe(
    'Variables of flow\'s own environment that the command gets besides PATH, HOME, LANG and the like; "AWS_*" stands ' +
      'for all that start so, "*" for all but the secrets of flow',
  ),
  workdir: z.string().min(1).optional().describe("Folder to run it in; default: where flow runs"),
  timeout: z.number().positive().optional().describe("Seconds until it is stopped"),
  shell: z.boolean().default(false).describe(
    "Run command by `sh -c`, so that pipes, globs and variables work; args are appended, quoted, and are $1, $2 ...",
  ),
  stream_output: z.boolean().optional().describe("Emit each line as it comes; default: only with --verbose"),
  capture_stdout: z.boolean().default(true).describe("Keep stdout for the ports stdout and output"),
  capture_stderr: z.boolean().default(true).describe("Keep stderr for the port stderr and for error messages"),
  strip_trailing_newline: z.boolean().default(true).describe(
    "Remove newlines at the end of stdout and stderr, as $() does",
  ),
  fail_on_error: z.boolean().default(true).describe("Fail if the exit code is not 0 or a signal ended the command"),
  stdin: anyValue().optional().describe("Standard input: text and bytes as they are, other values as JSON"),
  max_output_bytes: z.int().min(1024).max(1024 ** 3).default(10 * 1024 * 1024).describe(
    "How much of stdout and of stderr is kept (its beginning and its end) and emitted as lines",
  ),
});

const inputs = () => ({ stdin: anyValue().optional().describe("Standard input; wins over the config") });

const outputs = () => ({
  output: anyValue().describe("stdout, parsed if it is JSON, else as text"),
  stdout: z.string(),
  stderr: z.string(),
  exit_code: z.int().describe("128 + n if signal n ended the command"),
  success: z.boolean(),
});

type Context = NodeContext<ConfigOf<ReturnType<typeof config>>, InputsOf<ReturnType<typeof inputs>>>;

/** What is the same for all commands of one flow. */
export interface ShellExecOptions {
  /** Time between SIGTERM and SIGKILL, in milliseconds; default 5000. */
  graceMs?: number;
}

/**
 * Runs a command.
 *
 * - The command sees only a small part of flow's environment (see `env_passthrough`), and `FLOW_EXECUTION_ID`,
 *   `FLOW_NODE_ID`, `FLOW_ATTEMPT` and `FLOW_ATTEMPT_ID`.
 * - On cancel and on timeout it is ended with all its descendants: SIGTERM, and SIGKILL after 5 seconds.
 * - Background processes that still hold its outputs one second after it has ended are ended too, with a warning. One
 *   that has redirected them (`daemon > daemon.log 2>&1 &`) is left alone.
 */
export function createShellExec(platform: Platform, { graceMs = 5000 }: ShellExecOptions = {}): NodeDefinition {
  const runner = new CommandRunner(platform, graceMs);
  return defineNode({
    type: "shell.exec",
    version: 1,
    summary: "Run a command",
    category: "shell",
    config,
    inputs,
    outputs,
    run: (ctx) => runner.run(ctx),
  });
}

class CommandRunner {
  readonly #platform: Platform;
  readonly #graceMs: number;
  readonly #ownVariables: Record<string, string>;
  readonly #baseVariables = lazy(() => pickVariables(this.#ownVariables, BASE_VARIABLES));

  constructor(platform: Platform, graceMs: number) {
    this.#platform = platform;
    this.#graceMs = graceMs;
    this.#ownVariables = platform.envAll();
  }

  async run(ctx: Context): Promise<Values> {
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
    { config, signal, log }: Context,
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
  #reportProcess(child: Subprocess, ctx: Context): () => void {
    const report = () => ctx.processStarted({ pid: child.pid, started: child.started });
    if (this.#platform.os === "linux") return systemClock.setTimer(REPORT_AFTER_MS, report);
    report();
    return () => {};
  }

  #environment({ config, execution_id, node_id, attempt }: Context): Record<string, string> {
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

function openStream(ctx: Context, name: "stdout" | "stderr"): OutputStream {
  const { config } = ctx;
  return new OutputStream({
    name,
    maxBytes: config.max_output_bytes,
    isCaptured: config[`capture_${name}`],
    emitLine: config.stream_output ?? ctx.verbose ? (line) => ctx[name](line) : undefined,
    warn: (message) => ctx.log(message, "warning"),
  });
}

function commandLine(platform: Platform, config: Context["config"]): Pick<SpawnOptions, "command" | "args"> {
  const args = typeof config.args === "string" ? splitShellWords(config.args) : config.args;
  if (!config.shell) return { command: config.command, args };
  if (platform.os === "windows") {
    return { command: "cmd", args: ["/d", "/s", "/c", [config.command, ...args].join(" ")] };
  }
  const script = args.length === 0 ? config.command : `${config.command.trimEnd()} "$@"`;
  return { command: "sh", args: ["-c", script, "sh", ...args] };
}

function toOutputs(config: Context["config"], stdout: OutputStream, stderr: OutputStream, code: number): Values {
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

function checkWords(text: string, context: z.RefinementCtx): void {
  try {
    splitShellWords(text);
  } catch (error) {
    context.addIssue({ code: "custom", message: error instanceof Error ? error.message : String(error) });
  }
}
