import type { FileHandle } from "node:fs/promises";
import { FlowError } from "../../engine/errors.ts";
import { downloadBytes, openDownload } from "./download.ts";
import { type MinisignKey, verifySignature } from "./minisign.ts";
import type { Release } from "./release_feed.ts";

/** With room to spare: they have some 100 MB. */
const MAX_EXECUTABLE_BYTES = 512 * 1024 * 1024;
const MAX_CHECKSUMS_BYTES = 64 * 1024;

/** How a release is fetched. */
export interface FetchOptions {
  readonly key: MinisignKey;
  readonly signal: AbortSignal;
  /** `total` is undefined if the server does not tell. */
  readonly onProgress: (received: number, total: number | undefined) => void;
}

/**
 * Writes the executable of a release to `draft`, which must not exist, after checking that the owner of the key has
 * signed its checksum for this very version.
 *
 * @throws {FlowError} `unavailable` if it cannot be had or trusted; `draft` may be there then, in parts
 */
export async function fetchRelease(
  { version, fileUrl, checksumsUrl, signatureUrl }: Release,
  draft: string,
  options: FetchOptions,
): Promise<void> {
  const { key, signal } = options;
  if (fileUrl === undefined) {
    throw new FlowError("not_found", `There is no flow ${version} for this system`, {
      hint: "Build it from its source (deno task compile), or use another version.",
    });
  }
  const limits = { maxBytes: MAX_CHECKSUMS_BYTES, signal };
  const checksums = await downloadBytes(checksumsUrl, limits);
  const signature = new TextDecoder().decode(await downloadBytes(signatureUrl, limits));
  const comment = await verifySignature(checksums, signature, key, checksumsUrl.href);
  // Else whoever serves the feed could offer an old release, with holes that are known, under a new number.
  if (comment !== `flow ${version}`) {
    throw untrusted(checksumsUrl, `it is signed as "${comment}", not as "flow ${version}"`);
  }
  const expected = findChecksum(new TextDecoder().decode(checksums), fileUrl);
  if (expected === undefined) throw untrusted(fileUrl, "the signed checksums do not name it");
  const actual = await writeDraft(draft, fileUrl, options);
  if (actual !== expected) {
    throw untrusted(fileUrl, `its SHA-256 is ${actual}, where ${expected} was signed`);
  }
}

/** From lines as `sha256sum` prints them: the hash, two characters, the name. */
function findChecksum(text: string, url: URL): string | undefined {
  const name = fileNameOf(url);
  for (const line of text.split("\n")) {
    const [, hash, file] = /^([0-9a-f]{64}) [ *](.+?)\r?$/.exec(line) ?? [];
    if (file === name) return hash;
  }
  return undefined;
}

function fileNameOf({ pathname }: URL): string {
  const name = pathname.slice(pathname.lastIndexOf("/") + 1);
  try {
    return decodeURIComponent(name);
  } catch {
    // A feed may say anything, such as "%E0".
    return name;
  }
}

/** Answers the SHA-256 of what it has written; it is on the disk by then. */
async function writeDraft(draft: string, url: URL, { signal, onProgress }: FetchOptions): Promise<string> {
  const { createHash } = await import("node:crypto");
  const { open } = await import("node:fs/promises");
  const hash = createHash("sha256");
  const file = await open(draft, "wx", 0o700);
  let received = 0;
  try {
    const { chunks, length } = await openDownload(url, { maxBytes: MAX_EXECUTABLE_BYTES, signal });
    for await (const chunk of chunks) {
      await writeAll(file, chunk);
      hash.update(chunk);
      received += chunk.length;
      onProgress(received, length);
    }
    await file.sync();
  } finally {
    await file.close();
  }
  return hash.digest("hex");
}

/** A disk that is nearly full takes a part of it, and says so only when it is asked again. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let from = 0; from < bytes.length;) from += (await file.write(bytes, from)).bytesWritten;
}

function untrusted(url: URL, reason: string): FlowError {
  return new FlowError("unavailable", `Cannot trust "${url.href}": ${reason}`, {
    hint: "Nothing was changed; try again, and tell whoever makes these releases if it stays so.",
    retryable: false,
  });
}
