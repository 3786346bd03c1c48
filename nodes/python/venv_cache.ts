import { sha256 } from "../../engine/sha256.ts";
import { chown, link, lstat, mkdir, open, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { getuid } from "node:process";
import { sleep, systemClock } from "../../engine/clock.ts";
import type { Platform } from "../../platform/types.ts";
import { cacheFolder } from "../sandbox/cache_folder.ts";

const POLL_MS = 100;
/** Whom sandboxes run as when flow is root; the folder that is filled has to be theirs. */
const NOBODY = 65_534;

/** Fills a folder, which is empty. */
export type FillFolder = (folder: string) => Promise<void>;

/**
 * Folders by the hash of what is in them, which are filled once, however many nodes and processes want the same at the
 * same time. A folder is there wholly or not at all.
 */
export class VenvCache {
  readonly #platform: Platform;
  readonly #root: string;

  constructor(platform: Platform, root: string = join(cacheFolder(platform), "python")) {
    this.#platform = platform;
    this.#root = root;
  }

  /** The folder for `parts`; whoever comes first fills it, the others wait. Rejects as soon as `signal` aborts. */
  async get(parts: readonly string[], signal: AbortSignal, fill: FillFolder): Promise<string> {
    const key = await hash(parts);
    const folder = join(this.#root, key);
    await mkdir(this.#root, { recursive: true, mode: 0o755 });
    while (!(await isThere(folder))) {
      signal.throwIfAborted();
      const lock = `${folder}.lock`;
      if (await this.#lock(lock)) {
        try {
          if (!(await isThere(folder))) await this.#fill(folder, fill);
        } finally {
          await rm(lock, { force: true });
        }
      } else if (!(await this.#breakDeadLock(lock))) {
        await sleep(systemClock, POLL_MS, signal);
      }
    }
    return folder;
  }

  async #fill(folder: string, fill: FillFolder): Promise<void> {
    const draft = `${folder}.draft`;
    // Left by somebody who was killed: nobody else works on it, because we hold the lock.
    await rm(draft, { recursive: true, force: true });
    try {
      await mkdir(draft, { mode: 0o755 });
      if (getuid?.() === 0) await chown(draft, NOBODY, NOBODY);
      await fill(draft);
      // Somebody has taken parts of it away.
      await rm(folder, { recursive: true, force: true });
      await rename(draft, folder);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
  }

  async #lock(path: string): Promise<boolean> {
    try {
      const file = await open(path, "wx");
      try {
        await file.writeFile(this.#owner());
      } finally {
        await file.close();
      }
      return true;
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
      throw error;
    }
  }

  /** Whether the lock belonged to a process that is gone; then it is gone, too. */
  async #breakDeadLock(path: string): Promise<boolean> {
    const owner = await readFile(path, "utf8").catch(() => undefined);
    if (owner === undefined) return true;
    // Written right after it was made: an empty one is being written now, or its writer died at that moment.
    const age = owner === "" ? await ageMs(path) : 0;
    const [pid, started] = owner.split(" ");
    if (owner === "" ? age < 5000 : this.#platform.startedOf(Number(pid)) === started) return false;
    const taken = `${path}.${crypto.randomUUID()}`;
    await rename(path, taken).catch(() => {});
    // Somebody may have broken it before us, and taken it: then it is theirs, and goes back.
    const isTheirs = await readFile(taken, "utf8").then((text) => text !== owner, () => false);
    if (isTheirs) await link(taken, path).catch(() => {});
    await rm(taken, { force: true });
    return !isTheirs;
  }

  #owner(): string {
    const { pid } = this.#platform;
    return `${pid} ${this.#platform.startedOf(pid) ?? ""}`;
  }
}

async function hash(parts: readonly string[]): Promise<string> {
  return (await sha256(JSON.stringify(parts))).slice(0, 40);
}

/** Judged by its Python, a link that may lead nowhere outside of the sandbox. */
async function isThere(folder: string): Promise<boolean> {
  return await lstat(join(folder, "bin", "python")).then(() => true, () => false);
}

async function ageMs(path: string): Promise<number> {
  return await stat(path).then(({ mtimeMs }) => Date.now() - mtimeMs, () => Infinity);
}
