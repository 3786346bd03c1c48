import type * as esbuild from "esbuild";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PYTHON = fileURLToPath(new URL("../python", import.meta.url));

/** The modules of the Python package `flowengine`, by their paths; no tests. */
async function readPythonPackage(): Promise<Record<string, string>> {
  const entries = await readdir(join(PYTHON, "flowengine"), { recursive: true });
  const paths = entries.map((path) => `flowengine/${path.replaceAll("\\", "/")}`);
  const wanted = paths.filter((path) => /(\.py|\/py\.typed)$/.test(path)).sort();
  return Object.fromEntries(
    await Promise.all(wanted.map(async (path) => [path, await readFile(join(PYTHON, path), "utf8")])),
  );
}

/** Puts the Python package into bundles, for machines on which pip has not. */
export const withPythonPackage: esbuild.Plugin = {
  name: "Python package",
  setup(build) {
    build.onLoad({ filter: /nodes[\\/]python[\\/]brought_package\.ts$/ }, async () => ({
      contents: `export const broughtPackage = ${JSON.stringify(await readPythonPackage())};`,
      loader: "js",
    }));
  },
};
