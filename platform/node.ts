import { hostname } from "node:os";
import process from "node:process";
import { fileError } from "./node_errors.ts";
import { fileCalls } from "./node_files.ts";
import { createNodeHost, hostSystem } from "./node_host.ts";
import { openHttp } from "./node_http.ts";
import { startNodeProcess } from "./node_process.ts";
import { terminalCalls } from "./node_terminal.ts";
import { watchFolder } from "./node_watch.ts";
import { Processes } from "./processes.ts";
import type { Platform, Signal } from "./types.ts";

/** The {@link Platform} of a program that Node runs. */
export function createPlatform(): Platform {
  const processes = new Processes(createNodeHost(), startNodeProcess);
  return {
    name: "node",
    os: hostSystem(),
    arch: process.arch === "arm64" ? "arm64" : "x64",
    isStandalone: false,
    pid: process.pid,
    parentPid: () => process.ppid,
    args: process.argv.slice(2),
    env: (name) => process.env[name],
    envAll: () => ({ ...process.env as Record<string, string> }),
    cwd: () => process.cwd(),
    changeDir,
    hostname,
    exit,
    forbidExit,
    onSignal,
    onStrayError,
    provideModules: async (modules) => (await import("./node_provided_modules.ts")).provideModules(modules),
    ...fileCalls,
    watchFolder,
    ...terminalCalls,
    rss: () => process.memoryUsage.rss(),
    connect: async (address) => await (await import("./node_socket.ts")).connect(address),
    openHttp,
    spawn: (options) => processes.spawn(options),
    startedOf: (pid) => processes.startedOf(pid),
    endLeftovers: (leftover, graceMs) => processes.endLeftovers(leftover, graceMs),
    serve: async (options, handler) => (await import("./http_server.ts")).serve(options, handler),
  };
}

function onSignal(signal: Signal, listener: () => void): () => void {
  // Of the two, a program with a process group of its own is sent only the second.
  const known: NodeJS.Signals[] = process.platform === "win32" && signal === "SIGINT" ? [signal, "SIGBREAK"] : [signal];
  for (const one of known) process.on(one, listener);
  return () => known.forEach((one) => process.off(one, listener));
}

function onStrayError(listener: (error: unknown) => void): () => void {
  process.on("unhandledRejection", listener);
  process.on("uncaughtException", listener);
  return () => {
    process.off("unhandledRejection", listener);
    process.off("uncaughtException", listener);
  };
}

const exit = process.exit.bind(process);

function forbidExit(refuse: () => never): () => void {
  process.exit = refuse;
  return () => process.exit = exit;
}

function changeDir(path: string): void {
  try {
    process.chdir(path);
  } catch (error) {
    throw fileError("go to", path, error);
  }
}
