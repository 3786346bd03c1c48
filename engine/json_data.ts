import { encodeBase64 } from "./base64.ts";
import { FlowError } from "./errors.ts";
import { formatPath, type Path } from "./issue.ts";
import { isPlainObject, nameForeign, setOwn } from "./plain.ts";
import type { Json } from "./wire.ts";

/**
 * Raw data as JSON can hold it: bytes become `{"$bytes": "<base64>"}`, what is undefined is left out.
 *
 * @throws {FlowError} `invalid_document` for what has no place in JSON, such as infinity or a function
 */
export function toJsonData(raw: unknown, path: Path): Json {
  if (raw === null || typeof raw === "string" || typeof raw === "boolean") return raw;
  if (typeof raw === "number" && Number.isFinite(raw)) return raw;
  if (raw instanceof Uint8Array) return { $bytes: encodeBase64(raw) };
  if (Array.isArray(raw)) return raw.map((item, index) => toJsonData(item ?? null, [...path, index]));
  if (!isPlainObject(raw)) {
    const place = path.length === 0 ? "a value" : formatPath(path);
    throw new FlowError("invalid_document", `Cannot convert the document: ${place} is ${nameForeign(raw)}`, {
      hint: "Write it as text, or leave it out: JSON cannot hold it.",
    });
  }
  const data: { [key: string]: Json } = {};
  for (const key of Object.keys(raw)) {
    if (raw[key] !== undefined) setOwn(data, key, toJsonData(raw[key], [...path, key]));
  }
  return data;
}
