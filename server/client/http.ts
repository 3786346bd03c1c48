import { FlowError, isErrorCode } from "../../engine/errors.ts";
import { type Issue, WorkflowError } from "../../engine/issue.ts";
import { isPlainObject } from "../../engine/plain.ts";
import type { ConnectOptions } from "./options.ts";

const DEFAULT_TIMEOUT_MS = 30_000;

/** One request. */
export interface HttpCall {
  method?: "GET" | "POST" | "PUT" | "DELETE";
  /** From the root of the server, such as `/api/nodes`. */
  path: string;
  /** Those that are undefined are left out. */
  query?: Readonly<Record<string, string | number | boolean | undefined>> | undefined;
  headers?: Readonly<Record<string, string>> | undefined;
  /** Sent as JSON. */
  body?: unknown;
  signal?: AbortSignal | undefined;
  /** Default: that of the client; Infinity: none. */
  timeoutMs?: number | undefined;
}

/** Sends requests to one server, and makes FlowErrors of all that goes wrong. */
export class HttpClient {
  /** Without a slash at its end. */
  readonly url: string;
  readonly #token: string | undefined;
  readonly #timeoutMs: number;
  readonly #signal: AbortSignal | undefined;

  /** @throws {FlowError} `invalid_argument` if `url` is none */
  constructor(url: string | URL, { token, timeoutMs, signal }: ConnectOptions) {
    this.url = checkUrl(String(url));
    this.#token = token;
    this.#timeoutMs = timeoutMs ?? DEFAULT_TIMEOUT_MS;
    this.#signal = signal;
  }

  /** The JSON of the answer; undefined if it has none. */
  async json<T>(call: HttpCall): Promise<T> {
    const { text } = await this.read(call);
    try {
      return (text === "" ? undefined : JSON.parse(text)) as T;
    } catch (error) {
      throw new FlowError("unavailable", `Cannot read the answer of "${this.url}": it is no JSON`, {
        hint: "Check that the address is that of a flow server.",
        cause: error,
      });
    }
  }

  /** The whole answer, within the time that a request may take. */
  async read(call: HttpCall): Promise<{ text: string; headers: Headers }> {
    const timeout = this.#startTimer(call.timeoutMs ?? this.#timeoutMs);
    const signal = joinSignals([call.signal, timeout.signal]) ?? undefined;
    try {
      const response = await this.open({ ...call, signal, timeoutMs: Infinity });
      return { text: await response.text(), headers: response.headers };
    } catch (error) {
      throw this.#translate(error, call);
    } finally {
      timeout.stop();
    }
  }

  /** The answer as soon as it begins, if it is a good one. Its body has to be read or cancelled. */
  async open(call: HttpCall): Promise<Response> {
    const { method = "GET", path, query = {}, body } = call;
    const address = new URL(`${this.url}${path}`);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) address.searchParams.set(name, String(value));
    }
    const timeout = this.#startTimer(call.timeoutMs ?? this.#timeoutMs);
    try {
      const response = await fetch(address, {
        method,
        headers: this.#headers(call),
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: joinSignals([call.signal, this.#signal, timeout.signal]),
      });
      if (!response.ok) throw await readError(response, `${method} "${path}"`);
      return response;
    } catch (error) {
      throw this.#translate(error, call);
    } finally {
      timeout.stop();
    }
  }

  #headers({ headers, body }: HttpCall): Record<string, string> {
    return {
      Accept: "application/json",
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(this.#token === undefined ? {} : { Authorization: `Bearer ${this.#token}` }),
      ...headers,
    };
  }

  #startTimer(ms: number): { signal: AbortSignal | undefined; stop: () => void } {
    if (ms === Infinity) return { signal: undefined, stop: () => {} };
    const controller = new AbortController();
    const timer = setTimeout(() => {
      controller.abort(
        new FlowError("timeout", `Cannot get an answer from "${this.url}": it took longer than ${ms} ms`, {
          hint: "Try again, or allow more time with timeoutMs.",
        }),
      );
    }, ms);
    return { signal: controller.signal, stop: () => clearTimeout(timer) };
  }

  #translate(thrown: unknown, { signal }: HttpCall): FlowError {
    if (thrown instanceof FlowError) return thrown;
    if (signal?.aborted || this.#signal?.aborted) return new FlowError("cancelled", "Cancelled", { cause: thrown });
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return new FlowError("unavailable", `Cannot reach "${this.url}": ${reason}`, {
      hint: 'Check the address, and that "flow serve" runs there.',
      cause: thrown,
    });
  }
}

function checkUrl(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol === "http:" || parsed?.protocol === "https:") {
    return `${parsed.origin}${parsed.pathname}`.replace(/\/+$/, "");
  }
  throw new FlowError("invalid_argument", `Cannot use "${url}" as a server: it is no address`, {
    hint: "Write it like http://127.0.0.1:3000.",
  });
}

/** One that aborts as soon as one of them does; null if there is none. */
export function joinSignals(signals: readonly (AbortSignal | undefined)[]): AbortSignal | null {
  const given = signals.filter((signal) => signal !== undefined);
  const [only] = given;
  return given.length > 1 ? AbortSignal.any(given) : only ?? null;
}

/** The error that an answer tells. */
async function readError(response: Response, request: string): Promise<FlowError> {
  const text = await response.text().catch(() => "");
  const { error, code, hint, issues } = readObject(text);
  if (typeof error === "string" && typeof code === "string" && isErrorCode(code)) {
    if (isWorkflowCode(code) && Array.isArray(issues)) return new WorkflowError(code, issues as Issue[]);
    return new FlowError(code, error, { hint: typeof hint === "string" ? hint : undefined });
  }
  const { status } = response;
  const message = typeof error === "string" ? error : `The server answered ${status} to ${request}`;
  return new FlowError(codeOfStatus(status), message, {
    hint: "Check that the address is that of a flow server of this version.",
  });
}

function readObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return isPlainObject(value) ? value : {};
  } catch {
    return {};
  }
}

function isWorkflowCode(code: string): code is "invalid_document" | "invalid_workflow" {
  return code === "invalid_document" || code === "invalid_workflow";
}

/** For answers that are not the server's own, such as those of a proxy. */
function codeOfStatus(status: number) {
  if (status === 401) return "unauthenticated";
  if (status === 403) return "forbidden";
  if (status === 404) return "not_found";
  if (status === 409) return "conflict";
  if (status === 413) return "too_large";
  if (status === 429) return "rate_limited";
  return status < 500 ? "invalid_argument" : "unavailable";
}
