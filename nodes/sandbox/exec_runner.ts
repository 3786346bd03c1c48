import { FlowError } from "../../engine/errors.ts";
import type { Values } from "../../engine/value.ts";
import type { Platform } from "../../platform/types.ts";
import { CommandOutput } from "../_command_output.ts";
import { attemptVariables } from "../_environment.ts";
import { checkExit } from "../_exit_check.ts";
import { splitShellWords } from "../_shell_words.ts";
import { toBytes } from "../_value.ts";
import type { SandboxExecContext } from "../sandbox_exec.ts";
import { parseBind } from "./binds.ts";
import { inputFiles, inputVariables } from "./node_inputs.ts";
import { SandboxOpener } from "./open_sandbox.ts";
import type { SandboxRequest } from "./sandbox.ts";

const OWN_PORTS = ["stdin", "files"];
/** For Docker; the one that Zypi has. */
const DEFAULT_IMAGE = "ubuntu:24.04";

/** Runs the commands of `sandbox.exec`. */
export class ExecRunner {
  readonly #opener: SandboxOpener;

  constructor(platform: Platform) {
    this.#opener = new SandboxOpener(platform, DEFAULT_IMAGE);
  }

  async run(ctx: SandboxExecContext): Promise<Values> {
    const { config } = ctx;
    const sandbox = await this.#opener.open(config);
    if (config.binds.length > 0 && !sandbox.hasBinds) throw bindsError(config.sandbox);
    const output = new CommandOutput(ctx);
    const status = await sandbox.exec(toRequest(ctx), {
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

function bindsError(sandbox: string): FlowError {
  return new FlowError("invalid_config", `Cannot show folders of this machine in the sandbox "${sandbox}"`, {
    hint: "Remove binds, and pass the contents by files.",
    retryable: false,
  });
}

function commandOf(config: SandboxExecContext["config"]): [string, ...string[]] {
  const args = typeof config.args === "string" ? splitShellWords(config.args) : config.args;
  if (!config.shell) return [config.command, ...args];
  const script = args.length === 0 ? config.command : `${config.command.trimEnd()} "$@"`;
  return ["/bin/sh", "-c", script, "sh", ...args];
}
