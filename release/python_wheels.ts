/**
 * Builds what is published for Python: the sdist, the pure wheel, and a wheel for each program that is given.
 *
 * `deno task wheels --out FOLDER [--programs FOLDER] [--python PYTHON] [TARGET=PROGRAM]...`, with a Python that has the
 * package `build`. `--programs` takes those that `deno task compile` has made there.
 */
import { cp, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { fileName, findTarget, type Target, targets } from "./targets.ts";
import { findMisfit, wheelTag } from "./wheel_platforms.ts";

const PACKAGE = fileURLToPath(new URL("../python", import.meta.url));

/** What goes into one wheel. */
export interface WheelProgram {
  target: Target;
  path: string;
}

/** Reads `TARGET=PROGRAM`. @throws {Error} if it is nothing of that kind, or if there is no such target */
export function parseProgram(argument: string): WheelProgram {
  const [target = "", ...rest] = argument.split("=");
  const path = rest.join("=");
  if (target === "" || path === "") throw new Error(`"${argument}" is not TARGET=PROGRAM`);
  return { target: findTarget(target), path: resolve(path) };
}

/** The programs in a folder that have the names of a release. @throws {Error} if there is none */
export async function findPrograms(folder: string): Promise<WheelProgram[]> {
  const names = await readdir(folder);
  const found = targets.filter((target) => names.includes(fileName(target)));
  if (found.length === 0) throw new Error(`There is no program in "${folder}": make some with \`deno task compile\``);
  return found.map((target) => ({ target, path: resolve(folder, fileName(target)) }));
}

/** @throws {Error} if a program does not fit its target, before anything is built, or if a build fails */
async function buildPackages(programs: readonly WheelProgram[], out: string, python: string): Promise<void> {
  for (const { target, path } of programs) {
    const misfit = findMisfit(await readFile(path), target);
    if (misfit !== undefined) throw new Error(`"${path}" cannot go into the wheel for ${target.name}: ${misfit}`);
  }
  const folder = await mkdtemp(join(tmpdir(), "flowengine-wheels-"));
  try {
    // From a copy: a build leaves files behind.
    const source = join(folder, "python");
    await cp(PACKAGE, source, { recursive: true, filter: (path) => !isLeftover(basename(path)) });
    await build(python, ["--outdir", out, source], {});
    for (const { target, path } of programs) {
      await build(python, ["--wheel", "--outdir", out, source], {
        FLOWENGINE_WHEEL_BINARY: path,
        FLOWENGINE_WHEEL_PLATFORM: wheelTag(target),
      });
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function isLeftover(name: string): boolean {
  return name.startsWith(".") || name === "__pycache__" || name === "dist" || name.endsWith(".egg-info");
}

async function build(python: string, args: string[], env: Record<string, string>): Promise<void> {
  const { success, stderr, stdout } = await new Deno.Command(python, { args: ["-m", "build", ...args], env }).output();
  const said = new TextDecoder().decode(stdout);
  if (!success) throw new Error(`Cannot build: ${said}${new TextDecoder().decode(stderr)}`);
  console.log(said.trimEnd().split("\n").at(-1));
}

async function main(): Promise<void> {
  const { values: { out, python, programs }, positionals } = parseArgs({
    options: { out: { type: "string" }, python: { type: "string", default: "python3" }, programs: { type: "string" } },
    allowPositionals: true,
  });
  if (out === undefined) throw new Error("--out is missing: the folder for what is built");
  const found = programs === undefined ? [] : await findPrograms(programs);
  await buildPackages([...found, ...positionals.map(parseProgram)], resolve(out), python);
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    Deno.exit(1);
  }
}
