import { abortError, systemClock } from "../../engine/clock.ts";
import { FlowError } from "../../engine/errors.ts";
import { CapturedBytes } from "../_captured_bytes.ts";
import { sessionSchema, timestampSchema } from "./answers.ts";
import { answerError } from "./errors.ts";
import { runOneShot } from "./one_shot.ts";
import { endInSession, runInSession } from "./session_command.ts";
import { ZypiTransport } from "./transport.ts";

/** A command for a microVM. */
export interface ZypiCommand {
  /** Program and arguments; nothing is expanded. */
  command: readonly string[];
  /** Default `ubuntu:24.04`. A session has its own. */
  image?: string | undefined;
  env?: Readonly<Record<string, string>> | undefined;
  /** By path: absolute, or relative to `workdir`. Missing folders are made. */
  files?: Readonly<Record<string, string | Uint8Array>> | undefined;
  stdin?: Uint8Array | undefined;
  /** Default `/`. */
  workdir?: string | undefined;
  timeoutMs: number;
  /** Counts only when a VM is booted for this command. */
  memoryMb?: number | undefined;
  /** Counts only when a VM is booted for this command. */
  vcpus?: number | undefined;
  /** Where to run it; without one in a VM of its own, whose whole output must fit into one answer of the server. */
  sessionId?: string | undefined;
  /** Names the command in its session, for `endCommand`; default: random. */
  runId?: string | undefined;
  /** How much of stdout and of stderr is kept, in bytes; default 10 MiB. */
  maxOutputBytes?: number | undefined;
}

/** Who gets an output stream of a command, as it comes. */
export interface ZypiSink {
  push(chunk: Uint8Array): void;
  /** So many bytes were left out, because the stream has more than `maxOutputBytes`. */
  skip(bytes: number): void;
}

/** Who gets the output of a command. */
export interface ZypiSinks {
  stdout: ZypiSink;
  stderr: ZypiSink;
}

/** How a command ended. */
export interface ZypiEnding {
  /** -1 if a signal ended it and the server does not say more; in a session 128 + n. */
  exitCode: number;
  durationMs: number;
  containerId: string;
}

/** What a command did. */
export interface ZypiResult extends ZypiEnding {
  stdout: string;
  stderr: string;
  /** Whether stdout or stderr lacks a part, because it had more than `maxOutputBytes`. */
  isTruncated: boolean;
}

/** What a session is made of. */
export interface ZypiSessionSpec {
  /** Default `ubuntu:24.04`. */
  image?: string | undefined;
  vcpus?: number | undefined;
  memoryMb?: number | undefined;
}

/** A microVM that stays until it is closed, or for 300 s without a command. */
export interface ZypiSession {
  sessionId: string;
  containerId: string;
  ip: string;
  image: string;
}

/** What a client can be told besides the address; for tests. */
export interface ZypiClientOptions {
  /** How long to wait before each further try while the server has no free VM, in milliseconds. */
  retryDelaysMs?: readonly number[];
  /** How long a server may take for what is not a command, such as booting a VM; default 30 s. */
  graceMs?: number;
}

export const DEFAULT_IMAGE = "ubuntu:24.04";
export const DEFAULT_MAX_OUTPUT_BYTES = 10 * 1024 * 1024;
const RETRY_DELAYS_MS = [500, 1000, 2000, 4000, 8000];
const GRACE_MS = 30_000;
const CLOSE_TIMEOUT_MS = 10_000;

/**
 * Runs commands in the Firecracker microVMs of a Zypi server. Every call ends when its signal aborts; what the server
 * cannot do, or does wrong, is worked around or becomes a clear error.
 */
export class ZypiClient {
  readonly #transport: ZypiTransport;

  /** @throws {FlowError} `invalid_config` if `url` is no address of a server */
  constructor(url: string, options: ZypiClientOptions = {}) {
    const { retryDelaysMs = RETRY_DELAYS_MS, graceMs = GRACE_MS } = options;
    this.#transport = new ZypiTransport(url, { retryDelaysMs, graceMs });
  }

  /**
   * Runs a command to its end and answers what it wrote.
   *
   * @throws {FlowError} `timeout`, `unavailable`, `not_found` (the session is gone), `output_too_large` (without a
   *   session), `invalid_config`, `invalid_input`, `program_not_found`, `node_failed`
   */
  async exec(command: ZypiCommand, signal: AbortSignal): Promise<ZypiResult> {
    const maxBytes = command.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES;
    const [stdout, stderr] = [new CapturedBytes(maxBytes), new CapturedBytes(maxBytes)];
    const ending = await this.stream(command, { stdout, stderr }, signal);
    const isTruncated = stdout.lost > 0 || stderr.lost > 0;
    return { ...ending, stdout: stdout.text(), stderr: stderr.text(), isTruncated };
  }

  /** As {@link exec}, but hands the output on: of a session as it comes, else at the end. */
  async stream(command: ZypiCommand, sinks: ZypiSinks, signal: AbortSignal): Promise<ZypiEnding> {
    if (signal.aborted) throw abortError(signal);
    const startedAt = systemClock.monotonic();
    const run = command.sessionId === undefined ? runOneShot : runInSession;
    const ending = await run(this.#transport, command, sinks, signal);
    return { ...ending, durationMs: Math.round(ending.durationMs ?? systemClock.monotonic() - startedAt) };
  }

  /**
   * Boots a VM that stays. If `signal` aborts meanwhile, the VM is closed as soon as it is there.
   *
   * @throws {FlowError} `unavailable`, `timeout`, `invalid_config` (no such image)
   */
  async createSession(spec: ZypiSessionSpec, signal: AbortSignal): Promise<ZypiSession> {
    const { image = DEFAULT_IMAGE, vcpus, memoryMb } = spec;
    // What is undefined does not become part of JSON.
    const body = { image, vcpus, memory_mb: memoryMb };
    const answer = await this.#transport.send(
      { method: "POST", path: "sessions", body, retriesFullPool: true, lingerMs: CLOSE_TIMEOUT_MS },
      signal,
    );
    const session = answer.status === 201 ? sessionSchema().safeParse(answer.json).data : undefined;
    if (signal.aborted) {
      if (session !== undefined) await this.closeSession(session.session_id).catch(() => {});
      throw abortError(signal);
    }
    if (session === undefined) throw answerError(answer, { action: `Cannot create a session of "${image}"`, image });
    const { session_id, container_id, ip } = session;
    return { sessionId: session_id, containerId: container_id, ip: ip ?? "", image };
  }

  /**
   * Closes a session. Answers false if the server did not know it, which is how one that was closed before looks.
   *
   * @throws {FlowError} `unavailable`, `timeout`
   */
  async closeSession(sessionId: string, signal: AbortSignal = new AbortController().signal): Promise<boolean> {
    const path = `sessions/${encodeURIComponent(sessionId)}`;
    const answer = await this.#transport.send({ method: "DELETE", path, timeoutMs: CLOSE_TIMEOUT_MS }, signal);
    if (answer.status === 404) return false;
    // The server closes the VM, then crashes over it and answers an empty 500.
    if (answer.status === 200 || (answer.status === 500 && answer.text === "")) return true;
    throw answerError(answer, { action: `Cannot close session "${sessionId}"` });
  }

  /** Ends a command of a session that whoever started it cannot end any more. @throws {FlowError} `unavailable`, ... */
  async endCommand(sessionId: string, runId: string, signal: AbortSignal): Promise<void> {
    await endInSession(this.#transport, sessionId, runId, signal);
  }

  /** Runs `work` in a session that is closed afterwards, whatever happens. */
  async withSession<T>(
    spec: ZypiSessionSpec,
    signal: AbortSignal,
    work: (session: ZypiSession) => Promise<T>,
  ): Promise<T> {
    const session = await this.createSession(spec, signal);
    try {
      return await work(session);
    } finally {
      // That it could not be closed must not hide how the work ended; the server closes it after 300 s.
      await this.closeSession(session.sessionId).catch(() => {});
    }
  }

  /** Whether a Zypi server answers there, and which images it has. @throws {FlowError} `unavailable`, `timeout` */
  async check(signal: AbortSignal): Promise<{ images: string[] }> {
    const health = await this.#transport.send({ method: "GET", path: "health", timeoutMs: 5000 }, signal);
    if (health.status !== 200 || !timestampSchema().safeParse(health.json).success) {
      throw new FlowError("unavailable", `"${this.#transport.host}" is not a Zypi server`, {
        hint: "Check the address and the port.",
      });
    }
    return { images: await this.#listImages(signal) };
  }

  async #listImages(signal: AbortSignal): Promise<string[]> {
    const { json } = await this.#transport.send({ method: "GET", path: "images", timeoutMs: 5000 }, signal);
    const images = typeof json === "object" && json !== null && "images" in json ? json.images : [];
    return Array.isArray(images) ? images.map(String) : [];
  }
}
