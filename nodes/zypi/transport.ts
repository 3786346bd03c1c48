import { abortError, sleep, systemClock } from "../../engine/clock.ts";
import { FlowError } from "../../engine/errors.ts";
import { readUpTo } from "../_http_body.ts";
import { connectionError } from "../_http_exchange.ts";

/** What the server answered. */
export interface ZypiAnswer {
  /** Of the server, for messages. */
  host: string;
  status: number;
  text: string;
  /** Undefined if it is not JSON. */
  json: unknown;
}

/** What to ask the server for. */
export interface ZypiRequest {
  method: "GET" | "POST" | "DELETE";
  /** Relative to the server's address. */
  path: string;
  body?: Readonly<Record<string, unknown>>;
  /** How long the server may take; default: what it may take to boot a VM. */
  timeoutMs?: number;
  /** Whether to try again while all VMs are taken. */
  retriesFullPool?: boolean;
  /** How long to wait for the answer after the signal has aborted, because it names what has to be cleaned up. */
  lingerMs?: number;
}

/** What the server reads of a request. */
const MAX_REQUEST_BYTES = 8_000_000;
/** More than any command may put out, six times for how control characters are written in JSON. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

/** Sends requests to one Zypi server. */
export class ZypiTransport {
  readonly #base: URL;
  readonly #retryDelaysMs: readonly number[];
  /** How long the server may take for what is not a command, such as booting a VM. */
  readonly graceMs: number;

  /** @throws {FlowError} `invalid_config` */
  constructor(url: string, options: { retryDelaysMs: readonly number[]; graceMs: number }) {
    const base = URL.parse(url.endsWith("/") ? url : `${url}/`);
    if (base === null || !/^https?:$/.test(base.protocol)) {
      throw new FlowError("invalid_config", `"${url}" is not the address of a Zypi server`, {
        hint: 'Write it as "http://host:4000".',
        retryable: false,
      });
    }
    this.#base = base;
    this.#retryDelaysMs = options.retryDelaysMs;
    this.graceMs = options.graceMs;
  }

  get host(): string {
    return this.#base.host;
  }

  /**
   * Sends a request; answers of all statuses are answers.
   *
   * @throws {FlowError} `unavailable`, `timeout`, `invalid_input` (too large), or the reason of `signal`
   */
  async send(request: ZypiRequest, signal: AbortSignal): Promise<ZypiAnswer> {
    for (const delayMs of request.retriesFullPool ? this.#retryDelaysMs : []) {
      const answer = await this.#sendOnce(request, signal);
      if (!isPoolExhausted(answer)) return answer;
      await sleep(systemClock, delayMs, signal);
    }
    return await this.#sendOnce(request, signal);
  }

  async #sendOnce(request: ZypiRequest, signal: AbortSignal): Promise<ZypiAnswer> {
    if (signal.aborted) throw abortError(signal);
    const { timeoutMs = this.graceMs, lingerMs = 0 } = request;
    const controller = new AbortController();
    const timers = [systemClock.setTimer(timeoutMs, () => controller.abort(this.#silence(timeoutMs)))];
    const give = () => controller.abort(abortError(signal));
    const onAbort = () => lingerMs > 0 ? timers.push(systemClock.setTimer(lingerMs, give)) : give();
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return await this.#fetch(request, controller.signal);
    } catch (error) {
      if (signal.aborted) throw abortError(signal);
      throw controller.signal.aborted ? abortError(controller.signal) : this.#explain(error);
    } finally {
      timers.forEach((clear) => clear());
      signal.removeEventListener("abort", onAbort);
    }
  }

  async #fetch({ method, path, body }: ZypiRequest, signal: AbortSignal): Promise<ZypiAnswer> {
    const url = new URL(path, this.#base);
    const bytes = body === undefined ? undefined : new TextEncoder().encode(JSON.stringify(body));
    if (bytes !== undefined && bytes.length > MAX_REQUEST_BYTES) throw tooLarge(bytes.length);
    const response = await fetch(url, {
      method,
      ...(bytes === undefined ? {} : { headers: { "content-type": "application/json" }, body: bytes }),
      redirect: "manual",
      signal,
    });
    const { bytes: answer, isCut } = await readUpTo(response, MAX_ANSWER_BYTES);
    if (isCut) throw new FlowError("output_too_large", `"${this.host}" answered more than ${MAX_ANSWER_BYTES} bytes`);
    const text = new TextDecoder().decode(answer);
    return { host: this.host, status: response.status, text, json: parseJson(text) };
  }

  #silence(timeoutMs: number): FlowError {
    return new FlowError("timeout", `Zypi at "${this.host}" did not answer within ${timeoutMs / 1000} s`, {
      hint: "Check whether the server hangs; it answers on /health.",
    });
  }

  #explain(thrown: unknown): FlowError {
    if (thrown instanceof FlowError) return thrown;
    const { message } = connectionError(this.#base, thrown);
    const reason = message.slice(message.indexOf('": ') + 3);
    return new FlowError("unavailable", `Cannot reach Zypi at "${this.host}": ${reason}`, {
      hint: "Start Zypi, or correct url.",
      cause: thrown,
    });
  }
}

function isPoolExhausted({ status, text }: ZypiAnswer): boolean {
  return status >= 400 && text.includes("pool_exhausted");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function tooLarge(bytes: number): FlowError {
  return new FlowError(
    "invalid_input",
    `Cannot send ${bytes} bytes of files and stdin: Zypi reads ${MAX_REQUEST_BYTES} bytes per request`,
    { hint: "Run it in a session, where files are sent in pieces, or let the command fetch them.", retryable: false },
  );
}
