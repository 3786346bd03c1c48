import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import process from "node:process";
import type { FileKind, Host } from "./host.ts";

/** The calls of {@link Host} by Node. */
export function createNodeHost(): Host {
  return {
    os: hostSystem(),
    pid: process.pid,
    cwd: () => process.cwd(),
    fileKind,
    readText: (path) => attempt(() => readFileSync(path, "utf8")),
    listFolder: (path) => attempt(() => readdirSync(path)) ?? [],
    kill: (pid, signal) => attempt(() => process.kill(pid, signal)) ?? false,
    run: (command, args) => attempt(() => run(command, args)) ?? "",
  };
}

/** The system that the program runs on; whatever is neither macOS nor Windows is taken for Linux. */
export function hostSystem(): Host["os"] {
  if (process.platform === "win32") return "windows";
  return process.platform === "darwin" ? "darwin" : "linux";
}

function fileKind(path: string): FileKind {
  const info = attempt(() => statSync(path, { throwIfNoEntry: false }));
  if (info === undefined) return "missing";
  if (info.isDirectory()) return "folder";
  return process.platform === "win32" || (info.mode & 0o111) !== 0 ? "program" : "file";
}

function run(command: string, args: string[]): string {
  return spawnSync(command, args, { stdio: ["ignore", "pipe", "ignore"], encoding: "utf8" }).stdout ?? "";
}

/** Files and processes may be gone, or not ours: for a {@link Host} that is an answer, not an error. */
function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
