import { type FSWatcher, statSync, watch } from "node:fs";
import { join } from "node:path";

/** How long to wait before looking again for a folder that is not there. */
const ABSENT_MS = 500;

/** See {@link Platform.watchFolder}. */
export function watchFolder(
  folder: string,
  onChange: (paths: readonly string[]) => void,
  { deep = false }: { deep?: boolean } = {},
): () => void {
  let watcher: FSWatcher | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;
  const reopenLater = () => {
    watcher?.close();
    watcher = undefined;
    clearTimeout(timer);
    if (!isStopped) timer = setTimeout(() => open(true), ABSENT_MS);
  };
  const open = (isAgain: boolean) => {
    const inode = inodeOf(folder);
    if (inode === undefined) return reopenLater();
    try {
      watcher = watch(folder, { recursive: deep }, (_, name) => {
        if (isStopped) return;
        // Of the folder itself it tells under the folder's own name; and another one may have taken its place.
        const isThere = inodeOf(folder) === inode;
        onChange([isThere && name !== null ? join(folder, name) : folder]);
        if (!isThere) reopenLater();
      });
      watcher.on("error", reopenLater);
    } catch {
      return reopenLater();
    }
    if (isAgain) onChange([folder]);
  };
  open(false);
  return () => {
    isStopped = true;
    clearTimeout(timer);
    watcher?.close();
  };
}

/** Undefined for what is not there, or cannot be looked at. */
function inodeOf(folder: string): number | undefined {
  try {
    return statSync(folder).ino;
  } catch {
    return undefined;
  }
}
