import type { Values } from "../../engine/value.ts";
import type { Platform } from "../../platform/types.ts";
import { CommandOutput } from "../_command_output.ts";
import { attemptVariables } from "../_environment.ts";
import { checkExit } from "../_exit_check.ts";
import { splitShellWords } from "../_shell_words.ts";
import { toBytes } from "../_value.ts";
import type { SandboxExecContext } from "../sandbox_exec.ts";
import { parseBind } from "./binds.ts";
import { LocalSandbox } from "./local_sandbox.ts";
import { inputFiles, inputVariables } from "./node_inputs.ts";
import type { Sandbox, SandboxRequest } from "./sandbox.ts";

const OWN_PORTS = ["stdin", "files"];

/** Runs the commands of `sandbox.exec`. */
export class ExecRunner {
  readonly #sandbox: Sandbox;

  constructor(platform: Platform) {
    this.#sandbox = new LocalSandbox(platform);
  }

  async run(ctx: SandboxExecContext): Promise<Values> {
    const { config } = ctx;
    const output = new CommandOutput(ctx);
    const status = await this.#sandbox.exec(toRequest(ctx), {
      name: config.command,
      ctx,
      onStdout: (chunk) => output.stdout.push(chunk),
      onStderr: (chunk) => output.stderr.push(chunk),
    }).finally(() => output.end());
    if (config.fail_on_error) checkExit(config.command, status, output.stderr.text());
    return output.toOutputs(status.code);
  }
}

function toRequest(ctx: SandboxExecContext): SandboxRequest {
  const { config, inputs } = ctx;
  const stdin = inputs.stdin !== undefined ? inputs.stdin : config.stdin;
  return {
    command: commandOf(config),
    env: { ...attemptVariables(ctx), ...config.env, ...inputVariables(inputs, OWN_PORTS) },
    files: inputFiles({ ...config.files, ...inputs.files }, inputs),
    stdin: stdin === undefined ? undefined : toBytes(stdin),
    workdir: config.workdir,
    network: config.network,
    limits: {
      memoryMb: config.memory_mb,
      pids: config.pids,
      tmpMb: config.tmp_mb,
      timeoutMs: config.timeout === undefined ? undefined : config.timeout * 1000,
    },
    binds: config.binds.map(parseBind),
  };
}

function commandOf(config: SandboxExecContext["config"]): [string, ...string[]] {
  const args = typeof config.args === "string" ? splitShellWords(config.args) : config.args;
  if (!config.shell) return [config.command, ...args];
  const script = args.length === 0 ? config.command : `${config.command.trimEnd()} "$@"`;
  return ["/bin/sh", "-c", script, "sh", ...args];
}
