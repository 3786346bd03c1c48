import type { FolderEntry } from "./types.ts";

/** The entries of a folder by name; a link counts as what it leads to, and not at all if that is gone. */
export async function listFolder(path: string): Promise<FolderEntry[]> {
  const entries: FolderEntry[] = [];
  for await (const { name, isDirectory, isSymlink } of Deno.readDir(path)) {
    if (!isSymlink) entries.push({ name, isDirectory });
    else {
      const target = await Deno.stat(`${path}/${name}`).catch(() => undefined);
      if (target !== undefined) entries.push({ name, isDirectory: target.isDirectory });
    }
  }
  return entries.sort((a, b) => a.name < b.name ? -1 : 1);
}

/** Writes beside the file and renames: whoever reads sees the old text or the new one, also after a crash. */
export async function replaceFile(path: string, data: string): Promise<void> {
  const target = await Deno.realPath(path).catch(() => path);
  const { mode } = await Deno.stat(target).catch(() => ({ mode: null }));
  const beside = `${target}.${Deno.pid}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    await Deno.writeTextFile(beside, data, { createNew: true });
    // Asked for at creation it would be cut by the umask.
    if (mode !== null && Deno.build.os !== "windows") await Deno.chmod(beside, mode & 0o7777);
    await Deno.rename(beside, target);
  } catch (error) {
    await Deno.remove(beside).catch(() => {});
    throw error;
  }
}

/** How long to wait before looking again for a folder that is not there. */
const ABSENT_MS = 500;

/**
 * Calls `onChange` with the paths of what changes directly in `folder`, until the answer is called. Folders are watched
 * rather than files, because editors replace files; one that vanishes is watched again as soon as it is back.
 */
export function watchFolder(
  folder: string,
  onChange: (paths: readonly string[]) => void,
  { deep = false }: { deep?: boolean } = {},
): () => void {
  let watcher: Deno.FsWatcher | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;
  const listen = async (opened: Deno.FsWatcher) => {
    for await (const { kind, paths } of opened) {
      if (kind === "access") continue;
      onChange(paths);
      if (kind === "remove" && paths.includes(folder)) break;
    }
  };
  const open = async (isAgain: boolean): Promise<void> => {
    try {
      watcher = Deno.watchFs(folder, { recursive: deep });
      if (isAgain) onChange([folder]);
      await listen(watcher);
    } catch {
      // It is not there, or not any more.
    }
    close(watcher);
    watcher = undefined;
    if (!isStopped) timer = setTimeout(() => void open(true), ABSENT_MS);
  };
  void open(false);
  return () => {
    isStopped = true;
    clearTimeout(timer);
    close(watcher);
  };
}

function close(watcher: Deno.FsWatcher | undefined): void {
  try {
    watcher?.close();
  } catch {
    // It has ended by itself.
  }
}
