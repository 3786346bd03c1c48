import * as esbuild from "esbuild";
import { cp, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describeBuild } from "./build_info.ts";
import { describeLicences } from "./licences.ts";
import { withPythonPackage } from "./python_package.ts";
import { zodInParts } from "./zod_in_parts.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** The program, and what modules of users import. */
const ENTRIES: Readonly<Record<string, string>> = {
  main: "./cli/main.ts",
  mod: "./mod.ts",
  zod: "zod",
};

/** What modules can come from. */
const SOURCES = ["cli", "create_engine.ts", "engine", "mod.ts", "nodes", "platform", "sdk", "server", "store"];

export interface BundleOptions {
  /** Where the bundle goes; it is emptied first. */
  outputFolder: string;
  /** Keeps names and line breaks, to read a profile or a stack trace. Default: false. */
  readable?: boolean;
}

/** What a bundle holds. */
export interface Bundle {
  /** Paths within the output folder; `main.js` is the program. */
  files: string[];
  /** Sources that went into it, relative to the project; those of packages begin with their name and version. */
  inputs: string[];
  /** The licences of these packages and of the runtime, as a text that goes along. */
  licences: string;
}

/**
 * Bundles the program `flow` into a folder of ES modules that need nothing but `node:` modules.
 *
 * One file for each part that is loaded on its own, so that starting stays as lazy as it is from source; without
 * comments, and with source maps beside. What a run of one node costs before and after its work falls by a third.
 *
 * @throws when a module cannot be found; esbuild prints where.
 */
export async function bundleProgram({ outputFolder, readable = false }: BundleOptions): Promise<Bundle> {
  await rm(outputFolder, { recursive: true, force: true });
  const work = await installPackages();
  // Names of files and source maps tell of the paths that lead to the sources: beside the packages they are always the same.
  for (const name of SOURCES) await cp(join(ROOT, name), join(work, name), { recursive: true });
  try {
    const { metafile, outputFiles } = await esbuild.build({
      entryPoints: { ...ENTRIES },
      outdir: "program",
      absWorkingDir: work,
      ...COMMON_OPTIONS,
      splitting: true,
      target: "es2024",
      plugins: [nodeModules, zodInParts, englishOnly, withPythonPackage],
      define: { FLOW_BUILD: JSON.stringify(await describeBuild()) },
      banner: { js: FIND_MODULE },
      minify: !readable,
      write: false,
      sourcemap: "linked",
      sourcesContent: false,
      metafile: true,
    });
    await mkdir(outputFolder, { recursive: true });
    for (const { path, text } of outputFiles) {
      await writeFile(join(outputFolder, basename(path)), path.endsWith(".js") ? hideImports(text) : text);
    }
    return await describeBundle(metafile, work);
  } finally {
    await esbuild.stop();
    await rm(work, { recursive: true, force: true });
  }
}

/** What all bundles of ours are alike in: ES modules that need nothing but `node:` modules. */
export const COMMON_OPTIONS = {
  bundle: true,
  format: "esm",
  // Neither `browser` nor `node`: the latter would load node:module at every start, which takes 15 ms.
  platform: "neutral",
  mainFields: ["module", "main"],
  conditions: ["import"],
  external: ["node:*"],
  logLevel: "warning",
} satisfies esbuild.BuildOptions;

/** Begins each file: the URL of the module with this name in the bundle. */
const FIND_MODULE = "const µ=n=>new URL(`./${n}.js`,import.meta.url).href;";

/**
 * Hides from the runtime what is imported later: else Deno reads and keeps all of it at every start, which takes 3 MB.
 * From source, `lazy-dynamic-imports` in deno.json does the same. Nothing in the text moves, so that the source maps
 * stay true.
 */
function hideImports(text: string): string {
  return text.replaceAll(
    /\bimport\("\.\/([\w.-]+)\.js"\)/g,
    (found, name) => `import(µ("${name}"))`.padEnd(found.length),
  );
}

/** Lays out the locked packages as bundlers know them, in a folder that the caller removes. */
export async function installPackages(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "flow-packages-"));
  for (const name of ["deno.json", "deno.lock"]) await Deno.copyFile(join(ROOT, name), join(folder, name));
  // The entry that deno.json names; what it imports does not matter.
  await writeFile(join(folder, "mod.ts"), "");
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["install", "--quiet", "--node-modules-dir=auto", "--frozen"],
    cwd: folder,
  }).output();
  if (success) return folder;
  await rm(folder, { recursive: true, force: true });
  throw new Error(`Cannot install the packages: ${new TextDecoder().decode(stderr)}`);
}

/** Lets packages in the older module format `require` parts of Node, without a `require` that has to be made first. */
export const nodeModules: esbuild.Plugin = {
  name: "node modules",
  setup(build) {
    const names = builtinModules.filter((name) => !name.includes("/"));
    build.onResolve({ filter: new RegExp(`^(node:)?(${names.join("|")})$`) }, ({ path, kind }) => {
      const name = path.replace(/^node:/, "");
      return kind === "require-call" ? { path: name, namespace: "node" } : { path: `node:${name}`, external: true };
    });
    build.onLoad({ filter: /.*/, namespace: "node" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule("node:${path}");`,
      loader: "js",
    }));
  },
};

/** Zod carries its messages in fifty languages, which are more than half of it; `flow` speaks one. */
export const englishOnly: esbuild.Plugin = {
  name: "English only",
  setup(build) {
    build.onLoad({ filter: /zod\/v4\/locales\/index\.js$/ }, () => ({
      contents: 'export { default as en } from "./en.js";',
      loader: "js",
    }));
  },
};

async function describeBundle({ inputs, outputs }: esbuild.Metafile, work: string): Promise<Bundle> {
  const ofPackages = Object.keys(inputs).filter((path) => path.includes("node_modules/"));
  return {
    licences: await describeLicences(ofPackages.map((path) => join(work, path)), { withRuntime: true }),
    files: Object.keys(outputs).map((path) => basename(path)).sort(),
    inputs: Object.keys(inputs).map((path) =>
      path.replace(/^(?:.*\/)?node_modules\/\.deno\/([^/]+)\/node_modules\/(@[^/]+\/)?[^/]+/, "$1")
    ).sort(),
  };
}

if (import.meta.main) {
  const [outputFolder = join(ROOT, "dist", "program")] = Deno.args;
  const { files } = await bundleProgram({ outputFolder });
  console.error(`${files.length} files in ${outputFolder}`);
}
