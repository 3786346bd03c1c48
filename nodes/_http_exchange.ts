import { FlowError } from "../engine/errors.ts";
import { publicAddress, type RequestPlan } from "./_http_request_plan.ts";

/** As many as fetch itself follows. */
const MAX_REDIRECTS = 20;
const REDIRECT_STATUSES: readonly number[] = [301, 302, 303, 307, 308];

/** Nobody but the origin that they were meant for may see these. */
const CREDENTIAL_HEADERS = ["authorization", "cookie", "proxy-authorization"];
const BODY_HEADERS = ["content-type", "content-length", "content-encoding", "content-language", "content-location"];

/**
 * Sends a request and follows redirects by the rules of the Fetch standard: 303 turns into GET, as do 301 and 302 after
 * POST; credentials are not sent to another origin.
 *
 * @throws {FlowError} `connection_failed`
 */
export async function exchange(plan: RequestPlan, followRedirects: boolean, signal: AbortSignal): Promise<Response> {
  let current = plan;
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await send(current, signal);
    const location = response.headers.get("location");
    if (!followRedirects || location === null || !REDIRECT_STATUSES.includes(response.status)) return response;
    await response.body?.cancel();
    current = redirect(current, response.status, location);
  }
  throw new FlowError(
    "connection_failed",
    `Cannot reach "${publicAddress(plan.url)}": more than ${MAX_REDIRECTS} redirects`,
    {
      hint: "Check whether the address redirects to itself.",
      retryable: false,
    },
  );
}

async function send({ url, method, headers, body }: RequestPlan, signal: AbortSignal): Promise<Response> {
  try {
    return await fetch(url, { method, headers, body, redirect: "manual", signal });
  } catch (error) {
    throw signal.aborted ? error : connectionError(url, error);
  }
}

/** Says which host failed and why. */
export function connectionError(url: URL, thrown: unknown): FlowError {
  const reason = reasonOf(thrown);
  if (NO_TLS.test(reason)) {
    return new FlowError("connection_failed", `Cannot reach "${url.host}": it does not speak TLS on this port`, {
      hint: "Start the url with http://, or use the port for https.",
      cause: thrown,
    });
  }
  return new FlowError("connection_failed", `Cannot reach "${url.host}": ${reason}`, {
    hint: hintOf(reason),
    cause: thrown,
  });
}

/** Says whose answer broke off or cannot be decoded. */
export function bodyError(url: URL, thrown: unknown): FlowError {
  const reason = reasonOf(thrown);
  if (CUT_OFF.test(reason)) {
    return new FlowError("connection_failed", `Cannot read the answer of "${url.host}": it was cut off`, {
      hint: "Set a retry_policy, or check why the server or a proxy closes the connection.",
      cause: thrown,
    });
  }
  return new FlowError("connection_failed", `Cannot read the answer of "${url.host}": ${reason}`, {
    hint: "Check whether the server's body fits its headers, such as content-encoding.",
    cause: thrown,
  });
}

/** What the runtime says when the other side answers a TLS handshake with anything else. */
const NO_TLS = /InvalidContentType|wrong version number/i;
/** What it says when a connection is closed within a body. */
const CUT_OFF = /reading a body|connection closed|connection reset|unexpected end|terminated|other side closed/i;

function redirect(plan: RequestPlan, status: number, location: string): RequestPlan {
  const url = URL.parse(location, plan.url);
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new FlowError(
      "connection_failed",
      `Cannot follow the redirect from "${publicAddress(plan.url)}" to "${location}"`,
      {
        hint: "Set follow_redirects to false to get the answer itself.",
        retryable: false,
      },
    );
  }
  const headers = new Headers(plan.headers);
  if (url.origin !== plan.url.origin) CREDENTIAL_HEADERS.forEach((name) => headers.delete(name));
  const becomesGet = status === 303 ? plan.method !== "HEAD" : status < 303 && plan.method === "POST";
  if (!becomesGet) return { ...plan, url, headers };
  BODY_HEADERS.forEach((name) => headers.delete(name));
  return { method: "GET", url, headers, body: null };
}

/** The innermost cause tells the most; what wraps it repeats the address, with its query. */
function reasonOf(thrown: unknown): string {
  let error = thrown;
  while (error instanceof Error && error.cause instanceof Error) error = error.cause;
  // Node tries all addresses of a host, and tells of each.
  if (error instanceof AggregateError && error.message === "") error = error.errors[0];
  const message = error instanceof Error ? error.message : String(error);
  const reason = message.replace(/^error sending request (for url|from) .*?\): /, "").replace(
    /^client error \(\w+\): /,
    "",
  );
  return reason.replace(/ \(os error \d+\)$/, "");
}

/** A hint is all that depends on the wording of a runtime's message. */
function hintOf(reason: string): string {
  if (/refused/i.test(reason)) return "Check that the server runs, and the port.";
  if (/dns|lookup|resolve|ENOTFOUND/i.test(reason)) return "Check the host name, and that this machine can resolve it.";
  if (/certificate|tls|ssl/i.test(reason)) {
    return "Check the server's certificate, and which authorities are trusted here.";
  }
  if (/blocked|bad port/i.test(reason)) {
    return "Use another port: fetch refuses this one (https://fetch.spec.whatwg.org/#port-blocking).";
  }
  return "Check that the server runs and speaks HTTP on this port.";
}
