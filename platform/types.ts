import type { HttpListener, ListenOptions, RequestHandler } from "./listener.ts";

/** Signals that `flow` sends and listens to. */
export type Signal = "SIGTERM" | "SIGKILL" | "SIGINT" | "SIGHUP" | "SIGQUIT";

/** How a process ended. */
export interface ProcessStatus {
  /** The exit code; 128 + n after a signal. */
  code: number;
  /** The signal that ended it, such as `SIGKILL`. */
  signal: string | null;
}

/** What to start. */
export interface SpawnOptions {
  /** A path (relative to `cwd`), or a name to look up in `env.PATH`. */
  command: string;
  args: readonly string[];
  /** The whole environment: nothing is inherited. */
  env: Readonly<Record<string, string>>;
  cwd?: string | undefined;
  stdin: "piped" | "null";
  stdout: "piped" | "null";
  stderr: "piped" | "null";
  /** Text that marks the process and all that it starts (as the environment variable `FLOW_ATTEMPT_ID`). */
  mark?: string | undefined;
}

/** A running process and everything that it started. */
export interface Subprocess {
  readonly pid: number;
  /** Differs for every process that ever had this pid. Read while the process runs, else it says only that it is gone. */
  readonly started: string;
  readonly stdin: WritableStream<Uint8Array> | null;
  readonly stdout: ReadableStream<Uint8Array> | null;
  readonly stderr: ReadableStream<Uint8Array> | null;
  /** Resolves when the process itself has ended; its descendants may live on. */
  readonly status: Promise<ProcessStatus>;
  /** Sends a signal to the process and all its descendants, also those whose parent has ended. */
  signalTree(signal: Signal): void;
  /** Whether the process or a descendant is still there. */
  isTreeAlive(): boolean;
  /** SIGTERM to all of them, then SIGKILL to what is left after `graceMs`. Resolves when nothing is left. */
  endTree(graceMs: number): Promise<void>;
}

/** What a dead engine may have left running. */
export interface Leftover {
  mark: string;
  process?: { pid: number; started: string };
}

/** Where a server listens: a unix socket, or a TCP port, with TLS if `tls` is given. */
export type SocketAddress = { path: string } | { hostname: string; port: number; tls?: TlsIdentity | undefined };

/** Whom to trust, and who we are; all of it PEM text. */
export interface TlsIdentity {
  /** Trusted besides the authorities of the machine. */
  ca?: string | undefined;
  cert?: string | undefined;
  key?: string | undefined;
}

/** A connection whose two directions end independently of each other. */
export interface Duplex {
  /** Fills a part of `buffer`; null when the other side has ended its direction. */
  read(buffer: Uint8Array): Promise<number | null>;
  /** Writes all of `bytes`. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends our direction: the other side has read all then, and may still answer. */
  closeWrite(): Promise<void>;
  /** Ends both directions at once; pending reads and writes reject. May be called again. */
  close(): void;
}

/** HTTP to one server. */
export interface HttpConnection {
  /** `path` begins with a slash. Rejects like `fetch`. */
  fetch(path: string, init: RequestInit): Promise<Response>;
  /** Closes all that is open. */
  close(): void;
}

/** What {@link Platform.stat} tells. */
export interface FileStat {
  isFile: boolean;
  isDirectory: boolean;
  /** A device such as `/dev/zero`: it may have no end, or wait for someone to type. */
  isDevice: boolean;
  size: number;
  /** Permissions, such as `0o600`; undefined where files have none of this kind. */
  mode: number | undefined;
}

/** Something in a folder. */
export interface FolderEntry {
  name: string;
  isDirectory: boolean;
}

/**
 * What differs between Deno and Node. Everything else in the project uses web standards and `node:` modules.
 * All paths are as the operating system writes them. Calls on files throw `FlowError`s: `not_found`, `conflict` (it is
 * there already), `invalid_argument` (a folder where a file is needed), and `unavailable` for the rest.
 */
export interface Platform {
  readonly name: "deno" | "node";
  readonly os: "linux" | "darwin" | "windows";
  readonly arch: "x64" | "arm64";
  /** Whether program and runtime are one executable, which imports files of the user's but no packages. */
  readonly isStandalone: boolean;
  readonly pid: number;
  /** The process that has started this one; another number when that has ended (but on Windows). */
  parentPid(): number;
  readonly args: readonly string[];
  env(name: string): string | undefined;
  envAll(): Record<string, string>;
  cwd(): string;
  /** Makes `path` the working folder. @throws {FlowError} */
  changeDir(path: string): void;
  hostname(): string;
  exit(code: number): never;
  /** Calls `refuse` when any other code wants to end the program (`Deno.exit`, `process.exit`). The answer undoes it. */
  forbidExit(refuse: () => never): () => void;
  /** Calls `listener` for every such signal, instead of what the system does by default. The answer undoes it. */
  onSignal(signal: Signal, listener: () => void): () => void;
  /**
   * Calls `listener` for every error that nobody handles: a rejected promise that nobody awaits, or what a timer threw;
   * without a listener it ends the program. The answer undoes it.
   */
  onStrayError(listener: (error: unknown) => void): () => void;
  /**
   * Lets modules that are imported later, from any folder, import these by their names. It does nothing where the
   * runtime's own configuration says what they are.
   */
  provideModules(modules: Readonly<Record<string, object>>): Promise<void>;
  /** Refuses (`invalid_argument`) what is longer than `maxBytes`, as soon as so much has been read. */
  readFile(path: string, maxBytes: number): Promise<Uint8Array<ArrayBuffer>>;
  writeFile(path: string, data: string | Uint8Array, options?: { createNew?: boolean; mode?: number }): Promise<void>;
  /** Puts `data` in the place of a file, or of nothing, at once; keeps its mode, and follows links. */
  replaceFile(path: string, data: string): Promise<void>;
  /** What is in a folder, by name. */
  listFolder(path: string): Promise<FolderEntry[]>;
  /**
   * Calls `onChange` with the paths of what changes directly in `folder` (with `deep`: at any depth), or with `folder`
   * itself when it has come back, until the answer is called.
   */
  watchFolder(folder: string, onChange: (paths: readonly string[]) => void, options?: { deep?: boolean }): () => void;
  /** Makes missing parents too; a folder that is there already is no error. */
  makeDir(path: string, options?: { mode?: number }): Promise<void>;
  /** Undefined if there is nothing at `path`. */
  stat(path: string): Promise<FileStat | undefined>;
  /** The whole of standard input; refuses like `readFile`. */
  readStdin(maxBytes: number): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * A line that is typed at the terminal of stdin, without showing it; undefined if the user gives up (Ctrl-C, Ctrl-D).
   * `prompt` goes to stderr, when nothing that is typed is shown any more.
   */
  readHiddenLine(prompt: string): Promise<string | undefined>;
  /**
   * Writes all of `data` to stdout or stderr, after what earlier calls have written; resolves when it is written
   * (back-pressure). Rejects with `unavailable` if nobody reads any more.
   */
  write(stream: "stdout" | "stderr", data: string): Promise<void>;
  isTerminal(stream: "stdin" | "stdout" | "stderr"): boolean;
  /** Null where there is no terminal. */
  terminalSize(): { columns: number; rows: number } | null;
  /** Resident memory in bytes. */
  rss(): number;
  /** @throws {FlowError} `not_found` (no such socket), `connection_failed`, `unavailable` (permission denied) */
  connect(address: SocketAddress): Promise<Duplex>;
  /** HTTP over a unix socket or TCP; connects when it is first used. */
  openHttp(address: SocketAddress): HttpConnection;
  /** @throws {FlowError} `program_not_found`, `invalid_config` (not executable, no such folder), `unavailable` */
  spawn(options: SpawnOptions): Subprocess;
  /**
   * Text that tells the living process with this pid from every other that ever had the pid (on Windows only that there
   * is one); undefined if there is none.
   */
  startedOf(pid: number): string | undefined;
  /**
   * Ends what is left of an attempt that a dead engine had started: the process with that identity (if it is still the
   * same one), its descendants, and everything that carries `mark`. SIGTERM, then SIGKILL after `graceMs`.
   * Answers how many processes it ended. Without /proc (macOS, Windows) only the process with its group can be found.
   */
  endLeftovers(leftover: Leftover, graceMs: number): Promise<number>;
  /**
   * Serves HTTP and WebSockets.
   * @throws {FlowError} `unavailable` if it cannot listen there
   */
  serve(options: ListenOptions, handler: RequestHandler): Promise<HttpListener>;
}
