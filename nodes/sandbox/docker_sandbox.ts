import type { Value } from "../../engine/value.ts";
import type { Platform, ProcessStatus } from "../../platform/types.ts";
import { CapturedBytes } from "../_captured_bytes.ts";
import { ContainerRunner } from "../docker/container_runner.ts";
import type { DockerRunContext } from "../docker_run.ts";
import { checkFiles } from "./bwrap_problems.ts";
import { commandWithFiles, stdinWithFiles } from "./file_writer.ts";
import type { Sandbox, SandboxCaller, SandboxRequest } from "./sandbox.ts";

const GRACE_MS = 1000;
const FIRST_WORDS_BYTES = 4096;

/** Containers of one image, by the Docker engine that `DOCKER_HOST` names or that this machine has. */
export class DockerSandbox implements Sandbox {
  readonly hasBinds = true;
  readonly #runner: ContainerRunner;
  readonly #image: string;

  constructor(platform: Platform, image: string) {
    this.#runner = new ContainerRunner(platform, GRACE_MS);
    this.#image = image;
  }

  async exec(request: SandboxRequest, caller: SandboxCaller): Promise<ProcessStatus> {
    const firstWords = new CapturedBytes(FIRST_WORDS_BYTES);
    const outputs = await this.#runner.run(this.#toContext(request, caller), (stream, bytes) => {
      if (stream === "stdout") return caller.onStdout(bytes);
      firstWords.push(bytes);
      caller.onStderr(bytes);
    });
    const code = Number(outputs["exit_code"]);
    checkFiles(code, firstWords.text());
    return { code, signal: null };
  }

  /** The context of a `docker.run` whose container is this sandbox. */
  #toContext(request: SandboxRequest, { ctx }: SandboxCaller): DockerRunContext {
    const stdin = stdinWithFiles(request);
    const [program, ...args] = commandWithFiles(request);
    const inputs: Record<string, Value> = stdin === undefined ? {} : { data: stdin };
    return {
      ...methodsOf(ctx),
      config: { ...toConfig(this.#image, request), entrypoint: [program], command: args },
      inputs,
    };
  }
}

function toConfig(image: string, request: SandboxRequest): Omit<DockerRunContext["config"], "entrypoint" | "command"> {
  const { limits, network, binds, env } = request;
  const hasStdin = request.files.size > 0 || request.stdin !== undefined;
  return {
    image,
    env,
    workdir: request.workdir ?? "/tmp",
    volumes: binds.map(({ source, target, isWritable }) => `${source}:${target}${isWritable ? "" : ":ro"}`),
    ...(network ? {} : { network: "none" }),
    ...(limits.memoryMb === undefined ? {} : { memory_limit: `${limits.memoryMb}m` }),
    ...(limits.pids === undefined ? {} : { pids_limit: limits.pids }),
    ...(limits.timeoutMs === undefined ? {} : { timeout: limits.timeoutMs / 1000 }),
    stdin_mode: hasStdin ? "raw" : "none",
    output_mode: "text",
    io_mode: "auto",
    stream_output: false,
    capture_stdout: false,
    capture_stderr: true,
    strip_trailing_newline: true,
    fail_on_error: false,
    max_output_bytes: 64 * 1024,
    auto_pull: true,
    detached: false,
    remove: true,
  };
}

/** A context may be an object with a prototype, of which a copy would have no methods. */
function methodsOf(ctx: SandboxCaller["ctx"]): Omit<SandboxCaller["ctx"], "config" | "inputs"> {
  const { execution_id, node_id, index, source, attempt, attempt_id, signal, state } = ctx;
  return {
    execution_id,
    node_id,
    index,
    source,
    attempt,
    attempt_id,
    signal,
    state,
    verbose: false,
    log: (message, level) => ctx.log(message, level),
    progress: (percent, message) => ctx.progress(percent, message),
    data: (port, value) => ctx.data(port, value),
    stdout: () => {},
    stderr: () => {},
    processStarted: (process) => ctx.processStarted(process),
    resourceOpened: (resource, options) => ctx.resourceOpened(resource, options),
    sleep: (ms) => ctx.sleep(ms),
    call: (request) => ctx.call(request),
  };
}
