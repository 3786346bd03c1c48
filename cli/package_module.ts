import { FlowError } from "../engine/errors.ts";
import { isPlainObject } from "../engine/plain.ts";
import type { CliContext } from "./context.ts";

const MAX_MANIFEST_BYTES = 1024 * 1024;

/** Conditions of `exports` that a module may be found under, besides `default`. */
const CONDITIONS = new Set(["import", "module-sync", "default"]);

const PACKAGE = /^npm:((?:@[\w~-][\w.~-]*\/)?[\w~-][\w.~-]*)(?:@[^/]*)?(\/.*)?$/;

/**
 * The module of a package that is installed in `node_modules` of this folder or of one above it. Nothing is downloaded.
 *
 * @throws {FlowError} `invalid_argument`, `not_found`, `invalid_document`
 */
export async function findPackageModule(context: CliContext, specifier: string): Promise<string> {
  const [, name, subpath = ""] = PACKAGE.exec(specifier) ?? [];
  if (name === undefined || subpath.includes("..")) {
    throw new FlowError("invalid_argument", `Cannot use "${specifier}": it is not the name of a package`, {
      hint: 'Write it like "npm:my-nodes" or "npm:@me/nodes/extra".',
    });
  }
  const { dirname, join } = await import("node:path");
  const { platform } = context;
  for (let folder = platform.cwd();; folder = dirname(folder)) {
    const home = join(folder, "node_modules", name);
    if (await platform.stat(join(home, "package.json")) !== undefined) {
      const manifest = await readManifest(context, specifier, join(home, "package.json"));
      return join(home, entryOf(specifier, manifest, `.${subpath}`));
    }
    if (folder === dirname(folder)) break;
  }
  throw new FlowError("not_found", `Cannot use "${specifier}": there is no such package in node_modules`, {
    hint: `Run "npm install ${name}" first, in this folder or one above it.`,
  });
}

async function readManifest(
  { platform }: CliContext,
  specifier: string,
  path: string,
): Promise<Record<string, unknown>> {
  try {
    const manifest: unknown = JSON.parse(new TextDecoder().decode(await platform.readFile(path, MAX_MANIFEST_BYTES)));
    if (isPlainObject(manifest)) return manifest;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new FlowError("invalid_document", `Cannot use "${specifier}": its package.json is not a JSON object`, {
    hint: "Install the package again.",
  });
}

/** The file behind `subpath`, relative to the package. */
function entryOf(specifier: string, { exports, main }: Record<string, unknown>, subpath: string): string {
  if (exports === undefined || exports === null) {
    return subpath === "." ? (typeof main === "string" ? main : "index.js") : subpath;
  }
  const isMap = isPlainObject(exports) && Object.keys(exports).some((key) => key.startsWith("."));
  const found = targetOf(isMap ? exports[subpath] : subpath === "." ? exports : undefined);
  if (found !== undefined) return found;
  throw new FlowError("not_found", `Cannot use "${specifier}": the package exports no "${subpath}"`, {
    hint: 'Look for what it does export under "exports" in its package.json.',
  });
}

function targetOf(target: unknown): string | undefined {
  if (typeof target === "string") return target.startsWith("./") ? target : undefined;
  if (Array.isArray(target)) return target.map(targetOf).find((found) => found !== undefined);
  if (!isPlainObject(target)) return undefined;
  for (const [condition, inner] of Object.entries(target)) {
    const found = CONDITIONS.has(condition) ? targetOf(inner) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}
