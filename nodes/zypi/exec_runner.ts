import { abortError } from "../../engine/clock.ts";
import { FlowError } from "../../engine/errors.ts";
import type { Values } from "../../engine/value.ts";
import { CommandOutput } from "../_command_output.ts";
import { attemptVariables } from "../_environment.ts";
import { checkExit } from "../_exit_check.ts";
import { splitShellWords } from "../_shell_words.ts";
import { toBytes } from "../_value.ts";
import { inputFiles, inputVariables } from "../sandbox/node_inputs.ts";
import type { ZypiExecContext } from "../zypi_exec.ts";
import { ZypiClient, type ZypiCommand, type ZypiEnding } from "./client.ts";
import { toResource } from "./resources.ts";

const OWN_PORTS = ["stdin", "files", "session_id"];
/** Linux takes 128 KiB for one variable with its name. */
const MAX_VARIABLE_BYTES = 120 * 1024;

/** One attempt of `zypi.exec`. */
export async function runZypiExec(ctx: ZypiExecContext): Promise<Values> {
  if (ctx.signal.aborted) throw abortError(ctx.signal);
  const { config } = ctx;
  const client = new ZypiClient(config.url);
  const command = toCommand(ctx);
  const output = new CommandOutput(ctx);
  const run = command.sessionId === undefined && config.own_session ? runInOwnSession : runWhereTold;
  const { exitCode, durationMs } = await run(ctx, client, command, output).finally(() => output.end());
  const signal = exitCode === -1 ? "an unknown signal" : null;
  if (config.fail_on_error) checkExit(command.command.join(" "), { code: exitCode, signal }, output.stderr.text());
  const { sessionId } = command;
  return {
    ...output.toOutputs(exitCode),
    duration_ms: durationMs,
    ...(sessionId === undefined ? {} : { session_id: sessionId }),
  };
}

async function runWhereTold(
  { config, signal, resourceOpened }: ZypiExecContext,
  client: ZypiClient,
  command: ZypiCommand,
  output: CommandOutput,
): Promise<ZypiEnding> {
  const { sessionId, runId } = command;
  if (sessionId !== undefined) resourceOpened(toResource(config.url, sessionId, runId), { until: "attempt" });
  return await client.stream(command, output, signal);
}

async function runInOwnSession(
  { config, signal, resourceOpened }: ZypiExecContext,
  client: ZypiClient,
  command: ZypiCommand,
  output: CommandOutput,
): Promise<ZypiEnding> {
  return await client.withSession(command, signal, ({ sessionId }) => {
    resourceOpened(toResource(config.url, sessionId), { until: "attempt" });
    return client.stream({ ...command, sessionId }, output, signal);
  });
}

function toCommand(ctx: ZypiExecContext): ZypiCommand {
  const { config, inputs } = ctx;
  const stdin = inputs.stdin !== undefined ? inputs.stdin : config.stdin;
  const env = { ...attemptVariables(ctx), ...config.env, ...inputVariables(inputs, OWN_PORTS) };
  checkVariables(env);
  return {
    command: typeof config.command === "string" ? splitShellWords(config.command) : config.command,
    image: config.image,
    env,
    files: Object.fromEntries(inputFiles({ ...config.files, ...inputs.files }, inputs)),
    stdin: stdin === undefined ? undefined : toBytes(stdin),
    workdir: config.workdir,
    timeoutMs: config.timeout * 1000,
    memoryMb: config.memory_mb,
    vcpus: config.vcpus,
    sessionId: inputs.session_id ?? config.session_id,
    runId: ctx.attempt_id,
    maxOutputBytes: config.max_output_bytes,
  };
}

function checkVariables(env: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(env)) {
    if (text.length <= MAX_VARIABLE_BYTES && new TextEncoder().encode(text).length <= MAX_VARIABLE_BYTES) continue;
    throw new FlowError("invalid_input", `Cannot pass "${name}" as a variable: it has more than 120 KiB`, {
      hint: 'Connect it to stdin, or to a file such as "file:/tmp/data.json".',
      retryable: false,
    });
  }
}
