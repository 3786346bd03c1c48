import { FlowError } from "../engine/errors.ts";
import { joinBytes } from "../engine/join_bytes.ts";
import type { Value } from "../engine/value.ts";
import { isPortable } from "./_value.ts";

/** How a response's body becomes a value. */
export type BodyMode = "auto" | "json" | "text" | "bytes";

const JSON_TYPE = /^(application\/json|text\/json|[^/]+\/[^/]*\+json)$/;
const TEXT_TYPE = new RegExp(
  "^(text/.*|[^/]+/[^/]*\\+(xml|yaml)|application/" +
    "(xml|yaml|x-yaml|toml|javascript|ecmascript|graphql|sql|x-ndjson|jsonl|x-sh|x-www-form-urlencoded))$",
);

/**
 * Reads a body, at most `maxBytes` of it (after decompression).
 *
 * @throws {FlowError} `output_too_large`
 */
export async function readBody(response: Response, maxBytes: number): Promise<Uint8Array> {
  const announced = Number(response.headers.get("content-length") ?? 0);
  if (announced > maxBytes) {
    await response.body?.cancel();
    throw tooLarge(announced, maxBytes);
  }
  const body = await readUpTo(response, maxBytes);
  if (body.isCut) throw tooLarge(undefined, maxBytes);
  return body.bytes;
}

/** The first `maxBytes` of a body; the rest is not read. */
export async function readUpTo(response: Response, maxBytes: number): Promise<{ bytes: Uint8Array; isCut: boolean }> {
  const chunks: Uint8Array[] = [];
  let total = 0;
  // Leaving the loop early cancels the stream, which closes the connection.
  for await (const chunk of response.body ?? []) {
    chunks.push(chunk);
    total += chunk.length;
    if (total > maxBytes) break;
  }
  return { bytes: joinBytes(chunks).subarray(0, maxBytes), isCut: total > maxBytes };
}

/**
 * The value of a body: parsed JSON, text or bytes, by the content type unless `mode` says it. An empty JSON body is
 * null; a body that only claims to be JSON, or has numbers or a depth that no output may have, stays text in mode `auto`.
 *
 * @throws {FlowError} `invalid_output` in mode `json`
 */
export function parseBody(bytes: Uint8Array, contentType: string | null, mode: BodyMode): Value {
  const [type = "", ...parameters] = (contentType ?? "").toLowerCase().split(";").map((part) => part.trim());
  if (mode === "bytes") return bytes;
  if (mode === "json" || (mode === "auto" && JSON_TYPE.test(type))) return parseJsonBody(bytes, mode === "json");
  if (mode === "text" || TEXT_TYPE.test(type)) return decodeText(bytes, parameters);
  return type === "" ? decodeIfUtf8(bytes) ?? bytes : bytes;
}

function parseJsonBody(bytes: Uint8Array, isStrict: boolean): Value {
  const text = new TextDecoder().decode(bytes);
  if (text.trim() === "") return null;
  try {
    const value: Value = JSON.parse(text);
    return isStrict || isPortable(value) ? value : text;
  } catch (cause) {
    if (!isStrict) return text;
    throw new FlowError("invalid_output", "The answer is not JSON, as parse asks for", {
      hint: "Set parse to auto or text.",
      details: { body: text.slice(0, 500) },
      retryable: false,
      cause,
    });
  }
}

function decodeText(bytes: Uint8Array, parameters: readonly string[]): string {
  const charset = parameters.find((one) => one.startsWith("charset="))?.slice("charset=".length).replaceAll('"', "");
  try {
    return new TextDecoder(charset ?? "utf-8").decode(bytes);
  } catch {
    // A charset that nobody knows: what can be read is better than nothing.
    return new TextDecoder().decode(bytes);
  }
}

function decodeIfUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function tooLarge(bytes: number | undefined, maxBytes: number): FlowError {
  const size = bytes === undefined ? `more than ${maxBytes}` : `${bytes}`;
  return new FlowError("output_too_large", `The answer is too large: it has ${size} bytes, ${maxBytes} are allowed`, {
    hint: "Raise max_body_bytes, or ask for less.",
    retryable: false,
  });
}
