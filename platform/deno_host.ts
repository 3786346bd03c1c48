import type { FileKind, Host } from "./host.ts";
import type { Signal } from "./types.ts";

/** The calls of {@link Host} by Deno. */
export function createDenoHost(): Host {
  return {
    os: hostSystem(),
    pid: Deno.pid,
    cwd: () => Deno.cwd(),
    fileKind,
    readText: (path) => attempt(() => Deno.readTextFileSync(path)),
    listFolder: (path) => attempt(() => Array.from(Deno.readDirSync(path), (entry) => entry.name)) ?? [],
    kill: (pid, signal) => attempt(() => kill(pid, signal)) ?? false,
    run: (command, args) => attempt(() => run(command, args)) ?? "",
  };
}

function hostSystem(): Host["os"] {
  const { os } = Deno.build;
  return os === "darwin" || os === "windows" ? os : "linux";
}

function fileKind(path: string): FileKind {
  const info = attempt(() => Deno.statSync(path));
  if (info === undefined) return "missing";
  if (info.isDirectory) return "folder";
  return info.mode === null || (info.mode & 0o111) !== 0 ? "program" : "file";
}

function kill(pid: number, signal: Signal | 0): boolean {
  // Signal 0 works, but its type does not say so.
  Deno.kill(pid, signal as Signal);
  return true;
}

function run(command: string, args: string[]): string {
  const { stdout } = new Deno.Command(command, { args, stdin: "null", stdout: "piped", stderr: "null" }).outputSync();
  return new TextDecoder().decode(stdout);
}

/** Files and processes may be gone, or not ours: for a {@link Host} that is an answer, not an error. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
