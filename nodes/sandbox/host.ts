import { FlowError } from "../../engine/errors.ts";
import { sha256 } from "../../engine/sha256.ts";
import type { Platform } from "../../platform/types.ts";
import { cacheFolder, keepFile } from "./cache_folder.ts";
import { runQuietly } from "./run_quietly.ts";
import { seccompFilter } from "./seccomp.ts";

/** Folders with data of people and services, which no sandbox sees; those that a machine has not are left out. */
const PRIVATE_FOLDERS = [
  ..."/boot /home /media /mnt /root /run /var/backups /var/lib/docker /var/lib/containerd /var/log /var/mail".split(
    " ",
  ),
  "/var/spool",
];

const DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";
const MAX_PROGRAM_BYTES = 64 * 1024 * 1024;
const MAX_PROC_BYTES = 64 * 1024;

/** What this machine has for sandboxes. */
export interface SandboxHost {
  bwrap: string;
  prlimit: string;
  /** For root only: gives up being root before anything else. */
  setpriv: string | undefined;
  /** Options that this version of bubblewrap knows, such as `--size`. */
  options: ReadonlySet<string>;
  /** A file with a filter of system calls; undefined if bubblewrap or this machine's kind does not allow one. */
  seccomp: string | undefined;
  /** Where that file should be, if it could not be written. */
  unwritten: string | undefined;
  /** Folders to hide. */
  hidden: readonly string[];
  /** Whether a limit of processes counts only those of one sandbox: since Linux 5.14. */
  countsPerSandbox: boolean;
}

/**
 * Looks at the machine.
 *
 * @throws {FlowError} `unavailable` (not Linux), `program_not_found`
 */
export async function inspectHost(platform: Platform): Promise<SandboxHost> {
  if (platform.os !== "linux") {
    throw new FlowError("unavailable", `Cannot open a sandbox on ${platform.os}: bubblewrap needs Linux`, {
      hint: "Run flow on Linux, or use the docker or zypi sandbox.",
      retryable: false,
    });
  }
  const bwrap = await requireProgram(platform, "bwrap", "bubblewrap");
  const isRoot = /^Uid:\s+\d+\s+0\s/m.test(await readProc(platform, "/proc/self/status"));
  const { output } = await runQuietly(platform, [bwrap, "--help"]);
  const options = new Set(output.match(/--[a-z-]+/g));
  const filter = options.has("--seccomp") ? await writeFilter(platform, bwrap) : undefined;
  return {
    bwrap,
    prlimit: await requireProgram(platform, "prlimit", "util-linux"),
    setpriv: isRoot ? await requireProgram(platform, "setpriv", "util-linux") : undefined,
    options,
    seccomp: filter?.path,
    unwritten: filter?.path === undefined ? filter?.folder : undefined,
    hidden: await findFolders(platform, [...PRIVATE_FOLDERS, ...ownHome(platform)]),
    countsPerSandbox: isAtLeast(await readProc(platform, "/proc/sys/kernel/osrelease"), 5, 14),
  };
}

/** Undefined if there is no filter for this machine; without a path if it could not be written. */
async function writeFilter(
  platform: Platform,
  bwrap: string,
): Promise<{ folder: string; path: string | undefined } | undefined> {
  const filter = seccompFilter(await platform.readFile(bwrap, MAX_PROGRAM_BYTES));
  if (filter === undefined) return undefined;
  const digest = (await sha256(filter)).slice(0, 16);
  const folder = cacheFolder(platform);
  return { folder, path: await keepFile(folder, `seccomp-${digest}.bpf`, filter) };
}

/** The absolute path of the first of `names` that is on flow's PATH (names with a slash are paths); undefined if none is. */
export async function findProgram(platform: Platform, names: readonly string[]): Promise<string | undefined> {
  const folders = (platform.env("PATH") ?? DEFAULT_PATH).split(":").filter((folder) => folder.startsWith("/"));
  for (const name of names) {
    const candidates = name.includes("/") ? [name] : folders.map((folder) => `${folder}/${name}`);
    for (const path of candidates) {
      // A folder that may not be looked into has nothing that could be run.
      if ((await platform.stat(path).catch(() => undefined))?.isFile) return path;
    }
  }
  return undefined;
}

async function requireProgram(platform: Platform, name: string, packageName: string): Promise<string> {
  const path = await findProgram(platform, [name]) ?? await findProgram(platform, [`/usr/bin/${name}`]);
  if (path !== undefined) return path;
  throw new FlowError("program_not_found", `Cannot open a sandbox: "${name}" is not installed`, {
    hint: `Install ${packageName} (Debian and Ubuntu: apt-get install ${packageName}).`,
    retryable: false,
  });
}

/** The home folder of a service may be anywhere. */
function ownHome(platform: Platform): string[] {
  const home = platform.env("HOME");
  return home !== undefined && /^\/[^/]+\//.test(`${home}/`) ? [home.replace(/\/+$/, "")] : [];
}

async function findFolders(platform: Platform, paths: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const path of new Set(paths)) {
    const isCovered = found.some((folder) => path.startsWith(`${folder}/`));
    if (!isCovered && (await platform.stat(path).catch(() => undefined))?.isDirectory) found.push(path);
  }
  return found;
}

async function readProc(platform: Platform, path: string): Promise<string> {
  return new TextDecoder().decode(await platform.readFile(path, MAX_PROC_BYTES));
}

function isAtLeast(release: string, major: number, minor: number): boolean {
  const [, ours = "0", minors = "0"] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  return Number(ours) > major || (Number(ours) === major && Number(minors) >= minor);
}
