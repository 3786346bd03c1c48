import { FlowError } from "../engine/errors.ts";
import type { CliContext } from "./context.ts";

let loads = 0;

/** Packages may have to be downloaded first. */
const LOAD_LIMIT_MS = 60_000;

/** How a module is loaded. */
export interface ImportOptions {
  /** Again if it was loaded before; what it imports is not. */
  readonly anew?: boolean | undefined;
  /** How long it may take. Default 60000. */
  readonly limitMs?: number | undefined;
}

/**
 * Loads a module of the user's, from any folder. `flowengine` and `zod`, if it imports them, are those of this program.
 *
 * @throws {FlowError} `invalid_document` if it cannot be read, fails while it loads, or takes too long
 */
export async function importUserModule(
  { platform }: CliContext,
  filename: string,
  path: string,
  { anew = false, limitMs = LOAD_LIMIT_MS }: ImportOptions = {},
): Promise<Record<string, unknown>> {
  const { pathToFileURL } = await import("node:url");
  try {
    // What user modules know as "flowengine". An executable contains only what is named in an import like this one.
    const flowengine = await import("../mod.ts");
    await platform.provideModules({ flowengine, zod: flowengine.z });
    return await withinLimit(import(`${pathToFileURL(path).href}${anew ? `?load=${++loads}` : ""}`), limitMs);
  } catch (cause) {
    if (cause instanceof LoadTooLong) throw tooLong(filename, limitMs);
    const own = cause instanceof FlowError ? cause.hint : undefined;
    const hint = own ?? (platform.isStandalone && !isOldModule(cause) ? BUNDLE : hintFor(cause, platform.name));
    throw new FlowError("invalid_document", `Cannot load "${filename}": ${reasonOf(cause)}`, { hint, cause });
  }
}

class LoadTooLong extends Error {}

/**
 * While a module awaits what never comes, there is nothing that keeps the program running: without the timer Node would
 * end it as if all were well, and Deno would call it an error of ours.
 */
async function withinLimit<T>(loading: Promise<T>, limitMs: number): Promise<T> {
  const { promise: over, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new LoadTooLong()), limitMs);
  try {
    return await Promise.race([loading, over]);
  } finally {
    clearTimeout(timer);
  }
}

function tooLong(filename: string, limitMs: number): FlowError {
  return new FlowError("invalid_document", `Cannot load "${filename}": it was not done after ${limitMs / 1000} s`, {
    hint: "Look for an await at its top level that never ends.",
  });
}

/** Executables read TypeScript since Deno 2.8.2, but packages only from within themselves. */
const BUNDLE = "Fix the module; packages that it imports have to be bundled into it, because flow has only its own.";

function hintFor(cause: unknown, runtime: "deno" | "node"): string {
  if (codeOf(cause) === "ERR_UNKNOWN_FILE_EXTENSION") {
    return "Use Node 22.18 or later, which reads TypeScript, or compile it to JavaScript.";
  }
  if (runtime === "deno" && isOldModule(cause)) {
    return "Write it as an ES module, with import and export: only flow on Node reads CommonJS.";
  }
  if (codeOf(cause) !== "ERR_MODULE_NOT_FOUND") return "Fix the module; --debug shows where it failed.";
  const where = runtime === "node" ? "from node_modules" : 'as "npm:NAME" if flow itself was started with --no-lock';
  return `Correct that line; all that flow exports, z included, comes from "flowengine", and packages come ${where}.`;
}

/** Whether a module is CommonJS that cannot be read: as an ES module, or without `flowengine`. */
function isOldModule(cause: unknown): boolean {
  if (codeOf(cause) === "MODULE_NOT_FOUND") return true;
  return cause instanceof ReferenceError && /^(require|module|exports) is not defined/.test(cause.message);
}

function codeOf(cause: unknown): unknown {
  return cause instanceof Error && "code" in cause ? cause.code : undefined;
}

/** The runtime colors its messages for terminals. */
function stripColors(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/\u001b\[[0-9;]*m/g, "");
}

/** Without the advice of the runtime, which is about the folder of this program. */
function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  const lines = stripColors(cause.message).replace(/\.$/m, "").split("\n").filter((line) => !/^\s*hint: /.test(line));
  return [...lines, ...placeOf(cause)].join("\n");
}

/** Of a syntax error in TypeScript, Node tells the place in the stack alone. */
function placeOf({ name, stack = "" }: Error): string[] {
  const [, place] = /^(\S[^\n]*:\d+)\n/.exec(stack) ?? [];
  return name === "SyntaxError" && place !== undefined ? [`    at ${place}`] : [];
}
