import { FlowError } from "../../engine/errors.ts";
import type { ProcessStatus } from "../../platform/types.ts";
import { ZypiClient } from "../zypi/client.ts";
import { toResource } from "../zypi/resources.ts";
import type { Sandbox, SandboxCaller, SandboxRequest } from "./sandbox.ts";

const DEFAULT_TIMEOUT_MS = 300_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

/** Who has the sessions of a server, by its address. */
const queues = new Map<string, Promise<unknown>>();

/**
 * MicroVMs of a Zypi server, a session for each command: what a VM without one may answer is too short for pages.
 *
 * A server runs the commands of all sessions one after the other, and forgets all of them when one is closed. So this
 * process has only one at a time; sessions that `zypi.session_create` has opened do get lost.
 */
export class ZypiSandbox implements Sandbox {
  readonly hasBinds = false;
  readonly #url: string;
  readonly #image: string | undefined;

  constructor(url: string, image: string | undefined) {
    this.#url = url;
    this.#image = image;
  }

  async exec(request: SandboxRequest, caller: SandboxCaller): Promise<ProcessStatus> {
    const before = queues.get(this.#url) ?? Promise.resolve();
    const mine = before.catch(() => {}).then(() => this.#exec(request, caller));
    queues.set(this.#url, mine);
    try {
      return await mine;
    } finally {
      if (queues.get(this.#url) === mine) queues.delete(this.#url);
    }
  }

  async #exec(request: SandboxRequest, { ctx, onStdout, onStderr }: SandboxCaller): Promise<ProcessStatus> {
    const { limits } = request;
    ctx.signal.throwIfAborted();
    const client = new ZypiClient(this.#url);
    const spec = { image: this.#image, memoryMb: limits.memoryMb };
    const sink = (name: string, push: (chunk: Uint8Array) => void) => ({
      push,
      skip: (bytes: number) => {
        throw new FlowError("output_too_large", `Cannot keep all of ${name}: ${bytes} bytes are too many`);
      },
    });
    return await client.withSession(spec, ctx.signal, async ({ sessionId }) => {
      ctx.resourceOpened(toResource(this.#url, sessionId), { until: "attempt" });
      const { exitCode } = await client.stream(
        {
          command: request.command,
          env: request.env,
          files: Object.fromEntries(request.files),
          stdin: request.stdin,
          workdir: request.workdir ?? "/tmp",
          timeoutMs: limits.timeoutMs ?? DEFAULT_TIMEOUT_MS,
          sessionId,
          runId: ctx.attempt_id,
          maxOutputBytes: MAX_OUTPUT_BYTES,
        },
        { stdout: sink("stdout", onStdout), stderr: sink("stderr", onStderr) },
        ctx.signal,
      );
      return { code: exitCode, signal: null };
    });
  }
}
