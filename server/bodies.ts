import type { MiddlewareHandler } from "hono";
import { FlowError } from "../engine/errors.ts";
import { joinBytes } from "../engine/join_bytes.ts";
import type { ServerEnv } from "./env.ts";
import type { ServerLimits } from "./ports.ts";

/** The longest body, unless somebody wants another limit. */
export const DEFAULT_BODY_BYTES = 16 * 1024 * 1024;

/** Levels of brackets in a body; what reads it further on has limits of its own. */
const MAX_DEPTH = 1000;

/** Reads the body of a request, up to the limit, before anybody else does. */
export function limitBodies({ maxBodyBytes }: ServerLimits): MiddlewareHandler<ServerEnv> {
  return async (c, next) => {
    const { method, raw } = c.req;
    if (method === "GET" || method === "HEAD") return await next();
    const length = Number(c.req.header("content-length") ?? 0);
    if (length > maxBodyBytes) throw tooLarge(maxBodyBytes);
    const text = decodeText(await readUpTo(raw, maxBodyBytes));
    checkDepth(text);
    c.req.bodyCache.text = Promise.resolve(text) as never;
    await next();
  };
}

/** Stops reading at the limit, but does not cancel: that would end the connection before the answer is on its way. */
async function readUpTo({ body }: Request, maxBytes: number): Promise<Uint8Array> {
  if (body === null) return new Uint8Array();
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (let read = await readNext(reader); !read.done; read = await readNext(reader)) {
      length += read.value.length;
      if (length > maxBytes) throw tooLarge(maxBytes);
      chunks.push(read.value);
    }
  } finally {
    reader.releaseLock();
  }
  return joinBytes(chunks);
}

async function readNext(reader: ReadableStreamDefaultReader<Uint8Array>) {
  try {
    return await reader.read();
  } catch (cause) {
    throw new FlowError("cancelled", "Cannot read the body: the client has gone", { cause });
  }
}

function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new FlowError("invalid_argument", "Cannot read the body: it is not UTF-8", { hint: "Send it as UTF-8." });
  }
}

/** Counts brackets outside of strings, which is all that can nest in JSON. */
function checkDepth(text: string): void {
  let depth = 0;
  let isInString = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isInString) {
      if (code === BACKSLASH) i++;
      else if (code === QUOTE) isInString = false;
    } else if (code === QUOTE) isInString = true;
    else if (code === BRACKET || code === BRACE) {
      if (++depth > MAX_DEPTH) throw tooDeep();
    } else if (code === CLOSING_BRACKET || code === CLOSING_BRACE) depth--;
  }
}

const [QUOTE, BACKSLASH, BRACKET, CLOSING_BRACKET, BRACE, CLOSING_BRACE] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d];

function tooLarge(maxBytes: number): FlowError {
  return new FlowError("too_large", `Cannot read the body: it is larger than ${maxBytes} bytes`, {
    hint: "Move large data into files that nodes read, or start the server with a larger --max-body.",
  });
}

function tooDeep(): FlowError {
  return new FlowError("invalid_argument", `Cannot read the body: it is nested deeper than ${MAX_DEPTH} levels`, {
    hint: "Make it flatter, or pass it as text.",
  });
}
