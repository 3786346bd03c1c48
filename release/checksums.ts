import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { basename } from "node:path";

/** SHA-256 in hexadecimal digits, by names of files. */
export type Checksums = ReadonlyMap<string, string>;

/** Of files in any folders; their names have to differ. */
export async function computeChecksums(paths: readonly string[]): Promise<Checksums> {
  const checksums = new Map<string, string>();
  for (const path of paths) {
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(path)) hash.update(chunk);
    checksums.set(basename(path), hash.digest("hex"));
  }
  return checksums;
}

/** As `sha256sum` prints them and checks them, by name. */
export function formatChecksums(checksums: Checksums): string {
  const names = [...checksums.keys()].sort();
  return names.map((name) => `${checksums.get(name)}  ${name}\n`).join("");
}

/** @throws {Error} if there is none for this file */
export function checksumOf(checksums: Checksums, name: string): string {
  const checksum = checksums.get(name);
  if (checksum === undefined) throw new Error(`There is no checksum of "${name}"`);
  return checksum;
}
