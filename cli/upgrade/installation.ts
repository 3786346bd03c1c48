import { FlowError } from "../../engine/errors.ts";
import { runQuietly } from "../../nodes/sandbox/run_quietly.ts";
import type { Platform } from "../../platform/types.ts";
import { buildInfo } from "../build_info.ts";
import { version as ownVersion } from "../../server/version.ts";

/** An executable of flow that can be replaced. */
export interface Installation {
  /** Absolute, and no link. */
  readonly path: string;
  /** Undefined if it does not run. */
  readonly version: string | undefined;
  /** Why it does not run. */
  readonly trouble?: unknown;
}

/** A program that is new to a system may be looked at by scanners first. */
const FIRST_RUN_MS = 30_000;
/** One that is installed has run before. */
const INSTALLED_RUN_MS = 5000;
/** Just after a file was written, a process that is being started elsewhere may still hold it open. */
const BUSY_PAUSE_MS = 100;
const MAX_BUSY_LOOKS = 20;

/** Who looks after executables in such places, and how they are upgraded there. */
const KEEPERS: readonly { pattern: RegExp; name: string; command: string }[] = [
  { pattern: /[\\/](Cellar|linuxbrew|homebrew)[\\/]/, name: "Homebrew", command: "brew upgrade flow" },
  { pattern: /[\\/]scoop[\\/]apps[\\/]/i, name: "Scoop", command: "scoop update flow" },
  { pattern: /[\\/]node_modules[\\/]/, name: "npm", command: "npm install flowengine@latest" },
  { pattern: /[\\/](site|dist)-packages[\\/]/, name: "pip", command: "python3 -m pip install --upgrade flowengine" },
  { pattern: /^\/nix\/store\//, name: "Nix", command: "nix profile upgrade" },
];

/**
 * The executable to upgrade: `executable`, or the one that runs.
 *
 * @throws {FlowError} `precondition_failed` if somebody else looks after it, `not_found`
 */
export async function findInstallation(platform: Platform, executable: string | undefined): Promise<Installation> {
  if (executable === undefined) checkOwn(platform);
  const { realpath } = await import("node:fs/promises");
  const named = executable ?? (await import("node:process")).execPath;
  let path: string;
  try {
    path = await realpath(named);
  } catch (cause) {
    throw new FlowError("not_found", `Cannot upgrade "${named}": there is no such file`, {
      hint: "Give the path of the flow executable.",
      cause,
    });
  }
  await checkKeeper(path);
  if (executable === undefined) return { path, version: ownVersion };
  try {
    return { path, version: await askVersion(platform, path, INSTALLED_RUN_MS) };
  } catch (trouble) {
    return { path, version: undefined, trouble };
  }
}

function checkOwn(platform: Platform): void {
  const keeper = platform.env("FLOW_INSTALLED_BY");
  if (keeper) throw refusal(`it belongs to ${keeper}`, "Upgrade it there.");
  if (platform.isStandalone) return;
  if (buildInfo !== undefined) throw refusal("it is the package of npm", "Run: npm install flowengine@latest");
  throw refusal("it runs from its source", "Update the source, such as with git pull.");
}

async function checkKeeper(path: string): Promise<void> {
  const keeper = KEEPERS.find(({ pattern }) => pattern.test(path)) ??
    (await isOfPip(path) ? KEEPERS.find(({ name }) => name === "pip") : undefined);
  if (keeper !== undefined) throw refusal(`it belongs to ${keeper.name}`, `Run: ${keeper.command}`);
}

/** pip puts executables beside those of Python, and writes them down in a RECORD (packaging.python.org). */
async function isOfPip(path: string): Promise<boolean> {
  const { readdir, readFile } = await import("node:fs/promises");
  const { basename, dirname, join } = await import("node:path");
  const list = async (folder: string) => await readdir(folder).catch(() => []);
  const prefix = dirname(dirname(path));
  const pythons = (await list(join(prefix, "lib"))).filter((name) => /^python3/.test(name));
  const folders = [join(prefix, "Lib"), ...pythons.map((name) => join(prefix, "lib", name))];
  for (const folder of folders.flatMap((base) => [join(base, "site-packages"), join(base, "dist-packages")])) {
    for (const name of await list(folder)) {
      if (!/^flowengine-.*\.dist-info$/.test(name)) continue;
      const record = await readFile(join(folder, name, "RECORD"), "utf8").catch(() => "");
      if (record.split("\n").some((line) => /(^|\/)(bin|Scripts)\//i.test(line) && isAbout(line, basename(path)))) {
        return true;
      }
    }
  }
  return false;
}

function isAbout(line: string, name: string): boolean {
  return line.split(",")[0]?.split("/").at(-1) === name;
}

function refusal(reason: string, hint: string): FlowError {
  return new FlowError("precondition_failed", `Cannot upgrade this flow: ${reason}`, { hint });
}

/**
 * What an executable says its version is, within `limitMs`.
 *
 * @throws {FlowError} `precondition_failed` if it does not run, or is no flow
 */
export async function askVersion(platform: Platform, path: string, limitMs = FIRST_RUN_MS): Promise<string> {
  const { code, output } = await runWhenFree(platform, path, limitMs);
  const [, version] = /^flow (\S+)/.exec(output) ?? [];
  if (code === 0 && version !== undefined) return version;
  const said = output.trim().split("\n").at(-1)?.slice(0, 200) || `it ended with exit code ${code}`;
  throw new FlowError("precondition_failed", `Cannot use "${path}": it does not run as flow here: ${said}`, {
    hint: "Check whether it is made for this system.",
  });
}

async function runWhenFree(
  platform: Platform,
  path: string,
  timeoutMs: number,
): Promise<{ code: number; output: string }> {
  for (let look = 1;; look++) {
    try {
      return await runQuietly(platform, [path, "--version"], { env: platform.envAll(), timeoutMs });
    } catch (error) {
      if (error instanceof FlowError && error.code === "timeout") throw silent(path, timeoutMs);
      const reason = error instanceof Error ? error.message : String(error);
      // Deno has no code for it.
      if (!/text file busy|os error 26\b/i.test(reason) || look === MAX_BUSY_LOOKS) {
        throw new FlowError("precondition_failed", `Cannot use "${path}": ${reason}`, { cause: error });
      }
      await new Promise((resolve) => setTimeout(resolve, BUSY_PAUSE_MS));
    }
  }
}

function silent(path: string, limitMs: number): FlowError {
  const state = `it does not say its version within ${limitMs / 1000} s`;
  return new FlowError("precondition_failed", `Cannot use "${path}": ${state}`, {
    hint: `Check whether it is flow, and what "${path} --version" does.`,
  });
}
