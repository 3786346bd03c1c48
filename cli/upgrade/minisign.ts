import { FlowError } from "../../engine/errors.ts";

/** An Ed25519 public key of minisign. */
export interface MinisignKey {
  readonly id: Uint8Array<ArrayBuffer>;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const KEY_ALGORITHM = "Ed";
/** The signature is one of the BLAKE2b hash of the file; what minisign writes unless it is told otherwise. */
const PREHASHED_ALGORITHM = "ED";
const KEY_BYTES = 2 + 8 + 32;
const SIGNATURE_BYTES = 2 + 8 + 64;

/**
 * Reads a public key: the file that `minisign -G` writes, or its last line alone.
 *
 * @throws {FlowError} `invalid_argument`
 */
export function parsePublicKey(text: string): MinisignKey {
  const line = text.trim().split("\n").at(-1)?.trim() ?? "";
  const bytes = decodeBase64(line);
  if (bytes?.length === KEY_BYTES && asciiOf(bytes.subarray(0, 2)) === KEY_ALGORITHM) {
    return { id: bytes.slice(2, 10), bytes: bytes.slice(10) };
  }
  throw new FlowError("invalid_argument", `Cannot use "${line.slice(0, 80)}" as a key of releases`, {
    hint: 'Give a public key of minisign: the line that begins with "RW".',
  });
}

/**
 * Checks that `signature`, the text of a `.minisig` file, is one of `content` by the owner of `key`, and answers its
 * trusted comment, which the signature covers too. The format: https://jedisct1.github.io/minisign/#signature-format
 *
 * @throws {FlowError} `unavailable`, with the reason
 */
export async function verifySignature(
  content: Uint8Array<ArrayBuffer>,
  signature: string,
  key: MinisignKey,
  name: string,
): Promise<string> {
  const refuse = (reason: string) =>
    new FlowError("unavailable", `Cannot trust "${name}": ${reason}`, {
      hint: "Nothing was changed; tell whoever makes these releases.",
      retryable: false,
    });
  const [, first = "", comment = "", last = ""] = signature.split("\n").map((line) => line.replace(/\r$/, ""));
  const bytes = decodeBase64(first);
  const commentSignature = decodeBase64(last);
  const label = "trusted comment: ";
  if (bytes?.length !== SIGNATURE_BYTES || commentSignature?.length !== 64 || !comment.startsWith(label)) {
    throw refuse("its signature is not one of minisign");
  }
  if (asciiOf(bytes.subarray(0, 2)) !== PREHASHED_ALGORITHM) {
    throw refuse("its signature is of an old kind (made with minisign -l)");
  }
  if (!key.id.every((byte, at) => byte === bytes[2 + at])) throw refuse("it is signed with another key");
  const { createHash } = await import("node:crypto");
  const hash = new Uint8Array(createHash("blake2b512").update(content).digest());
  const signed = bytes.slice(10);
  if (!await isSignature(key, signed, hash)) throw refuse("its signature is wrong");
  const trusted = comment.slice(label.length);
  const both = new Uint8Array([...signed, ...new TextEncoder().encode(trusted)]);
  if (!await isSignature(key, commentSignature, both)) throw refuse("the comment of its signature was changed");
  return trusted;
}

async function isSignature(
  key: MinisignKey,
  signature: Uint8Array<ArrayBuffer>,
  data: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const imported = await crypto.subtle.importKey("raw", key.bytes, "Ed25519", false, ["verify"]);
  return await crypto.subtle.verify("Ed25519", imported, signature, data);
}

function asciiOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9+/]{4,400}={0,2}$/.test(text)) return undefined;
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
