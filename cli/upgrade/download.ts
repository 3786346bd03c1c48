import { FlowError } from "../../engine/errors.ts";
import { bodyError, connectionError } from "../../nodes/_http_exchange.ts";

/** How a download is bounded. */
export interface DownloadLimits {
  readonly maxBytes: number;
  /** Ends it early: Ctrl-C. */
  readonly signal: AbortSignal;
  /** After so long without a byte it has failed; default: 30 seconds. */
  readonly silenceMs?: number | undefined;
}

/** The bytes of an answer as they come. */
export interface Download {
  /** Undefined if the server does not tell. */
  readonly length: number | undefined;
  readonly chunks: AsyncIterable<Uint8Array<ArrayBuffer>>;
}

const SILENCE_MS = 30_000;
const MAX_REDIRECTS = 5;

/**
 * Refuses addresses on whose way somebody could change what comes: all but https, and http within this machine. Nobody
 * outside, who is at `origin`, may lead us to what listens here.
 *
 * @throws {FlowError} `invalid_argument`
 */
export function checkAddress(url: URL, origin?: URL): void {
  const isHere = url.protocol === "http:" && isLoopback(url.hostname) && origin?.protocol !== "https:";
  if (url.protocol === "https:" || isHere) return;
  throw new FlowError("invalid_argument", `Cannot download from "${url.href}": only https is safe`, {
    hint: "Use an address that begins with https://.",
  });
}

function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/**
 * A small file in one piece.
 *
 * @throws {FlowError} `unavailable`, `not_found`, or `invalid_argument` if an address is not safe
 */
export async function downloadBytes(url: URL, limits: DownloadLimits): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const chunk of (await openDownload(url, limits)).chunks) parts.push(chunk);
  return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

/**
 * Begins to download; redirects are followed as far as they are safe. The chunks have to be read to their end, or the
 * loop over them left.
 *
 * @throws {FlowError} as {@link downloadBytes}; the chunks throw too
 */
export async function openDownload(url: URL, limits: DownloadLimits): Promise<Download> {
  const watch = new SilenceWatch(limits);
  try {
    const response = await follow(url, watch);
    const length = Number(response.headers.get("content-length") ?? NaN);
    if (length > limits.maxBytes) {
      await response.body?.cancel();
      throw tooLarge(url, limits.maxBytes);
    }
    return { length: Number.isNaN(length) ? undefined : length, chunks: readChunks(url, response, limits, watch) };
  } catch (error) {
    watch.stop();
    throw watch.explain(url, error, connectionError);
  }
}

async function follow(start: URL, watch: SilenceWatch): Promise<Response> {
  let url = start;
  checkAddress(url);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    watch.restart();
    const response = await fetch(url, { redirect: "manual", signal: watch.signal });
    const location = response.headers.get("location");
    if (response.status >= 300 && response.status < 400 && location !== null) {
      await response.body?.cancel();
      const target = new URL(location, url);
      checkAddress(target, url);
      url = target;
      continue;
    }
    if (response.ok) return response;
    await response.body?.cancel();
    throw statusError(url, response.status);
  }
  throw new FlowError("unavailable", `Cannot download "${start.href}": it redirects more than ${MAX_REDIRECTS} times`);
}

async function* readChunks(
  url: URL,
  response: Response,
  { maxBytes }: DownloadLimits,
  watch: SilenceWatch,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let received = 0;
  try {
    for await (const chunk of response.body ?? []) {
      watch.restart();
      received += chunk.length;
      if (received > maxBytes) throw tooLarge(url, maxBytes);
      yield chunk;
    }
  } catch (error) {
    throw watch.explain(url, error, bodyError);
  } finally {
    watch.stop();
  }
}

/** Aborts when nothing has come for a while, or when the caller wants it. */
class SilenceWatch {
  readonly #controller = new AbortController();
  readonly #outer: AbortSignal;
  readonly #silenceMs: number;
  readonly #onAbort = () => this.#controller.abort(this.#outer.reason);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isSilent = false;

  constructor({ signal, silenceMs = SILENCE_MS }: DownloadLimits) {
    this.#outer = signal;
    this.#silenceMs = silenceMs;
    if (signal.aborted) this.#onAbort();
    signal.addEventListener("abort", this.#onAbort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  restart(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#isSilent = true;
      this.#controller.abort();
    }, this.#silenceMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#outer.removeEventListener("abort", this.#onAbort);
  }

  /** What is behind an error of the network. */
  explain(url: URL, error: unknown, describe: (url: URL, error: unknown) => FlowError): unknown {
    if (this.#outer.aborted) return this.#outer.reason;
    if (error instanceof FlowError) return error;
    if (this.#isSilent) {
      return new FlowError("unavailable", `Cannot download "${url.href}": nothing came for ${this.#silenceMs} ms`, {
        hint: "Try again later.",
      });
    }
    const { message } = describe(url, error);
    return new FlowError("unavailable", message, {
      hint: "Check the network; HTTPS_PROXY names a proxy, DENO_TLS_CA_STORE=system trusts what this machine trusts.",
      cause: error,
    });
  }
}

function statusError(url: URL, status: number): FlowError {
  if (status === 404) {
    return new FlowError("not_found", `Cannot download "${url.href}": it is not there`, {
      hint: "Check the address of the releases (--releases or FLOW_RELEASES_URL).",
    });
  }
  return new FlowError("unavailable", `Cannot download "${url.href}": the server answered ${status}`, {
    hint: status === 407 ? "Give the proxy what it asks for: HTTPS_PROXY=http://USER:PASSWORD@HOST:PORT." : undefined,
  });
}

function tooLarge(url: URL, maxBytes: number): FlowError {
  return new FlowError("unavailable", `Cannot download "${url.href}": it is larger than ${maxBytes} bytes`, {
    hint: "Nothing was changed; check the address of the releases.",
    retryable: false,
  });
}
