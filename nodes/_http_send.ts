import { abortError, systemClock } from "../engine/clock.ts";
import { FlowError } from "../engine/errors.ts";
import type { Value, Values } from "../engine/value.ts";
import { parseBody, readBody, readUpTo } from "./_http_body.ts";
import { bodyError, connectionError, exchange } from "./_http_exchange.ts";
import { planRequest, publicAddress, type RequestPlan } from "./_http_request_plan.ts";
import type { HttpRequestContext } from "./http_request.ts";

/** How much of an error's body is quoted. */
const MAX_QUOTED_CHARS = 500;
/** Client errors that may go away by themselves: request timeout, too early, too many requests. */
const RETRYABLE_CLIENT_ERRORS: readonly number[] = [408, 425, 429];

/** One attempt of `http.request`. */
export async function sendRequest(ctx: HttpRequestContext): Promise<Values> {
  if (ctx.signal.aborted) throw abortError(ctx.signal);
  const { config, inputs } = ctx;
  const plan = planRequest({
    method: config.method,
    url: inputs.url ?? config.url,
    query: config.query,
    headers: [config.headers, inputs.headers ?? {}],
    body: inputs.body !== undefined ? inputs.body : config.body,
  });
  return await withinLimits(ctx, plan, (signal) => perform(ctx, plan, signal));
}

async function perform({ config }: HttpRequestContext, plan: RequestPlan, signal: AbortSignal): Promise<Values> {
  const response = await exchange(plan, config.follow_redirects, signal);
  if (config.fail_on_status && response.status >= 400) throw await statusError(plan, response);
  const bytes = await readBody(response, config.max_body_bytes).catch((error) => {
    throw error instanceof FlowError ? error : bodyError(plan.url, error);
  });
  return {
    status: response.status,
    headers: headersToValues(response.headers),
    body: parseBody(bytes, response.headers.get("content-type"), config.parse),
  };
}

/** Runs `work` with a signal that aborts on cancel and on timeout, and says which of them it was. */
async function withinLimits(
  ctx: HttpRequestContext,
  plan: RequestPlan,
  work: (signal: AbortSignal) => Promise<Values>,
): Promise<Values> {
  const controller = new AbortController();
  const onAbort = () => controller.abort(abortError(ctx.signal));
  const clearTimer = systemClock.setTimer(ctx.config.timeout * 1000, () => {
    controller.abort(
      new FlowError("timeout", `"${plan.url.host}" did not answer within ${ctx.config.timeout} s`, {
        hint: "Raise timeout, or check the server.",
      }),
    );
  });
  ctx.signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await work(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) throw abortError(controller.signal);
    throw error instanceof FlowError ? error : connectionError(plan.url, error);
  } finally {
    clearTimer();
    ctx.signal.removeEventListener("abort", onAbort);
  }
}

async function statusError({ method, url }: RequestPlan, response: Response): Promise<FlowError> {
  const { status, statusText, headers } = response;
  // The status tells more than why its explanation cannot be read.
  const { bytes } = await readUpTo(response, MAX_QUOTED_CHARS * 4).catch(() => ({ bytes: new Uint8Array() }));
  const body = new TextDecoder().decode(bytes).slice(0, MAX_QUOTED_CHARS);
  const retryAfterMs = retryDelayMs(headers.get("retry-after"));
  const details: Record<string, Value> = { status, body };
  if (retryAfterMs !== undefined) details["retry_after_ms"] = retryAfterMs;
  return new FlowError(
    "http_status",
    `${method} "${publicAddress(url)}" answered ${`${status} ${statusText}`.trim()}`,
    {
      hint: hintOf(status),
      details,
      retryable: status >= 500 || RETRYABLE_CLIENT_ERRORS.includes(status),
    },
  );
}

/** `Retry-After` is a number of seconds or a date (RFC 9110, 10.2.3). */
function retryDelayMs(header: string | null): number | undefined {
  if (header === null) return undefined;
  const ms = /^\d+$/.test(header) ? Number(header) * 1000 : Date.parse(header) - Date.now();
  return Number.isFinite(ms) ? Math.max(0, ms) : undefined;
}

function hintOf(status: number): string {
  if (status === 401 || status === 403) return "Check the credentials in headers.";
  if (status === 404) return "Check the url.";
  if (status === 429) return "Send fewer requests, or set a retry_policy.";
  if (status >= 500) return "Set a retry_policy, or check the server.";
  return "Read the answer in details.body, or set fail_on_status to false to handle it.";
}

function headersToValues(headers: Headers): Values {
  const values: Values = Object.fromEntries(headers);
  const cookies = headers.getSetCookie();
  if (cookies.length > 0) values["set-cookie"] = cookies;
  return values;
}
