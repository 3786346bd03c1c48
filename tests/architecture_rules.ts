import { posix } from "node:path";
import type { ModuleReference, SourceScan } from "./source_scan.ts";

/** A source file; `path` is relative to the project, with forward slashes. */
export interface SourceFile {
  path: string;
  scan: SourceScan;
}

/** One broken rule at one place. */
export interface Violation {
  rule: "direction" | "package" | "lazy" | "deno" | "default_export" | "name" | "file_length" | "function_length";
  path: string;
  line: number;
  message: string;
}

/** Who may import whom: engine <- store, nodes <- server <- cli, with the platform beside the engine. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  engine: ["engine"],
  platform: ["platform", "engine"],
  store: ["store", "engine", "platform"],
  nodes: ["nodes", "engine", "platform"],
  server: ["server", "nodes", "store", "engine", "platform"],
  "create_engine.ts": ["nodes", "engine", "platform"],
  sdk: ["sdk", "create_engine.ts", "server", "nodes", "engine", "platform"],
  "mod.ts": ["sdk", "create_engine.ts", "server", "nodes", "store", "engine", "platform"],
  cli: ["cli", "mod.ts", "server", "nodes", "store", "engine", "platform"],
  examples: ["examples", "mod.ts"],
  release: ["release", "deno.json", "cli", "server", "platform", "engine"],
};

/** The packages that the engine may use; all of them are pure. */
const ENGINE_PACKAGES = ["zod", "yaml", "jsonc-parser", "jsonata"];
/** Only some commands need these, and each costs start-up time: `await import()` only. */
const LAZY_PACKAGES = ["yaml", "jsonc-parser", "jsonata"];
const FORBIDDEN_NAME = /^_?(utils?|helpers?|common|managers?)(_test)?(\.ts)?$/;
const MODULE_NAME = /^[a-z_][a-z0-9_]*(\.d)?\.ts$/;

const MAX_FILE_LINES = 300;
const MAX_FUNCTION_LINES = 40;

/** All broken rules of one file, in the order of its lines. */
export function checkSource(file: SourceFile): Violation[] {
  const violations = [...checkNames(file)];
  if (isProduction(file.path)) {
    violations.push(...file.scan.references.flatMap((reference) => checkReference(file.path, reference)));
    violations.push(...checkDeno(file), ...checkLengths(file), ...checkDefaultExports(file));
  }
  return violations.sort((a, b) => a.line - b.line);
}

/** Tests, and what only they use, may reach for anything. */
function isProduction(path: string): boolean {
  return !path.endsWith("_test.ts") && layerOf(path) !== "tests" && layerOf(path) !== "bench";
}

/** The top-level folder, or the file's own name at the top. */
function layerOf(path: string): string {
  return path.split("/")[0] ?? path;
}

function checkReference(path: string, reference: ModuleReference): Violation[] {
  const { specifier, line } = reference;
  const layer = layerOf(path);
  if (specifier === null) {
    return layer === "engine"
      ? [{ rule: "package", path, line, message: "the engine may not import a computed path" }]
      : [];
  }
  if (specifier.startsWith(".")) return checkDirection(path, specifier, line);
  return checkPackage(path, specifier, reference);
}

function checkDirection(path: string, specifier: string, line: number): Violation[] {
  const target = posix.normalize(posix.join(posix.dirname(path), specifier));
  const allowed = MAY_IMPORT[layerOf(path)];
  if (allowed === undefined) {
    return [{ rule: "direction", path, line, message: `"${layerOf(path)}" is not a known part of the project` }];
  }
  const isAllowed = allowed.includes(layerOf(target)) && isProduction(target);
  return isAllowed ? [] : [{ rule: "direction", path, line, message: `${layerOf(path)} may not import "${target}"` }];
}

function checkPackage(path: string, specifier: string, { kind, line }: ModuleReference): Violation[] {
  const name = packageName(specifier);
  if (/^(https?|npm|jsr|file|data):/.test(specifier)) {
    return [{ rule: "package", path, line, message: `"${specifier}" does not go through the import map of deno.json` }];
  }
  if (layerOf(path) === "engine" && !ENGINE_PACKAGES.includes(name)) {
    return [{ rule: "package", path, line, message: `the engine may not use "${specifier}"` }];
  }
  if (kind === "static" && LAZY_PACKAGES.includes(name)) {
    return [{ rule: "lazy", path, line, message: `"${specifier}" costs start-up time: use await import()` }];
  }
  return [];
}

function packageName(specifier: string): string {
  return specifier.split("/").slice(0, specifier.startsWith("@") ? 2 : 1).join("/");
}

function checkDeno({ path, scan }: SourceFile): Violation[] {
  // What makes releases runs on Deno alone, and ships nowhere.
  if (path === "platform/deno.ts" || path.startsWith("platform/deno_") || layerOf(path) === "release") return [];
  return scan.denoLines.map((line) => ({ rule: "deno", path, line, message: "only platform/deno.ts may use Deno" }));
}

function checkDefaultExports({ path, scan }: SourceFile): Violation[] {
  return scan.defaultExportLines.map((line) => ({ rule: "default_export", path, line, message: "use a named export" }));
}

function checkLengths({ path, scan }: SourceFile): Violation[] {
  const violations: Violation[] = [];
  if (scan.lines > MAX_FILE_LINES) {
    const message = `${scan.lines} lines, at most ${MAX_FILE_LINES}`;
    violations.push({ rule: "file_length", path, line: scan.lines, message });
  }
  for (const { name, line, lines } of scan.functions) {
    if (lines <= MAX_FUNCTION_LINES) continue;
    const message = `${name} has ${lines} lines, at most ${MAX_FUNCTION_LINES}`;
    violations.push({ rule: "function_length", path, line, message });
  }
  return violations;
}

function checkNames({ path }: SourceFile): Violation[] {
  const parts = path.split("/");
  const bad = parts.find((part) => FORBIDDEN_NAME.test(part));
  if (bad !== undefined) {
    return [{ rule: "name", path, line: 1, message: `"${bad}" says nothing: name it after what it does` }];
  }
  if (MODULE_NAME.test(parts.at(-1) ?? "")) return [];
  return [{ rule: "name", path, line: 1, message: "file names are snake_case" }];
}
