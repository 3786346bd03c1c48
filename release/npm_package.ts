/**
 * Builds the npm package `flowengine`: the library, and the program `flow`, for Node.
 *
 * `deno task npm [FOLDER]` leaves `flowengine-VERSION.tgz` in FOLDER (default: `dist`), and what is in it beside.
 *
 * Not by `deno pack`: it takes names with a scope only, knows no `bin`, and leaves the choice of the runtime and the
 * loading of all modules one by one to the start of the program.
 */
import * as esbuild from "esbuild";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import config from "../deno.json" with { type: "json" };
import { describeBuild } from "./build_info.ts";
import { COMMON_OPTIONS, englishOnly, installPackages, nodeModules } from "./bundle.ts";
import { describeLicences } from "./licences.ts";
import { declarationOf, writeDeclarations } from "./npm_types.ts";
import { withPythonPackage } from "./python_package.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What programs import, by name: `flowengine` is `mod`, `flowengine/testing` is `testing`. */
const EXPORTS = Object.entries(config.exports).map(([path, module]) => ({
  path,
  module,
  name: path.slice(2) || "mod",
}));

/** The program. It shares its code with the library, so that there is one `FlowError`. */
const PROGRAM = { in: join(ROOT, "cli/main.ts"), out: "main" };

/**
 * Bundled, because loading its many files takes a third of what a short run costs; installed too, in that very version,
 * because types of the library are made of its types.
 */
const TYPE_DEPENDENCIES = ["zod"];

/** Node-API code that `ws` uses if it is there; what it does without is as fast for small messages. */
const ABSENT = ["bufferutil", "utf-8-validate"];

/** Writes the package into `folder`, which is emptied first. */
async function buildPackage(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(join(folder, "bin"), { recursive: true });
  const packages = await installPackages();
  try {
    const inputs = await bundle(join(folder, "lib"), packages);
    await writeDeclarations({
      root: ROOT,
      entries: EXPORTS.map(({ module }) => module),
      packages,
      outputFolder: join(folder, "types"),
    });
    await writeFile(join(folder, "THIRD_PARTY_LICENSES"), await describeLicences(inputs));
  } finally {
    await rm(packages, { recursive: true, force: true });
  }
  for (const name of ["LICENSE", "LICENSE-APACHE", "LICENSE-MIT"]) await cp(join(ROOT, name), join(folder, name));
  await cp(join(ROOT, "release/npm/README.md"), join(folder, "README.md"));
  await cp(join(ROOT, "release/npm/flow.js"), join(folder, "bin/flow.js"));
  await writeFile(join(folder, "package.json"), `${JSON.stringify(describePackage(), null, 2)}\n`);
}

/** Answers the files of packages that went into the bundle. */
async function bundle(outputFolder: string, packages: string): Promise<string[]> {
  const { metafile } = await esbuild.build({
    entryPoints: [
      ...EXPORTS.map(({ module, name }) => ({ in: join(ROOT, module), out: name })),
      PROGRAM,
    ],
    chunkNames: "chunks/[name]-[hash]",
    outdir: outputFolder,
    absWorkingDir: ROOT,
    ...COMMON_OPTIONS,
    splitting: true,
    target: "node22.13",
    nodePaths: [join(packages, "node_modules")],
    plugins: [forNode, nodeModules, englishOnly, withPythonPackage],
    // Names stay: a stack trace is of use without a source map.
    minifySyntax: true,
    minifyWhitespace: true,
    // Of an error that is not caught, Node shows the line that has thrown it.
    lineLimit: 200,
    legalComments: "none",
    define: { FLOW_BUILD: JSON.stringify(await describeBuild()) },
    metafile: true,
  });
  return Object.keys(metafile.inputs).filter((path) => path.includes("/node_modules/")).map((path) =>
    resolve(ROOT, path)
  );
}

/** Puts Node's part of the platform in the place of Deno's. */
export const forNode: esbuild.Plugin = {
  name: "for Node",
  setup(build) {
    const platform = join(ROOT, "platform");
    build.onResolve(
      { filter: /^\.\/deno\.ts$/ },
      ({ resolveDir }) => resolveDir === platform ? { path: join(platform, "node.ts") } : undefined,
    );
    build.onResolve({ filter: /^node:sqlite$/ }, () => ({ path: join(platform, "node_sqlite.ts") }));
    build.onResolve({ filter: new RegExp(`^(${ABSENT.join("|")})$`) }, ({ path }) => ({ path, namespace: "absent" }));
    build.onLoad({ filter: /.*/, namespace: "absent" }, ({ path }) => ({
      contents: `throw new Error("${path} is not part of this package");`,
    }));
  },
};

/** The manifest. `repository` is the project's address, which npm compares with where a release comes from. */
export function describePackage(repository = Deno.env.get("FLOW_REPOSITORY")): Record<string, unknown> {
  return {
    name: config.name,
    version: config.version,
    description:
      "Event-driven workflow engine: shell commands, HTTP, containers and your own code, durable and parallel",
    keywords: [
      "workflow",
      "workflow-engine",
      "dag",
      "automation",
      "pipeline",
      "durable-execution",
      "orchestration",
      "cli",
    ],
    license: config.license,
    ...(repository ? { repository: { type: "git", url: `git+${repository}.git` } } : {}),
    type: "module",
    engines: { node: ">=22.13" },
    bin: { flow: "bin/flow.js" },
    exports: {
      ...Object.fromEntries(EXPORTS.map(({ path, module, name }) => [path, {
        types: `./${join("types", declarationOf(module))}`,
        default: `./lib/${name}.js`,
      }])),
      "./package.json": "./package.json",
    },
    types: "./types/mod.d.ts",
    main: "./lib/mod.js",
    files: ["bin", "lib", "types", "THIRD_PARTY_LICENSES", "LICENSE-APACHE", "LICENSE-MIT"],
    dependencies: Object.fromEntries(TYPE_DEPENDENCIES.map((name) => [name, versionOf(name)])),
  };
}

/** As deno.json has it. */
function versionOf(name: string): string {
  const specifier = new Map(Object.entries(config.imports)).get(name) ?? "";
  return specifier.slice(specifier.lastIndexOf("@") + 1);
}

/** Packs `folder` as npm does; answers the path of the tarball. */
async function pack(folder: string, destination: string): Promise<string> {
  const { success, stdout } = await new Deno.Command("npm", {
    args: ["pack", "--json", "--pack-destination", destination],
    cwd: folder,
    stderr: "inherit",
  }).output();
  if (!success) throw new Error("Cannot pack: npm has failed");
  const [{ filename }] = JSON.parse(new TextDecoder().decode(stdout));
  return join(destination, filename);
}

if (import.meta.main) {
  const destination = resolve(Deno.args[0] ?? join(ROOT, "dist"));
  const folder = join(destination, "npm");
  await buildPackage(folder);
  const tarball = await pack(folder, destination);
  const { size } = await Deno.stat(tarball);
  console.log(`${tarball} (${Math.round(size / 1024)} KiB)`);
}
