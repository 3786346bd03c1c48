import { FlowError } from "../engine/errors.ts";
import { BoundedBytes } from "./bounded_bytes.ts";
import { listFolder, replaceFile, watchFolder } from "./deno_files.ts";
import { createDenoHost } from "./deno_host.ts";
import { startDenoProcess } from "./deno_process.ts";
import { connect, openHttp } from "./deno_socket.ts";
import { Processes } from "./processes.ts";
import type { FileStat, Platform, Signal } from "./types.ts";

/** The {@link Platform} of a program that Deno runs. */
export function createPlatform(): Platform {
  const processes = new Processes(createDenoHost(), startDenoProcess);
  const { os } = Deno.build;
  return {
    name: "deno",
    os: os === "darwin" || os === "windows" ? os : "linux",
    arch: Deno.build.arch === "aarch64" ? "arm64" : "x64",
    isStandalone: Deno.build.standalone,
    pid: Deno.pid,
    parentPid: () => Deno.ppid,
    args: Deno.args,
    env: (name) => Deno.env.get(name),
    envAll: () => Deno.env.toObject(),
    cwd: () => Deno.cwd(),
    changeDir,
    hostname: () => Deno.hostname(),
    exit,
    forbidExit,
    onSignal,
    onStrayError,
    // deno.json names them.
    provideModules: () => Promise.resolve(),
    ...fileCalls,
    ...createTerminalCalls(),
    rss: () => Deno.memoryUsage().rss,
    connect,
    openHttp,
    spawn: (options) => processes.spawn(options),
    startedOf: (pid) => processes.startedOf(pid),
    endLeftovers: (leftover, graceMs) => processes.endLeftovers(leftover, graceMs),
    serve: async (options, handler) => (await import("./http_server.ts")).serve(options, handler),
  };
}

const fileCalls: Pick<
  Platform,
  "stat" | "readFile" | "writeFile" | "makeDir" | "replaceFile" | "listFolder" | "watchFolder"
> = {
  stat,
  readFile: (path, maxBytes) => translate("read", path, () => readFile(path, maxBytes)),
  writeFile: (path, data, options = {}) => translate("write", path, () => writeFile(path, data, options)),
  makeDir: (path, options = {}) => translate("create", path, () => Deno.mkdir(path, { recursive: true, ...options })),
  replaceFile: (path, data) => translate("write", path, () => replaceFile(path, data)),
  listFolder: (path) => translate("list", path, () => listFolder(path)),
  watchFolder,
};

function createTerminalCalls(): Pick<
  Platform,
  "readStdin" | "readHiddenLine" | "write" | "isTerminal" | "terminalSize"
> {
  return {
    readStdin: (maxBytes) => readAll("stdin", Deno.stdin, maxBytes),
    readHiddenLine: async (prompt) => await (await import("./deno_hidden_line.ts")).readHiddenLine(prompt),
    write: createWriter(),
    isTerminal: (stream) => Deno[stream].isTerminal(),
    terminalSize,
  };
}

function onSignal(signal: Signal, listener: () => void): () => void {
  // Windows knows neither: nobody can send one, so there is nothing to listen to.
  if (Deno.build.os === "windows" && (signal === "SIGTERM" || signal === "SIGQUIT")) return () => {};
  // Of the two, a program with a process group of its own is sent only the second.
  const known: Deno.Signal[] = Deno.build.os === "windows" && signal === "SIGINT" ? [signal, "SIGBREAK"] : [signal];
  for (const one of known) Deno.addSignalListener(one, listener);
  return () => known.forEach((one) => Deno.removeSignalListener(one, listener));
}

function onStrayError(listener: (error: unknown) => void): () => void {
  const onRejection = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    listener(event.reason);
  };
  const onError = (event: ErrorEvent) => {
    event.preventDefault();
    listener(event.error);
  };
  globalThis.addEventListener("unhandledrejection", onRejection);
  globalThis.addEventListener("error", onError);
  return () => {
    globalThis.removeEventListener("unhandledrejection", onRejection);
    globalThis.removeEventListener("error", onError);
  };
}

const { exit } = Deno;

function forbidExit(refuse: () => never): () => void {
  Deno.exit = refuse;
  return () => Deno.exit = exit;
}

function changeDir(path: string): void {
  try {
    Deno.chdir(path);
  } catch (error) {
    throw fileError("go to", path, error);
  }
}

async function stat(path: string): Promise<FileStat | undefined> {
  try {
    const { isFile, isDirectory, isCharDevice, isBlockDevice, size, mode } = await Deno.stat(path);
    const isDevice = Boolean(isCharDevice || isBlockDevice);
    return { isFile, isDirectory, isDevice, size, mode: mode === null ? undefined : mode & 0o777 };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw fileError("look at", path, error);
  }
}

async function readFile(path: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  return await readAll(`"${path}"`, file, maxBytes);
}

function writeFile(path: string, data: string | Uint8Array, options: Deno.WriteFileOptions): Promise<void> {
  return typeof data === "string" ? Deno.writeTextFile(path, data, options) : Deno.writeFile(path, data, options);
}

async function readAll(
  name: string,
  source: { read(buffer: Uint8Array): Promise<number | null> },
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new BoundedBytes(name, maxBytes);
  for (;;) {
    const count = await source.read(bytes.free);
    if (count === null) return bytes.taken;
    bytes.take(count);
  }
}

function terminalSize(): { columns: number; rows: number } | null {
  try {
    return Deno.consoleSize();
  } catch {
    return null;
  }
}

/** Writes of one stream wait for each other, so that a long text is never cut in two by another. */
function createWriter(): Platform["write"] {
  const last = { stdout: Promise.resolve(), stderr: Promise.resolve() };
  return (stream, data) => {
    const written = last[stream].then(() => writeAll(stream, new TextEncoder().encode(data)));
    last[stream] = written.catch(() => {});
    return written;
  };
}

async function writeAll(stream: "stdout" | "stderr", bytes: Uint8Array): Promise<void> {
  try {
    for (let sent = 0; sent < bytes.length;) sent += await Deno[stream].write(bytes.subarray(sent));
  } catch (error) {
    const state = error instanceof Deno.errors.BrokenPipe ? "nobody reads it any more" : reasonOf(error);
    throw new FlowError("unavailable", `Cannot write to ${stream}: ${state}`, { cause: error });
  }
}

async function translate<T>(action: string, path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw fileError(action, path, error);
  }
}

function fileError(action: string, path: string, cause: unknown): FlowError {
  if (cause instanceof FlowError) return cause;
  const message = (state: string) => `Cannot ${action} "${path}": ${state}`;
  if (cause instanceof Deno.errors.NotFound || cause instanceof Deno.errors.NotADirectory) {
    const hint = "Check the path for typing errors.";
    return new FlowError("not_found", message("there is no such file or folder"), { hint, cause });
  }
  if (cause instanceof Deno.errors.AlreadyExists) {
    const hint = "Choose another name, or remove what is there.";
    return new FlowError("conflict", message("it exists already"), { hint, cause });
  }
  if (cause instanceof Deno.errors.IsADirectory) {
    return new FlowError("invalid_argument", message("it is a folder"), { hint: "Give the path of a file.", cause });
  }
  if (cause instanceof Deno.errors.PermissionDenied) {
    const hint = "Check the permissions of the file and its folder.";
    return new FlowError("unavailable", message("permission denied"), { hint, cause });
  }
  return new FlowError("unavailable", message(reasonOf(cause)), { cause });
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
