import { encodeBase64 } from "../engine/base64.ts";
import { FlowError } from "../engine/errors.ts";
import type { Value } from "../engine/value.ts";
import { toJsonText } from "./_value.ts";

/** One HTTP request, ready to be sent. */
export interface RequestPlan {
  method: string;
  url: URL;
  headers: Headers;
  body: BodyInit | null;
}

/** What a request is made of. */
export interface RequestParts {
  method: string;
  url: string | undefined;
  query: Readonly<Record<string, QueryValue>>;
  /** Later ones win. */
  headers: readonly Readonly<Record<string, string>>[];
  body: Value | undefined;
}

/** A list makes the parameter appear several times. */
export type QueryValue = string | number | boolean | readonly (string | number | boolean)[];

/** @throws {FlowError} `invalid_input` for an address, header or body that cannot be sent */
export function planRequest(parts: RequestParts): RequestPlan {
  const method = parts.method.toUpperCase();
  const url = parseAddress(parts.url);
  const headers = mergeHeaders(parts.headers);
  if (url.username !== "" || url.password !== "") moveCredentials(url, headers);
  for (const [name, value] of Object.entries(parts.query)) {
    for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(name, String(one));
  }
  const body = encodeBody(parts.body, headers);
  if (body !== null && (method === "GET" || method === "HEAD")) {
    throw invalid(`Cannot send a body with ${method}`, "Use POST, PUT or PATCH, or pass the data as query.");
  }
  return { method, url, headers, body };
}

/** The address without what may be secret: credentials, query, fragment. */
export function publicAddress(url: URL): string {
  return `${url.origin}${url.pathname}`;
}

function parseAddress(text: string | undefined): URL {
  if (text === undefined || text === "") {
    throw invalid("Cannot send a request: there is no url", "Set url in the config, or connect the port url.");
  }
  const url = URL.parse(text);
  if (url === null) throw invalidAddress(text);
  if (url.protocol === "http:" || url.protocol === "https:") return url;
  throw invalid(
    `Cannot send a request to "${url.protocol}//${url.host}": only http and https are supported`,
    "Start the url with https:// or http://.",
  );
}

function mergeHeaders(sources: RequestParts["headers"]): Headers {
  const headers = new Headers();
  for (const source of sources) {
    for (const [name, value] of Object.entries(source)) {
      try {
        headers.set(name, value);
      } catch (cause) {
        // The value may be a secret.
        throw invalid(
          `Cannot send the header "${name}": its name or value has characters that are not allowed`,
          undefined,
          cause,
        );
      }
    }
  }
  return headers;
}

function invalidAddress(text: string): FlowError {
  const [shown = ""] = text.replace(/\/\/[^/?#]*@/, "//").split(/[?#]/);
  const refuse = (state: string, hint: string) => invalid(`Cannot send a request to "${shown}": ${state}`, hint);
  const host = /^https?:\/\/([^/]*)/i.exec(shown)?.[1];
  if (host === undefined) return refuse("it is not an absolute URL", "Start it with https:// or http://.");
  if (host === "") return refuse("it names no host", "Write the host name after //.");
  const port = /:(\d+)$/.exec(host)?.[1];
  if (Number(port) > 65_535) return refuse(`there is no port ${port}`, "Use a port up to 65535.");
  if (host.startsWith("[")) {
    return refuse(`"${host}" is no IPv6 address`, "Write it in brackets, such as http://[::1]:8080/.");
  }
  return refuse(`"${host}" is no host name`, "Check it for spaces and other characters that no host name has.");
}

/** `https://user:password@host` means basic authentication, but fetch refuses it. */
function moveCredentials(url: URL, headers: Headers): void {
  const pair = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  if (!headers.has("authorization")) {
    headers.set("authorization", `Basic ${encodeBase64(new TextEncoder().encode(pair))}`);
  }
  url.username = "";
  url.password = "";
}

function encodeBody(body: Value | undefined, headers: Headers): BodyInit | null {
  if (body === undefined || body === null) return null;
  const setType = (type: string) => {
    if (!headers.has("content-type")) headers.set("content-type", type);
  };
  if (typeof body === "string") {
    setType("text/plain;charset=UTF-8");
    return body;
  }
  if (body instanceof Uint8Array) {
    setType("application/octet-stream");
    return new Uint8Array(body);
  }
  setType("application/json");
  return toJsonText(body);
}

function invalid(message: string, hint?: string, cause?: unknown): FlowError {
  return new FlowError("invalid_input", message, { hint, retryable: false, cause });
}
