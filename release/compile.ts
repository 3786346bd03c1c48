/**
 * Makes executables of flow.
 *
 * `deno task compile [--target NAME]... [--all] [--out FOLDER]`: by default one for this machine, in `dist`. What goes
 * in is the bundle of the program, with its source maps and the licences of what it is made of, and nothing else.
 */
import { mkdir, mkdtemp, readdir, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import config from "../deno.json" with { type: "json" };
import { bundleProgram } from "./bundle.ts";
import { permissionFlags } from "./permissions.ts";
import { fileName, findTarget, hostTarget, type Target, targets } from "./targets.ts";

/** What modules of users import, and which modules of the bundle that is. */
const IMPORTS = { flowengine: "./mod.js", zod: "./zod.js" };
/** In each executable, so that it goes wherever they go, and beside them, for people. */
const LICENCES = "THIRD_PARTY_LICENSES";
const EPOCH = new Date("2000-01-01T00:00:00Z");

/**
 * Writes an executable for each target into `folder`, and answers their paths. `runtime` is put in the place of what
 * Deno would download.
 *
 * @throws {Error} if one cannot be made; those before it are there then
 */
export async function compileProgram(
  chosen: readonly Target[],
  folder: string,
  { runtime }: { runtime?: string } = {},
): Promise<string[]> {
  const work = await mkdtemp(join(tmpdir(), "flow-compile-"));
  try {
    const program = join(work, "program");
    const { licences } = await bundleProgram({ outputFolder: program });
    await writeFile(join(program, LICENCES), licences);
    const { version, license } = config;
    const settings = { name: "flowengine", version, license, exports: IMPORTS.flowengine, imports: IMPORTS };
    await writeFile(join(program, "deno.json"), JSON.stringify(settings));
    await forgetTimes(program);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, LICENCES), licences);
    const paths: string[] = [];
    for (const target of chosen) {
      const made = join(work, fileName(target));
      await compile(program, target, made, runtime);
      const path = join(folder, fileName(target));
      await move(made, path);
      paths.push(path);
    }
    return paths;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** The executable tells when its files were written; the same commit is to make the same executable. */
async function forgetTimes(folder: string): Promise<void> {
  for (const name of await readdir(folder)) await utimes(join(folder, name), EPOCH, EPOCH);
}

async function compile(
  program: string,
  { triple, os }: Target,
  output: string,
  runtime: string | undefined,
): Promise<void> {
  const args = [
    "compile",
    ...permissionFlags(os),
    ...["--config", join(program, "deno.json"), "--no-lock", "--no-check", "--no-remote", "--no-npm"],
    // Where the runtime keeps what belongs to a program, such as compiled code, whatever the file is called.
    ...["--app-name", "flow"],
    ...["--target", triple, "--output", output],
    ...["--include", program],
    join(program, "main.js"),
  ];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: program,
    env: runtime === undefined ? {} : { DENORT_BIN: runtime },
  }).output();
  if (!success) throw new Error(`Cannot compile for ${triple}: ${new TextDecoder().decode(stderr)}`);
}

/** Renaming works within a file system only. */
async function move(from: string, to: string): Promise<void> {
  const draft = `${to}.draft`;
  await Deno.copyFile(from, draft);
  await rename(draft, to);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      target: { type: "string", multiple: true, default: [] },
      all: { type: "boolean", default: false },
      out: { type: "string", default: "dist" },
    },
  });
  const named = values.target.map(findTarget);
  const chosen = values.all ? targets : named.length > 0 ? named : [hostTarget()];
  for (const path of await compileProgram(chosen, resolve(values.out))) {
    const megabytes = (await stat(path)).size / 1e6;
    console.error(`${path} (${megabytes.toFixed(1)} MB)`);
  }
}

if (import.meta.main) {
  await main().catch((error) => {
    console.error(`error: ${error.message}`);
    Deno.exit(1);
  });
}
