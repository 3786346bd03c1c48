import { isParsedInFull } from "./json_keys.ts";
import { MAX_DOCUMENT_DEPTH, openParsedJson, readJson } from "./json_source.ts";
import { isPlainObject } from "./plain.ts";
import { emptyIssue, LineIndex, type SourceDocument, syntaxIssue, unreadable } from "./source.ts";

/** What is longer is no document; measured in bytes, or characters of a text. */
export const MAX_DOCUMENT_BYTES = 64 * 1024 * 1024;

/** A line that says null, in a text that is read as null. */
const WRITTEN_NULL = /^\s*(?:---\s+)?(?:null|~)(?![^\s#/])/im;

/** What is known of a document's format. */
export interface SourceHints {
  filename?: string;
  format?: "json" | "yaml";
}

/**
 * Reads a text, bytes or plain data. JSON without comments takes the short way of `JSON.parse`, unless there is
 * something in it that only a slower reader can tell.
 */
export function openSource(source: unknown, hints: SourceHints): Promise<SourceDocument> {
  if (source instanceof Uint8Array) return openBytes(source, hints);
  if (typeof source === "string") return openText(source, hints);
  return Promise.resolve({ raw: documentOf(source), issues: [], locate: (paths) => paths.map(() => undefined) });
}

/** What turns itself into a document, as a workflow does that was built in TypeScript. */
function documentOf(source: unknown): unknown {
  if (typeof source !== "object" || source === null || !("toJSON" in source)) return source;
  return typeof source.toJSON === "function" ? source.toJSON() : source;
}

async function openBytes(bytes: Uint8Array, hints: SourceHints): Promise<SourceDocument> {
  if (bytes.length > MAX_DOCUMENT_BYTES) return tooLarge();
  const [first, second] = bytes;
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) return notUtf8("is UTF-16");
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return notUtf8("has bytes that are not UTF-8");
  }
  return await openText(text, hints);
}

async function openText(source: string, hints: SourceHints): Promise<SourceDocument> {
  if (source.length > MAX_DOCUMENT_BYTES) return tooLarge();
  const text = source.startsWith("\ufeff") ? source.slice(1) : source;
  const nul = text.indexOf("\0");
  if (nul >= 0) {
    const hint = "Check that it is a text file.";
    return unreadable(syntaxIssue("invalid_encoding", "Document has a NUL byte", new LineIndex(text).at(nul), hint));
  }
  if (text.trim() === "") return unreadable(emptyIssue());
  const document = (hints.format ?? formatOf(hints.filename, text)) === "json" ? openJson(text) : await openYaml(text);
  const isEmpty = document.raw === null && document.issues.length === 0 && !WRITTEN_NULL.test(text);
  return isEmpty ? unreadable(emptyIssue()) : document;
}

function openJson(text: string): SourceDocument {
  try {
    return openParsed(text, JSON.parse(text));
  } catch {
    return readJson(text);
  }
}

/** What was lost in parsing only the slower reader can tell. */
function openParsed(text: string, raw: unknown): SourceDocument {
  return isParsedInFull(text, raw, MAX_DOCUMENT_DEPTH) ? openParsedJson(text, raw) : readJson(text);
}

async function openYaml(text: string): Promise<SourceDocument> {
  // YAML contains JSON, and reading that as such is fifty times faster.
  const raw = parseEmbeddedJson(text);
  if (raw !== undefined) return openParsed(text, raw);
  const { readYaml } = await import("./yaml_source.ts");
  return await readYaml(text);
}

/** The object that a YAML text is if it is JSON; undefined if it is not. */
export function parseEmbeddedJson(text: string): Record<string, unknown> | undefined {
  if (!text.trimStart().startsWith("{")) return undefined;
  try {
    const raw: unknown = JSON.parse(text);
    return isPlainObject(raw) ? raw : undefined;
  } catch {
    return undefined;
  }
}

/** The format of a text, by the extension of its file or else by how it begins. */
export function formatOf(filename: string | undefined, text: string): "json" | "yaml" {
  const extension = /\.([a-z]+)$/i.exec(filename ?? "")?.[1]?.toLowerCase();
  if (extension === "yaml" || extension === "yml") return "yaml";
  if (extension === "json" || extension === "jsonc") return "json";
  return /^\s*([{[]|\/[/*])/.test(text) ? "json" : "yaml";
}

function tooLarge(): SourceDocument {
  const hint = "Move large data into files that nodes read.";
  return unreadable(syntaxIssue("too_large", "Document is larger than 64 MiB", undefined, hint));
}

function notUtf8(state: string): SourceDocument {
  return unreadable(syntaxIssue("invalid_encoding", `Document ${state}`, undefined, "Save it as UTF-8."));
}
