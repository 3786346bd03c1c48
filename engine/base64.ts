/** Newer runtimes have these built in, and are much faster at it. */
interface Native {
  toBase64?(): string;
}
const native = Uint8Array as { fromBase64?(text: string): Uint8Array };

/** Node has these; reading base64, they pass over whatever is none. */
interface NodeBuffers {
  Buffer?: { from(bytes: ArrayBufferLike, start: number, length: number): { toString(encoding: "base64"): string } };
}

/** A multiple of three: what it is in base64 needs no padding. */
const CHUNK_BYTES = 0x7ffe;

/** Bytes as base64 text, padded. */
export function encodeBase64(bytes: Uint8Array): string {
  // Not asked for before it is needed: Deno loads `node:buffer` for it, 5 ms.
  const encoded = (bytes as Native).toBase64?.() ??
    (globalThis as NodeBuffers).Buffer?.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
  if (encoded !== undefined) return encoded;
  let text = "";
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) {
    text += btoa(String.fromCharCode(...bytes.subarray(start, start + CHUNK_BYTES)));
  }
  return text;
}

/** The bytes of a base64 text; undefined if it is none. */
export function decodeBase64(text: string): Uint8Array | undefined {
  try {
    if (native.fromBase64 !== undefined) return native.fromBase64(text);
    const binary = atob(text);
    const bytes = new Uint8Array(binary.length);
    // Uint8Array.from() would take twenty times as long.
    for (let index = 0; index < binary.length; index++) bytes[index] = binary.charCodeAt(index);
    return bytes;
  } catch {
    return undefined;
  }
}
