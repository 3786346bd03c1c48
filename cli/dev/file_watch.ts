import { systemClock } from "../../engine/clock.ts";
import type { Platform } from "../../platform/types.ts";

/** How long nothing may change before a change counts as over: editors write in several steps. */
const QUIET_MS = 80;

/** What lies in there is not the user's own. */
const IGNORED_NAME = /^\.|~$|^node_modules$|\.tmp$/;

/** Watches files, also those that editors replace, that vanish and come back, or that are not there yet. */
export class FileWatch {
  readonly #platform: Pick<Platform, "watchFolder" | "os">;
  readonly #stops: (() => void)[] = [];
  readonly #changed = new Set<string>();
  #settled = Promise.withResolvers<void>();
  #stopTimer: () => void = () => {};

  constructor(platform: Pick<Platform, "watchFolder" | "os">) {
    this.#platform = platform;
  }

  /** Starts to watch files, by their absolute paths. */
  addFiles(paths: readonly string[]): void {
    const byFolder = Map.groupBy(new Set(paths), (path) => splitPath(path)[0]);
    for (const [folder, files] of byFolder) {
      const names = new Map(files.map((path) => [splitPath(path)[1], path]));
      this.#stops.push(this.#platform.watchFolder(folder, (changed) => {
        // Systems disagree about how the same folder is called.
        for (const path of changed) {
          const file = names.get(splitPath(path)[1]);
          if (file !== undefined) this.#note(file);
          else if (path === folder) files.forEach((each) => this.#note(each));
        }
      }));
    }
  }

  /** Starts to watch all that is in a folder, at any depth. */
  addFolder(folder: string): void {
    this.#stops.push(this.#platform.watchFolder(folder, (changed) => {
      const isOwn = (path: string) => !path.slice(folder.length).split(/[\\/]/).some((part) => IGNORED_NAME.test(part));
      if (changed.some(isOwn)) this.#note(folder);
    }, { deep: true }));
  }

  /** Resolves when something has changed and is quiet again. */
  get changed(): Promise<void> {
    return this.#settled.promise;
  }

  /** What has changed since the last call. */
  take(): Set<string> {
    const changed = new Set(this.#changed);
    this.#changed.clear();
    this.#settled = Promise.withResolvers();
    return changed;
  }

  stop(): void {
    this.#stopTimer();
    for (const stop of this.#stops) stop();
  }

  #note(path: string): void {
    this.#changed.add(path);
    this.#stopTimer();
    this.#stopTimer = systemClock.setTimer(QUIET_MS, () => this.#settled.resolve());
  }
}

function splitPath(path: string): [folder: string, name: string] {
  const at = Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\"));
  return [path.slice(0, at) || "/", path.slice(at + 1)];
}
