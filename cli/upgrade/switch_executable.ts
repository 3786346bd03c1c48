import { FlowError } from "../../engine/errors.ts";
import type { Platform } from "../../platform/types.ts";

/**
 * How executables change places. Everything is in one folder, so that renaming is all or nothing.
 *
 *   S1. On POSIX there is a working executable at `path` at every moment: whoever is killed leaves the old or the new.
 *   S2. What was at `path` before is at `previousPath(path)` as soon as the new one is at `path`.
 *   S3. Windows lets nobody replace or remove an executable that runs, but lets it be renamed: there, between two
 *       renames, there is only the previous one. If a rename fails, those before it are undone.
 */

/** What a copy of a file gets: not the right to run as its owner, who may be another one now. */
export const PERMISSIONS = 0o777;

/** Where the executable before this one is kept. */
export function previousPath(path: string): string {
  return path.endsWith(".exe") ? path.replace(/\.exe$/, ".previous.exe") : `${path}.previous`;
}

/** A new name beside `path` for what is not finished; the pid in it tells whether somebody still works on it. */
export function draftPath(path: string, pid: number): string {
  const name = `.flow-upgrade-${pid}-${crypto.randomUUID().slice(0, 8)}`;
  return `${path.replace(/[^\\/]+$/, name)}${path.endsWith(".exe") ? ".exe" : ""}`;
}

/** Removes what upgrades have left that were cut off. */
export async function removeStaleDrafts(platform: Platform, path: string): Promise<void> {
  const { readdir, rm } = await import("node:fs/promises");
  const { dirname, join } = await import("node:path");
  const folder = dirname(path);
  for (const name of await readdir(folder)) {
    const [, pid] = /^\.flow-upgrade-(\d+)-[0-9a-f]{8}(?:\.exe)?$/.exec(name) ?? [];
    if (pid === undefined || platform.startedOf(Number(pid)) !== undefined) continue;
    // Windows keeps one that still runs.
    await rm(join(folder, name), { force: true }).catch(() => {});
  }
}

/** Puts `draft` in the place of `path`, and what was there in that of the previous one. */
export async function switchTo(platform: Platform, path: string, draft: string): Promise<void> {
  if (platform.os === "windows") return await switchByRenaming(platform, path, draft);
  const { rename, rm } = await import("node:fs/promises");
  const kept = draftPath(path, platform.pid);
  try {
    await duplicate(path, kept);
    await rename(kept, previousPath(path));
  } finally {
    // Renaming does nothing if both names are of the same file already, as after an upgrade that was cut off.
    await rm(kept, { force: true });
  }
  await rename(draft, path);
  await syncFolder(path);
}

async function switchByRenaming(platform: Platform, path: string, draft: string): Promise<void> {
  const { rm } = await import("node:fs/promises");
  const previous = previousPath(path);
  const away = draftPath(path, platform.pid);
  const isKept = await platform.stat(previous) !== undefined;
  await renameAll([...(isKept ? [[previous, away] as const] : []), [path, previous], [draft, path]]);
  // The one before the previous one may still run: then a later upgrade removes it.
  await rm(away, { force: true }).catch(() => {});
}

/** All of the renames, each `[from, to]`, or none of them (S3). */
async function renameAll(moves: readonly (readonly [from: string, to: string])[]): Promise<void> {
  const { rename } = await import("node:fs/promises");
  const done: typeof moves[number][] = [];
  try {
    for (const [from, to] of moves) {
      await rename(from, to);
      done.push([from, to]);
    }
  } catch (error) {
    for (const [from, to] of done.reverse()) await rename(to, from);
    throw error;
  }
}

/**
 * Puts the previous executable back; the present one becomes the previous one, so that this can be undone too.
 *
 * @throws {FlowError} `not_found` if there is none
 */
export async function switchBack(platform: Platform, path: string): Promise<void> {
  const { rename, rm } = await import("node:fs/promises");
  const previous = previousPath(path);
  const kept = draftPath(path, platform.pid);
  if (platform.os === "windows") return await renameAll([[path, kept], [previous, path], [kept, previous]]);
  try {
    await duplicate(path, kept);
    await rename(previous, path);
    await rename(kept, previous);
  } finally {
    await rm(kept, { force: true });
  }
  await syncFolder(path);
}

/** A second name for the same file or, where file systems have none, a copy. */
async function duplicate(from: string, to: string): Promise<void> {
  const { chmod, copyFile, link, stat } = await import("node:fs/promises");
  try {
    await link(from, to);
  } catch {
    await copyFile(from, to);
    await chmod(to, (await stat(from)).mode & PERMISSIONS);
    await syncFile(to);
  }
}

/** Waits until the disk has a file, so that after a power cut no empty one stands under its name. */
async function syncFile(path: string): Promise<void> {
  const { open } = await import("node:fs/promises");
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(path: string): Promise<void> {
  const { open } = await import("node:fs/promises");
  const { dirname } = await import("node:path");
  // Not all file systems can, and the names are right either way.
  const folder = await open(dirname(path), "r").catch(() => undefined);
  await folder?.sync().catch(() => {});
  await folder?.close();
}

/** Says what is wrong with the folder of an executable. */
export function folderError(path: string, cause: unknown): unknown {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "ENOSPC") {
    return new FlowError("unavailable", `Cannot replace "${path}": the disk is full`, {
      hint: "Free some 200 MB first.",
      cause,
    });
  }
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return new FlowError("unavailable", `Cannot replace "${path}": its folder is not writable`, {
      hint: "Run it as a user who may write there, such as with sudo.",
      cause,
    });
  }
  if (cause instanceof FlowError || !(cause instanceof Error) || typeof code !== "string") return cause;
  return new FlowError("unavailable", `Cannot replace "${path}": ${cause.message}`, {
    hint: "Look at what is in its folder.",
    cause,
  });
}
