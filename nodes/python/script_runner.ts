import type { Values } from "../../engine/value.ts";
import type { Platform, ProcessStatus } from "../../platform/types.ts";
import type { ApiCallContext } from "../api_call.ts";
import { CommandOutput } from "../_command_output.ts";
import { attemptVariables } from "../_environment.ts";
import { toJsonText } from "../_value.ts";
import { inputVariables } from "../sandbox/node_inputs.ts";
import { SandboxOpener } from "../sandbox/open_sandbox.ts";
import type { Sandbox, SandboxRequest } from "../sandbox/sandbox.ts";
import { INSTALL_LIMITS, PackageInstaller } from "./package_installer.ts";
import {
  INSTALL_FAILURE_CODE,
  installError,
  pipSettings,
  VENV_FOLDER,
  VENV_PYTHON,
  withInstallation,
} from "./packages.ts";
import { checkScript, lastValue } from "./script_result.ts";

const SCRIPT_FILE = "/tmp/flow/script.py";
const INPUTS_FILE = "/tmp/flow/inputs.json";
/** For Docker; any image with Python 3 and a POSIX shell will do. */
const DEFAULT_IMAGE = "python:3-slim";
const MAX_OUTPUT_BYTES = 10 * 1024 * 1024;
/** Linux takes 128 KiB for one variable with its name; larger inputs are only in the file. */
const MAX_VARIABLE_CHARS = 32 * 1024;
const MAX_PIDS = 256;

/** Runs the scripts of `api.call`. */
export class ScriptRunner {
  readonly #platform: Platform;
  readonly #opener: SandboxOpener;
  readonly #installer: PackageInstaller;

  constructor(platform: Platform) {
    this.#platform = platform;
    this.#opener = new SandboxOpener(platform, DEFAULT_IMAGE);
    this.#installer = new PackageInstaller(platform);
  }

  async run(ctx: ApiCallContext): Promise<Values> {
    const { config, signal } = ctx;
    signal.throwIfAborted();
    const sandbox = await this.#opener.open(config);
    const packages = [...new Set(config.packages.map((name) => name.trim()))].sort();
    const request = await this.#prepare(sandbox, packages, ctx);
    const output = openOutput(ctx);
    const status = await this.#exec(sandbox, request, output, ctx);
    const said = output.stderr.text() ?? "";
    if (status.code === INSTALL_FAILURE_CODE && packages.length > 0 && !sandbox.hasBinds) {
      throw installError(packages, status.code, said);
    }
    checkScript(status, said);
    const { stdout = "", stderr = "", exit_code = 0 } = output.toOutputs(status.code);
    return { output: lastValue(String(stdout)), stdout, stderr, exit_code };
  }

  async #exec(
    sandbox: Sandbox,
    request: SandboxRequest,
    output: CommandOutput,
    ctx: ApiCallContext,
  ): Promise<ProcessStatus> {
    try {
      return await sandbox.exec(request, {
        name: "python3",
        ctx,
        onStdout: (chunk) => output.stdout.push(chunk),
        onStderr: (chunk) => output.stderr.push(chunk),
      });
    } finally {
      output.end();
    }
  }

  /** The request for the script, whose packages are there already, or, where nothing is kept, are installed by it. */
  async #prepare(sandbox: Sandbox, packages: readonly string[], ctx: ApiCallContext): Promise<SandboxRequest> {
    const plain = toRequest(ctx);
    if (packages.length === 0) return plain;
    if (sandbox.hasBinds) {
      const source = await this.#installer.install(sandbox, packages, ctx);
      const binds = [{ source, target: VENV_FOLDER, isWritable: false }];
      return { ...plain, command: [VENV_PYTHON, SCRIPT_FILE], binds };
    }
    const { env, files } = await pipSettings(this.#platform, ctx.config.sandbox);
    return {
      ...plain,
      command: withInstallation(packages, SCRIPT_FILE),
      env: { ...env, ...plain.env },
      files: new Map([...files, ...plain.files]),
      limits: { ...plain.limits, timeoutMs: (plain.limits.timeoutMs ?? 0) + INSTALL_LIMITS.timeoutMs },
    };
  }
}

function openOutput(ctx: ApiCallContext): CommandOutput {
  return new CommandOutput({
    config: {
      capture_stdout: true,
      capture_stderr: true,
      strip_trailing_newline: true,
      max_output_bytes: MAX_OUTPUT_BYTES,
    },
    verbose: ctx.verbose,
    stdout: (line) => ctx.stdout(line),
    stderr: (line) => ctx.stderr(line),
    log: (message, level) => ctx.log(message, level),
  });
}

function toRequest(ctx: ApiCallContext): SandboxRequest {
  const { config, inputs } = ctx;
  const encoder = new TextEncoder();
  const variables = Object.entries(inputVariables(inputs, [])).filter(([, text]) => text.length <= MAX_VARIABLE_CHARS);
  return {
    command: ["python3", SCRIPT_FILE],
    env: {
      PYTHONUNBUFFERED: "1",
      PYTHONDONTWRITEBYTECODE: "1",
      PYTHONIOENCODING: "utf-8",
      FLOW_INPUTS: INPUTS_FILE,
      ...attemptVariables(ctx),
      ...config.env,
      ...Object.fromEntries(variables),
    },
    files: new Map([
      [SCRIPT_FILE, encoder.encode(config.script)],
      [INPUTS_FILE, encoder.encode(toJsonText(inputs))],
    ]),
    stdin: undefined,
    network: true,
    limits: { memoryMb: config.memory_mb, pids: MAX_PIDS, timeoutMs: config.timeout * 1000 },
    binds: [],
  };
}
