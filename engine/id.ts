/**
 * Identifiers of RFC 9562. Our own, because `crypto.subtle` is asynchronous and `node:crypto` costs more start-up time
 * than the rest of the engine together.
 */

/** A random UUID whose text sorts by the time it was made (version 7). */
export function createId(now: number): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  for (let i = 5, rest = now; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  return formatUuid(bytes, 7);
}

/** The UUID that a name always has within this project (version 5, RFC 9562 section 5.5). */
export function nameToId(name: string): string {
  return formatUuid(sha1(concat(NAMESPACE, new TextEncoder().encode(name))), 5);
}

/** The stable id of one try of one node: the idempotency key that nodes hand to other systems. */
export function attemptId(executionId: string, nodeId: string, index: number, attempt: number): string {
  return nameToId(JSON.stringify([executionId, nodeId, index, attempt]));
}

/** The namespace of this project's names: chosen at random once, never to change. */
const NAMESPACE = Uint8Array.from([91, 14, 44, 148, 29, 106, 79, 62, 154, 71, 108, 16, 139, 210, 67, 119]);

function formatUuid(source: Uint8Array, version: number): string {
  const bytes = source.slice(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | (version << 4);
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

/** SHA-1 as in FIPS 180-4, section 6.1: for identifiers, not for security. */
export function sha1(message: Uint8Array): Uint8Array {
  const padded = new Uint8Array(((message.length + 8 >> 6) + 1) * 64);
  padded.set(message);
  padded[message.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(message.length / 0x2000_0000));
  view.setUint32(padded.length - 4, message.length << 3);
  const hash = Uint32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);
  for (let offset = 0; offset < padded.length; offset += 64) sha1Block(hash, view, offset);
  const out = new DataView(new ArrayBuffer(20));
  hash.forEach((word, i) => out.setUint32(i * 4, word));
  return new Uint8Array(out.buffer);
}

function sha1Block(hash: Uint32Array, view: DataView, offset: number): void {
  const words = new Uint32Array(80);
  for (let i = 0; i < 16; i++) words[i] = view.getUint32(offset + i * 4);
  for (let i = 16; i < 80; i++) {
    words[i] = rotl(at(words, i - 3) ^ at(words, i - 8) ^ at(words, i - 14) ^ at(words, i - 16), 1);
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = hash;
  for (let i = 0; i < 80; i++) {
    const next = (rotl(a, 5) + round(i, b, c, d) + e + at(words, i)) >>> 0;
    [e, d, c, b, a] = [d, c, rotl(b, 30), a, next];
  }
  [a, b, c, d, e].forEach((word, i) => hash[i] = at(hash, i) + word);
}

function round(i: number, b: number, c: number, d: number): number {
  if (i < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (i < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (i < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

function rotl(word: number, bits: number): number {
  return ((word << bits) | (word >>> (32 - bits))) >>> 0;
}

function at(words: Uint32Array, i: number): number {
  return words[i] ?? 0;
}
