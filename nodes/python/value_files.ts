import { FlowError } from "../../engine/errors.ts";
import type { Value, Values } from "../../engine/value.ts";
import type { Platform } from "../../platform/types.ts";

const FOLDER = "/home/flow/values";
const MAX_BYTES = 64 * 1024 * 1024;

/** Arguments of a function, and the files that they stand for, by their paths in a sandbox. */
export interface BroughtValues {
  inputs: Values;
  files: Map<string, Uint8Array>;
}

/**
 * Brings the files along that Python functions of this machine have passed on in the place of large values
 * (`{"$file": {path, sha256, bytes, kind}}`). Only what has the content that the reference tells, so that a forged one
 * opens no other file of this machine; all else stays as it is, and the function's worker says what is wrong with it.
 *
 * @throws {FlowError} `too_large` if they have more than 64 MiB together
 */
export async function bringValues(platform: Platform, inputs: Values): Promise<BroughtValues> {
  const files = new Map<string, Uint8Array>();
  const bring = async (value: Value): Promise<Value> => {
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
    if (Array.isArray(value)) return await bringList(value);
    const reference = readReference(value);
    if (reference === undefined) return await bringAll(value);
    const target = `${FOLDER}/${reference.sha256}`;
    if (!files.has(target)) {
      const bytes = await readContent(platform, reference);
      if (bytes === undefined) return value;
      files.set(target, bytes);
    }
    if (sizeOf(files) > MAX_BYTES) throw tooLarge();
    return { $file: { ...reference, path: target } };
  };
  // One after the other, so that no more of them are in memory than may be brought.
  const bringList = async (values: readonly Value[]): Promise<Value[]> => {
    const brought: Value[] = [];
    for (const value of values) brought.push(await bring(value));
    return brought;
  };
  const bringAll = async (values: Values): Promise<Values> => {
    const brought = await bringList(Object.values(values));
    return Object.fromEntries(Object.keys(values).map((name, index) => [name, brought[index] ?? null]));
  };
  return { inputs: await bringAll(inputs), files };
}

type Reference = { path: string; sha256: string; bytes: number };

function readReference(value: Values): Reference | undefined {
  const inner = Object.keys(value).length === 1 ? value["$file"] : undefined;
  if (typeof inner !== "object" || inner === null || Array.isArray(inner) || inner instanceof Uint8Array) {
    return undefined;
  }
  const { path, sha256, bytes } = inner;
  const isOne = typeof path === "string" && typeof sha256 === "string" && /^[0-9a-f]{64}$/.test(sha256) &&
    typeof bytes === "number";
  return isOne ? { ...inner, path, sha256, bytes } : undefined;
}

async function readContent(platform: Platform, { path, sha256, bytes }: Reference): Promise<Uint8Array | undefined> {
  const stat = await platform.stat(path).catch(() => undefined);
  if (stat?.isFile !== true) return undefined;
  if (bytes > MAX_BYTES) throw tooLarge();
  const content = await platform.readFile(path, MAX_BYTES).catch(() => undefined);
  if (content === undefined) return undefined;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return found === sha256 ? content : undefined;
}

function sizeOf(files: ReadonlyMap<string, Uint8Array>): number {
  return files.values().reduce((sum, { length }) => sum + length, 0);
}

function tooLarge(): FlowError {
  return new FlowError("too_large", "Cannot bring the values into the sandbox: they have more than 64 MiB", {
    hint: "Let the function fetch them, or let it run on this machine.",
    retryable: false,
  });
}
