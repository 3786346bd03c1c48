import * as z from "zod";
import { abortError, systemClock } from "../../engine/clock.ts";
import { FlowError } from "../../engine/errors.ts";
import type { HttpConnection, Platform } from "../../platform/types.ts";
import { DockerAnswerError } from "./answer_error.ts";
import { type AttachedStream, openAttachedStream } from "./attached_stream.ts";
import type { DockerHost } from "./host.ts";

/** The newest version whose rules this client knows. An older engine is asked in its own version. */
const NEWEST_VERSION = "1.47";
/** For calls that answer at once; a busy disk may take its time. */
const CALL_TIMEOUT_MS = 60_000;
const MAX_ERROR_CHARS = 2000;
const MAX_LINE_CHARS = 16 * 1024 * 1024;

/** What to ask the engine for. */
export interface EngineRequest {
  query?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it is. */
  bytes?: Uint8Array<ArrayBuffer>;
  headers?: Readonly<Record<string, string>>;
  /** Aborts the request; its reason is thrown. */
  signal?: AbortSignal;
  /** How long the answer may take; default 60 s. `Infinity`: as long as it takes. */
  timeoutMs?: number;
}

/**
 * Talks to one Docker engine ({@link https://docs.docker.com/reference/api/engine/}). Calls throw
 * {@link DockerAnswerError} for what the engine refuses, and a FlowError (`unavailable`, `timeout`) for what does not
 * reach it.
 */
export class EngineClient {
  readonly host: DockerHost;
  readonly #platform: Platform;
  readonly #http: HttpConnection;
  /** Versions by the names of hosts; shared by all clients, so that each engine is asked once. */
  readonly #versions: Map<string, string>;

  constructor(platform: Platform, host: DockerHost, versions: Map<string, string> = new Map()) {
    this.#platform = platform;
    this.host = host;
    this.#versions = versions;
    this.#http = platform.openHttp(host.address);
  }

  close(): void {
    this.#http.close();
  }

  /** The body of an answer, checked against `schema`. */
  async call<T>(method: string, path: string, schema: z.ZodType<T>, request: EngineRequest = {}): Promise<T> {
    return await this.#within(request, async (signal) => {
      const response = await this.#send(method, path, request, signal);
      const parsed = schema.safeParse(await response.json());
      if (parsed.success) return parsed.data;
      throw new DockerAnswerError(response.status, `an answer that makes no sense: ${z.prettifyError(parsed.error)}`);
    });
  }

  /** For calls whose answer does not matter as long as it is no error. */
  async act(method: string, path: string, request: EngineRequest = {}): Promise<void> {
    await this.#within(request, async (signal) => {
      const response = await this.#send(method, path, request, signal);
      await response.body?.cancel();
    });
  }

  /** Hands each JSON value of an answer that has one per line to `take`; what `take` throws ends it. */
  async stream(method: string, path: string, request: EngineRequest, take: (value: unknown) => void): Promise<void> {
    await this.#within({ timeoutMs: Infinity, ...request }, async (signal) => {
      const { body } = await this.#send(method, path, request, signal);
      let pending = "";
      for await (const text of body?.pipeThrough(new TextDecoderStream()) ?? []) {
        const lines = (pending + text).split("\n");
        pending = lines.pop() ?? "";
        if (pending.length > MAX_LINE_CHARS) throw new DockerAnswerError(200, "a line of its answer has no end");
        for (const line of lines) if (line.trim() !== "") take(JSON.parse(line));
      }
      if (pending.trim() !== "") take(JSON.parse(pending));
    });
  }

  /** A connection to the standard streams of a container. */
  async attach(id: string, hasStdin: boolean, signal: AbortSignal): Promise<AttachedStream> {
    const query = `stream=1&stdout=1&stderr=1${hasStdin ? "&stdin=1" : ""}`;
    return await this.#within({ signal }, async (signal) => {
      const path = `${await this.#prefix(signal)}/containers/${id}/attach?${query}`;
      return await openAttachedStream(await this.#platform.connect(this.host.address), path, signal);
    });
  }

  /** Refuses to be asked in a version that it does not speak; so its own is asked for first. */
  async #prefix(signal: AbortSignal): Promise<string> {
    let version = this.#versions.get(this.host.name);
    if (version === undefined) {
      const response = await this.#http.fetch("/_ping", { signal });
      await response.body?.cancel();
      if (!response.ok) throw noEngine(this.host, response.status);
      version = olderVersion(response.headers.get("api-version") ?? NEWEST_VERSION, NEWEST_VERSION);
      this.#versions.set(this.host.name, version);
    }
    return `/v${version}`;
  }

  async #send(method: string, path: string, request: EngineRequest, signal: AbortSignal): Promise<Response> {
    const query = new URLSearchParams(request.query).toString();
    const { body, bytes = null } = request;
    const response = await this.#http.fetch(`${await this.#prefix(signal)}${path}${query === "" ? "" : `?${query}`}`, {
      method,
      headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...request.headers },
      body: body === undefined ? bytes : JSON.stringify(body),
      signal,
    });
    if (response.ok || response.status === 304) return response;
    throw new DockerAnswerError(response.status, await readMessage(response));
  }

  /** Runs `work` with a signal that aborts on time and with that of the request, and says what went wrong. */
  async #within<T>(request: EngineRequest, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const { signal, timeoutMs = CALL_TIMEOUT_MS } = request;
    if (signal?.aborted) throw abortError(signal);
    const controller = new AbortController();
    const onAbort = () => controller.abort(abortError(signal));
    signal?.addEventListener("abort", onAbort, { once: true });
    const stopTimer = timeoutMs === Infinity
      ? () => {}
      : systemClock.setTimer(timeoutMs, () => controller.abort(this.#timeoutError(timeoutMs)));
    try {
      return await work(controller.signal);
    } catch (error) {
      if (controller.signal.aborted) throw abortError(controller.signal);
      throw error instanceof FlowError || error instanceof DockerAnswerError ? error : await this.#diagnose(error);
    } finally {
      stopTimer();
      signal?.removeEventListener("abort", onAbort);
    }
  }

  #timeoutError(timeoutMs: number): FlowError {
    return new FlowError("unavailable", `Docker at "${this.host.name}" did not answer within ${timeoutMs / 1000} s`, {
      hint: "Check the health of the Docker engine and its machine.",
    });
  }

  /** What a plain connection says is clearer than the error of fetch. */
  async #diagnose(cause: unknown): Promise<FlowError> {
    this.#versions.delete(this.host.name);
    try {
      (await this.#platform.connect(this.host.address)).close();
    } catch (error) {
      if (error instanceof FlowError) return unreachable(this.host, error);
    }
    const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    return new FlowError("unavailable", `The connection to Docker at "${this.host.name}" broke off: ${reason}`, {
      hint: "Check whether the Docker engine was stopped or restarted.",
      cause,
    });
  }
}

function noEngine({ name }: DockerHost, status: number): FlowError {
  return new FlowError("unavailable", `Cannot reach Docker at "${name}": what is there answers ${status} to /_ping`, {
    hint: "Correct its address in host or DOCKER_HOST, or read the log of the Docker engine.",
  });
}

/** Why there is no Docker to talk to, for people. */
export function unreachable(host: DockerHost, cause: FlowError): FlowError {
  const state = cause.message.slice(cause.message.indexOf('": ') + 3);
  return new FlowError("unavailable", `Cannot reach Docker at "${host.name}": ${state}`, {
    hint: hintOf(cause),
    cause,
  });
}

function hintOf({ code }: FlowError): string {
  if (code === "not_found") return "Install and start Docker, or name its address in host or DOCKER_HOST.";
  if (code === "unavailable") return "Add your user to the group docker, or run flow as root.";
  return "Start Docker, or correct its address in host or DOCKER_HOST.";
}

async function readMessage(response: Response): Promise<string> {
  const text = (await response.text()).slice(0, MAX_ERROR_CHARS);
  try {
    const { message } = z.object({ message: z.string() }).parse(JSON.parse(text));
    return message.trim();
  } catch {
    return text.trim() || `${response.status} ${response.statusText}`;
  }
}

function olderVersion(a: string, b: string): string {
  const number = (version: string) => Number(version.split(".")[0]) * 10_000 + Number(version.split(".")[1] ?? 0);
  return number(a) < number(b) ? a : b;
}
