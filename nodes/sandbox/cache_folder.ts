import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { getuid } from "node:process";
import type { Platform } from "../../platform/types.ts";

/** Where flow keeps what can be made again: `FLOW_CACHE_DIR`, for root `/var/cache/flow`, else in the home folder. */
export function cacheFolder(platform: Platform): string {
  const own = platform.env("FLOW_CACHE_DIR");
  if (own) return own;
  // The home folder of root is closed to the user whom sandboxes run as.
  if (getuid?.() === 0) return "/var/cache/flow";
  return join(platform.env("XDG_CACHE_HOME") || join(homedir(), ".cache"), "flow");
}

/** The path of a file with this content, written now if it is not there; undefined if it cannot be written. */
export async function keepFile(folder: string, name: string, content: Uint8Array): Promise<string | undefined> {
  const path = join(folder, name);
  try {
    const known = await readFile(path).catch(() => undefined);
    if (known !== undefined && known.length === content.length && known.every((byte, at) => byte === content[at])) {
      return path;
    }
    await mkdir(folder, { recursive: true, mode: 0o755 });
    const draft = `${path}.${crypto.randomUUID()}`;
    await writeFile(draft, content, { mode: 0o644 });
    await rename(draft, path);
    return path;
  } catch {
    return undefined;
  }
}
