import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import type { Platform } from "../../platform/types.ts";
import { cacheFolder, keepFile } from "../sandbox/cache_folder.ts";
import { broughtPackage } from "./brought_package.ts";

/**
 * A folder in which Python finds the package `flowengine` that flow brings along: one for each content, in the cache
 * folder. Every file is looked at and, where it is not what it should be, replaced at once; so it does no harm if
 * somebody else does the same, was killed while doing so, or has cleared a part of it away.
 *
 * Undefined if flow brings none, or the cache folder cannot be written.
 */
export async function keepPackage(platform: Platform, files = broughtPackage): Promise<string | undefined> {
  if (files === undefined) return undefined;
  const hash = createHash("sha256").update(JSON.stringify(files)).digest("hex").slice(0, 16);
  const folder = join(cacheFolder(platform), `python-package-${hash}`);
  for (const [path, text] of Object.entries(files)) {
    const kept = await keepFile(
      join(folder, dirname(path)),
      path.split("/").at(-1) ?? "",
      new TextEncoder().encode(text),
    );
    if (kept === undefined) return undefined;
  }
  return folder;
}
