import { FlowError } from "../engine/errors.ts";
import type { Host } from "./host.ts";

/** Where `execvp` looks if there is no PATH. */
const DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin";
const LARGEST_CACHE = 1000;

/**
 * Finds the program that a command names, so that a missing one is told apart from everything else that can go wrong,
 * and because a spawn by absolute path is cheaper.
 */
export class ProgramFinder {
  readonly #host: Host;
  readonly #found = new Map<string, string>();
  #lastPath = "";
  #isLastAbsolute = false;

  constructor(host: Host) {
    this.#host = host;
  }

  /**
   * The absolute path of `command`: names are looked up in `env.PATH`, paths are relative to `workdir`.
   *
   * @throws {FlowError} `program_not_found`, `invalid_config` (it is there, but cannot be executed)
   */
  find(command: string, env: Readonly<Record<string, string>>, workdir = "."): string {
    const { os } = this.#host;
    const findCwd = () => absolutePath(workdir, this.#host.cwd(), os);
    if (isPath(command, os)) return this.#check(command, absolutePath(command, findCwd(), os));
    const path = env["PATH"] ?? env["Path"] ?? DEFAULT_PATH;
    // Asking where we are costs a hundredth of a spawn, and matters only if PATH has relative folders.
    const key = `${this.#isAbsolute(path) ? "" : findCwd()}\0${path}\0${command}`;
    const known = this.#found.get(key);
    if (known !== undefined) return known;
    const program = this.#search(command, path, findCwd(), env["PATHEXT"]);
    if (this.#found.size >= LARGEST_CACHE) this.#found.clear();
    this.#found.set(key, program);
    return program;
  }

  /** Forgets what was found: programs come and go. */
  forget(): void {
    this.#found.clear();
  }

  #isAbsolute(path: string): boolean {
    if (path !== this.#lastPath) {
      this.#lastPath = path;
      this.#isLastAbsolute = this.#host.os !== "windows" && path.split(":").every((folder) => folder.startsWith("/"));
    }
    return this.#isLastAbsolute;
  }

  #search(command: string, path: string, cwd: string, extensions: string | undefined): string {
    const isWindows = this.#host.os === "windows";
    const endings = isWindows ? ["", ...(extensions ?? ".COM;.EXE;.BAT;.CMD").split(";")] : [""];
    let refused: string | undefined;
    for (const folder of path.split(isWindows ? ";" : ":")) {
      for (const ending of endings) {
        const candidate = absolutePath(`${folder || "."}/${command}${ending}`, cwd, this.#host.os);
        const kind = this.#host.fileKind(candidate);
        if (kind === "program") return candidate;
        if (kind === "file") refused ??= candidate;
      }
    }
    if (refused !== undefined) return this.#check(command, refused);
    throw programNotFound(command, `no folder of PATH has it`);
  }

  #check(command: string, path: string): string {
    const kind = this.#host.fileKind(path);
    if (kind === "program") return path;
    if (kind === "missing") throw programNotFound(command, "there is no such file");
    const state = kind === "folder" ? "it is a folder" : "it is not executable";
    const hint = kind === "folder" ? "Give the path of a program." : `Make it executable: chmod +x ${path}`;
    throw new FlowError("invalid_config", `Cannot run "${command}": ${state}`, { hint, retryable: false });
  }
}

function programNotFound(command: string, state: string): FlowError {
  const hint = /\s/.test(command.trim())
    ? "Put the arguments into args, or set shell to true to run a command line."
    : "Install the program, correct its name, or give its full path.";
  return new FlowError("program_not_found", `Cannot run "${command}": ${state}`, { hint, retryable: false });
}

function isPath(command: string, os: Host["os"]): boolean {
  return command.includes("/") || (os === "windows" && /[\\:]/.test(command));
}

function absolutePath(path: string, cwd: string, os: Host["os"]): string {
  const isAbsolute = path.startsWith("/") || (os === "windows" && /^([a-z]:)?[\\/]/i.test(path));
  return isAbsolute ? path : `${cwd}/${path}`.replaceAll(/\/(\.\/)+/g, "/").replace(/\/\.$/, "");
}
