import { lazy } from "../../engine/lazy.ts";
import type { Values } from "../../engine/value.ts";
import type { Platform } from "../../platform/types.ts";
import type { ApiCallContext } from "../api_call.ts";
import { CapturedBytes } from "../_captured_bytes.ts";
import { CommandOutput } from "../_command_output.ts";
import { attemptVariables } from "../_environment.ts";
import { toJsonText } from "../_value.ts";
import type { Bind } from "../sandbox/binds.ts";
import { inputVariables } from "../sandbox/node_inputs.ts";
import { openSandbox } from "../sandbox/open_sandbox.ts";
import type { Sandbox, SandboxRequest } from "../sandbox/sandbox.ts";
import { installCommand, installError, pipSettings, VENV_FOLDER } from "./packages.ts";
import { checkScript, lastValue } from "./script_result.ts";
import { VenvCache } from "./venv_cache.ts";

const SCRIPT_FILE = "/tmp/flow/script.py";
const INPUTS_FILE = "/tmp/flow/inputs.json";
const MAX_OUTPUT_BYTES = 10 * 1024 * 1024;
/** Linux takes 128 KiB for one variable with its name; larger inputs are only in the file. */
const MAX_VARIABLE_CHARS = 32 * 1024;
const MAX_PIDS = 256;
const INSTALL_LIMITS = { memoryMb: 2048, pids: 512, tmpMb: 2048, timeoutMs: 600_000 };

/** Runs the scripts of `api.call`. */
export class ScriptRunner {
  readonly #platform: Platform;
  readonly #local = lazy(() => openSandbox(this.#platform, "local"));
  readonly #cache = lazy(() => new VenvCache(this.#platform));
  /** By image; what is installed on a machine changes rarely, and then flow has to be started again. */
  readonly #versions = new Map<string, Promise<string>>();

  constructor(platform: Platform) {
    this.#platform = platform;
  }

  async run(ctx: ApiCallContext): Promise<Values> {
    const { config } = ctx;
    ctx.signal.throwIfAborted();
    const sandbox = config.sandbox === "local"
      ? await this.#local()
      : await openSandbox(this.#platform, config.sandbox);
    const binds = config.packages.length === 0 ? [] : [await this.#install(sandbox, ctx)];
    const output = new CommandOutput({
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
    const status = await sandbox.exec(toRequest(ctx, binds), {
      name: "python3",
      ctx,
      onStdout: (chunk) => output.stdout.push(chunk),
      onStderr: (chunk) => output.stderr.push(chunk),
    }).finally(() => output.end());
    checkScript(status, output.stderr.text() ?? "");
    const outputs = output.toOutputs(status.code);
    const { stdout = "", stderr = "", exit_code = 0 } = outputs;
    return { output: lastValue(String(stdout)), stdout, stderr, exit_code };
  }

  /** The environment with the packages of a node, made now if nobody has made it before. */
  async #install(sandbox: Sandbox, ctx: ApiCallContext): Promise<Bind> {
    const { signal, config } = ctx;
    const packages = [...new Set(config.packages.map((name) => name.trim()))].sort();
    const image = config.sandbox === "local" ? "" : config.image ?? "";
    const version = await this.#version(sandbox, image, ctx);
    const source = await this.#cache().get([config.sandbox, image, version, ...packages], signal, async (folder) => {
      ctx.log(`Installing ${packages.join(", ")}`);
      await this.#fill(sandbox, folder, packages, ctx);
    });
    return { source, target: VENV_FOLDER, isWritable: false };
  }

  async #fill(sandbox: Sandbox, folder: string, packages: readonly string[], ctx: ApiCallContext): Promise<void> {
    const { env, files } = await pipSettings(this.#platform);
    const talk = new CapturedBytes(256 * 1024);
    const { code } = await sandbox.exec({
      command: installCommand(packages),
      env,
      files,
      stdin: undefined,
      network: true,
      limits: INSTALL_LIMITS,
      binds: [{ source: folder, target: VENV_FOLDER, isWritable: true }],
    }, { name: "pip install", ctx, onStdout: (chunk) => talk.push(chunk), onStderr: (chunk) => talk.push(chunk) });
    if (code !== 0) throw installError(packages, code, talk.text());
  }

  async #version(sandbox: Sandbox, image: string, ctx: ApiCallContext): Promise<string> {
    const known = this.#versions.get(image);
    if (known !== undefined) return await known;
    const asked = askVersion(sandbox, ctx);
    this.#versions.set(image, asked);
    asked.catch(() => this.#versions.delete(image));
    return await asked;
  }
}

async function askVersion(sandbox: Sandbox, ctx: ApiCallContext): Promise<string> {
  const said = new CapturedBytes(4096);
  const status = await sandbox.exec({
    command: ["python3", "-c", "import sys, sysconfig; print(sys.version, sysconfig.get_platform(), sys.executable)"],
    env: {},
    files: new Map(),
    stdin: undefined,
    network: false,
    limits: { memoryMb: 256, pids: MAX_PIDS, timeoutMs: 60_000 },
    binds: [],
  }, { name: "python3", ctx, onStdout: (chunk) => said.push(chunk), onStderr: (chunk) => said.push(chunk) });
  checkScript(status, said.text());
  return said.text().trim();
}

function toRequest(ctx: ApiCallContext, binds: readonly Bind[]): SandboxRequest {
  const { config, inputs } = ctx;
  const encoder = new TextEncoder();
  const variables = Object.entries(inputVariables(inputs, [])).filter(([, text]) => text.length <= MAX_VARIABLE_CHARS);
  return {
    command: [binds.length === 0 ? "python3" : `${VENV_FOLDER}/bin/python`, SCRIPT_FILE],
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
    binds,
  };
}
