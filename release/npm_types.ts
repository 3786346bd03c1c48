import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import ts from "typescript";

/** Of the tsconfig; what decides about types is as in deno.json. */
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2024,
  lib: ["lib.esnext.d.ts", "lib.dom.d.ts", "lib.dom.iterable.d.ts", "lib.dom.asynciterable.d.ts"],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  noUncheckedIndexedAccess: true,
  exactOptionalPropertyTypes: true,
  allowImportingTsExtensions: true,
  declaration: true,
  emitDeclarationOnly: true,
  // `deno check` has done that.
  noCheck: true,
  types: ["node"],
};

/** Where the declarations come from, and where they go. */
export interface DeclarationOptions {
  root: string;
  /** Modules, relative to `root`: what they export, and what that is made of, is declared. */
  entries: readonly string[];
  /** A folder that has the packages in `node_modules`. */
  packages: string;
  outputFolder: string;
}

/** Writes a `.d.ts` for each module that the types of the entries lead to; answers their paths. */
export async function writeDeclarations(
  { root, entries, packages, outputFolder }: DeclarationOptions,
): Promise<string[]> {
  const declarations = declare(root, entries, packages);
  const pending = entries.map(declarationOf).map((path) => join(path));
  const written = new Set(pending);
  for (let path = pending.pop(); path !== undefined; path = pending.pop()) {
    const text = declarations.get(path);
    if (text === undefined) throw new Error(`"${path}" has not been declared`);
    for (const imported of relativeImports(path, text)) {
      if (!written.has(imported)) pending.push(imported);
      written.add(imported);
    }
    const target = join(outputFolder, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, text.replaceAll(IMPORT, (all) => all.replace(/\.ts"$/, '.js"')));
  }
  return [...written];
}

/** `from "./a.ts"`, `import("./a.ts")`, `import "./a.ts"`. */
const IMPORT = /(?<=\b(?:from |import\(|import ))"\.[^"]*\.ts"/g;

function relativeImports(path: string, text: string): string[] {
  return [...text.matchAll(IMPORT)].map(([found]) => declarationOf(join(dirname(path), found.slice(1, -1))));
}

/** Where the module at `path` is declared. */
export function declarationOf(path: string): string {
  return path.replace(/\.ts$/, ".d.ts");
}

/** The declarations of all modules behind `entries`, by their paths relative to `root`. */
function declare(root: string, entries: readonly string[], packages: string): Map<string, string> {
  const options = { ...OPTIONS, rootDir: root, typeRoots: [join(packages, "node_modules/@types")] };
  const host = ts.createCompilerHost(options);
  // Packages lie elsewhere than the sources that import them.
  host.resolveModuleNameLiterals = (literals, containing, _, options) =>
    literals.map(({ text }) => {
      const from = text.startsWith(".") || containing.startsWith(packages) ? containing : join(packages, "mod.ts");
      return ts.resolveModuleName(text, from, options, host, undefined, undefined, ts.ModuleKind.ESNext);
    });
  const declarations = new Map<string, string>();
  const program = ts.createProgram(entries.map((entry) => join(root, entry)), options, host);
  program.emit(undefined, (path, text) => declarations.set(relative(root, path), text), undefined, true);
  return declarations;
}
