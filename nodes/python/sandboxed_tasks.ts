import { FlowError } from "../../engine/errors.ts";
import type { Value } from "../../engine/value.ts";
import type { Platform, ProcessStatus } from "../../platform/types.ts";
import { attemptVariables, pickVariables } from "../_environment.ts";
import { checkEnd } from "../_exit_check.ts";
import { LineSplitter } from "../_line_splitter.ts";
import type { PythonTaskContext } from "../python_task.ts";
import { SandboxOpener } from "../sandbox/open_sandbox.ts";
import type { SandboxRequest } from "../sandbox/sandbox.ts";
import { type CodeFiles, collectCode, START_FILE } from "./code_files.ts";
import { encodeFrame, FrameSplitter } from "./frames.ts";
import { readMessage } from "./messages.ts";
import { callText } from "./task_runner.ts";
import { bringValues, type BroughtValues } from "./value_files.ts";

/** For Docker; any image with Python 3.10 and a POSIX shell will do. */
const DEFAULT_IMAGE = "python:3-slim";
/** The node's own `timeout_ms` is what limits a call. */
const LONGEST_CALL_MS = 24 * 60 * 60 * 1000;
const KEPT_LINES = 5;

const [TOO_OLD, NO_PACKAGE] = [96, 95];
/** In words that every Python knows, however old. */
const START = `import sys
if sys.version_info < (3, 10):
    sys.stderr.write("Python %d.%d\\n" % tuple(sys.version_info[:2]))
    sys.exit(${TOO_OLD})
sys.path[0:1] = sys.argv[1:]
sys.argv[1:] = []
try:
    from flowengine.worker.single_call import main
except ImportError as error:
    sys.stderr.write("%s\\n" % error)
    sys.exit(${NO_PACKAGE})
main()
`;

/**
 * Calls Python functions in sandboxes: each call has a sandbox of its own, into which the code and the values are
 * brought. Nothing of this machine is seen there.
 */
export class SandboxedTasks {
  readonly #platform: Platform;
  readonly #opener: SandboxOpener;

  constructor(platform: Platform) {
    this.#platform = platform;
    this.#opener = new SandboxOpener(platform, DEFAULT_IMAGE);
  }

  async run(ctx: PythonTaskContext): Promise<{ result: Value }> {
    ctx.signal.throwIfAborted();
    const { sandbox: kind = "docker", image, zypi_url, python } = ctx.config;
    const sandbox = await this.#opener.open({ sandbox: kind, image, zypi_url });
    const code = await collectCode(this.#platform, ctx.config);
    const values = await bringValues(this.#platform, ctx.inputs);
    const call = new SandboxedCall(ctx);
    const status = await sandbox.exec(this.#toRequest(ctx, code, values), {
      name: python,
      ctx,
      onStdout: (chunk) => call.frames.push(chunk),
      onStderr: (chunk) => call.lines.push(chunk),
    }).finally(() => call.lines.end()).catch((error) => {
      throw withPythonHint(error);
    });
    return { result: call.end(status, code) };
  }

  #toRequest(ctx: PythonTaskContext, { files, path, file }: CodeFiles, values: BroughtValues): SandboxRequest {
    const { config } = ctx;
    const { python, env, env_passthrough, workdir } = config;
    const encoder = new TextEncoder();
    const inner = { ...config, ...(file === undefined ? {} : { file }) };
    return {
      command: [python, START_FILE, ...path],
      env: {
        PYTHONDONTWRITEBYTECODE: "1",
        // Files of values would be gone with the sandbox.
        FLOW_VALUES: "off",
        ...attemptVariables(ctx),
        ...pickVariables(this.#platform.envAll(), ["FLOWENGINE_ARGV*", ...env_passthrough]),
        ...env,
      },
      files: new Map([...files, ...values.files, [START_FILE, encoder.encode(START)]]),
      stdin: encodeFrame(callText({ config: inner, inputs: values.inputs, env: attemptVariables(ctx) })),
      workdir,
      network: true,
      limits: { timeoutMs: LONGEST_CALL_MS },
      binds: [],
    };
  }
}

/** What comes from one call. */
class SandboxedCall {
  readonly frames: FrameSplitter;
  readonly lines: LineSplitter;
  readonly #ctx: PythonTaskContext;
  readonly #lastLines: string[] = [];
  #isReady = false;
  #result: { value: Value } | undefined;
  #error: FlowError | undefined;

  constructor(ctx: PythonTaskContext) {
    this.#ctx = ctx;
    this.frames = new FrameSplitter((message) => this.#receive(message));
    this.lines = new LineSplitter((line) => this.#receiveStderr(line));
  }

  /** What the function returned. @throws {FlowError} what the worker said, or how it ended */
  end(status: ProcessStatus, code: CodeFiles): Value {
    if (this.#error !== undefined) throw translateError(this.#error, code);
    if (this.#result !== undefined) return this.#result.value;
    const said = this.#lastLines.join("\n");
    if (!this.#isReady) checkStart(status, this.#ctx.config, said);
    checkEnd("The Python worker", withSignal(status), said);
    throw new FlowError("exit_code", "The Python worker exited before the function returned", {
      hint: "Do not call os._exit in it.",
    });
  }

  #receive(frame: unknown): void {
    const message = readMessage(frame);
    switch (message.type) {
      case "ready":
        this.#isReady = true;
        return;
      case "line":
        return message.stream === "stdout" ? this.#ctx.stdout(message.line) : this.#ctx.stderr(message.line);
      case "result":
        this.#result = { value: message.value };
        return;
      case "error":
        this.#error = message.error;
    }
  }

  #receiveStderr(line: string): void {
    this.#lastLines.push(line);
    if (this.#lastLines.length > KEPT_LINES) this.#lastLines.shift();
    // Whether it was said before the worker was ready cannot be known: that comes by another pipe.
    this.#ctx.stderr(line);
  }
}

/** @throws {FlowError} if there is no Python that could have been started */
function checkStart({ code }: ProcessStatus, config: PythonTaskContext["config"], said: string): void {
  const place = config.image === undefined ? "in the sandbox" : `in the image "${config.image}"`;
  const refuse = (why: string, hint: string) => new FlowError("invalid_config", why, { hint, retryable: false });
  if (code === TOO_OLD) {
    throw refuse(`Cannot call "${config.function}": ${said.trim()} ${place} is older than 3.10`, USE_OTHER_IMAGE);
  }
  if (code === NO_PACKAGE) {
    throw refuse(`Cannot start a Python worker ${place}: ${said.trim()}`, "Set package, or install flowengine there.");
  }
  if (code === 127 || code === 126) {
    const message = `Cannot call "${config.function}": there is no program "${config.python}" ${place}`;
    throw new FlowError("program_not_found", message, { hint: USE_OTHER_IMAGE, retryable: false });
  }
}

const USE_OTHER_IMAGE = "Use an image with Python 3.10 or later and a POSIX shell, such as python:3.13-slim.";

/** What runs in a container tells by its exit code which signal has killed it. */
function withSignal(status: ProcessStatus): ProcessStatus {
  if (status.signal !== null || (status.code <= 128 && status.code !== -1)) return status;
  const names: Record<number, string> = { 134: "SIGABRT", 137: "SIGKILL", 139: "SIGSEGV", 143: "SIGTERM" };
  return { ...status, signal: names[status.code] ?? "a signal" };
}

function withPythonHint(error: unknown): unknown {
  if (!(error instanceof FlowError) || error.code !== "program_not_found") return error;
  return new FlowError(error.code, error.message, { hint: USE_OTHER_IMAGE, retryable: false, cause: error });
}

/** With the paths of this machine in the traceback, and with a hint about packages that are not there. */
function translateError(error: FlowError, code: CodeFiles): FlowError {
  const { details = {}, hint, retryable, message } = error;
  const { traceback, exception } = details;
  if (typeof traceback !== "string") return error;
  const isMissing = exception === "ModuleNotFoundError";
  return new FlowError(error.code, message, {
    hint: isMissing ? "Use an image that has it; only Python files beside the function come along." : hint,
    retryable: retryable && !isMissing,
    details: { ...details, traceback: code.toHostText(traceback) },
    cause: error,
  });
}
