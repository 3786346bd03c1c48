import { FlowError } from "../engine/errors.ts";
import type { CliContext } from "./context.ts";

let loads = 0;

/**
 * Loads a module of the user's, from any folder. With `anew` it is loaded again if it was before; what it imports is
 * not. `flowengine` and `zod`, if it imports them, are those of this program.
 *
 * @throws {FlowError} `invalid_document` if it cannot be read, or fails while it loads
 */
export async function importUserModule(
  { platform }: CliContext,
  filename: string,
  path: string,
  anew = false,
): Promise<Record<string, unknown>> {
  const { pathToFileURL } = await import("node:url");
  try {
    // What user modules know as "flowengine". An executable contains only what is named in an import like this one.
    const flowengine = await import("../mod.ts");
    await platform.provideModules({ flowengine, zod: flowengine.z });
    return await import(`${pathToFileURL(path).href}${anew ? `?load=${++loads}` : ""}`);
  } catch (cause) {
    const hint = platform.isStandalone ? BUNDLE : hintFor(cause, platform.name);
    throw new FlowError("invalid_document", `Cannot load "${filename}": ${reasonOf(cause)}`, { hint, cause });
  }
}

/** Executables read TypeScript since Deno 2.8.2, but packages only from within themselves. */
const BUNDLE = "Fix the module; packages that it imports have to be bundled into it, because flow has only its own.";

function hintFor(cause: unknown, runtime: "deno" | "node"): string {
  if (codeOf(cause) === "ERR_UNKNOWN_FILE_EXTENSION") {
    return "Use Node 22.18 or later, which reads TypeScript, or compile it to JavaScript.";
  }
  if (codeOf(cause) !== "ERR_MODULE_NOT_FOUND") return "Fix the module; --debug shows where it failed.";
  const where = runtime === "node" ? "from node_modules" : 'as "npm:NAME" if flow itself was started with --no-lock';
  return `Correct that line; all that flow exports, z included, comes from "flowengine", and packages come ${where}.`;
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
  return stripColors(cause.message).replace(/\.$/m, "").split("\n").filter((line) => !/^\s*hint: /.test(line)).join(
    "\n",
  );
}
