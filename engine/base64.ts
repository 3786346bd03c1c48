/** Newer runtimes have these built in, and are much faster at it. */
interface Native {
  toBase64?(): string;
}
const native = Uint8Array as { fromBase64?(text: string): Uint8Array };

const CHUNK_BYTES = 0x8000;

/** Bytes as base64 text, padded. */
export function encodeBase64(bytes: Uint8Array): string {
  const encoded = (bytes as Native).toBase64?.();
  if (encoded !== undefined) return encoded;
  let binary = "";
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    binary += String.fromCharCode(...bytes.subarray(start, start + CHUNK_BYTES));
  }
  return btoa(binary);
}

/** The bytes of a base64 text; undefined if it is none. */
export function decodeBase64(text: string): Uint8Array | undefined {
  try {
    if (native.fromBase64 !== undefined) return native.fromBase64(text);
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}
