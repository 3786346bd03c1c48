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

/** The stable id of one try of one node: the same on every machine, another one for the next try. */
export function attemptId(executionId: string, nodeId: string, index: number, attempt: number): string {
  return nameToId(JSON.stringify([executionId, nodeId, index, attempt]));
}

/** The namespace of this project's names: chosen at random once, never to change. */
const NAMESPACE = Uint8Array.from([91, 14, 44, 148, 29, 106, 79, 62, 154, 71, 108, 16, 139, 210, 67, 119]);

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

function formatUuid(source: Uint8Array, version: number): string {
  let text = "";
  for (let i = 0; i < 16; i++) {
    let byte = source[i] ?? 0;
    if (i === 6) byte = (byte & 0x0f) | (version << 4);
    if (i === 8) byte = (byte & 0x3f) | 0x80;
    if (i === 4 || i === 6 || i === 8 || i === 10) text += "-";
    text += HEX[byte];
  }
  return text;
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

/** The message schedule of the block at hand. */
const words = new Int32Array(80);

// Plain loops on 32-bit integers: this runs for every attempt that starts a process, 2 us instead of 80.
function sha1Block(hash: Uint32Array, view: DataView, offset: number): void {
  for (let i = 0; i < 16; i++) words[i] = view.getInt32(offset + i * 4);
  for (let i = 16; i < 80; i++) {
    words[i] = rotl(word(i - 3) ^ word(i - 8) ^ word(i - 14) ^ word(i - 16), 1);
  }
  let [a = 0, b = 0, c = 0, d = 0, e = 0] = hash;
  for (let i = 0; i < 80; i++) {
    const next = (rotl(a, 5) + round(i, b, c, d) + e + word(i)) | 0;
    e = d;
    d = c;
    c = rotl(b, 30);
    b = a;
    a = next;
  }
  const sums = [a, b, c, d, e];
  for (let i = 0; i < 5; i++) hash[i] = (hash[i] ?? 0) + (sums[i] ?? 0);
}

function round(i: number, b: number, c: number, d: number): number {
  if (i < 20) return ((b & c) | (~b & d)) + 0x5a827999;
  if (i < 40) return (b ^ c ^ d) + 0x6ed9eba1;
  if (i < 60) return ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc;
  return (b ^ c ^ d) + 0xca62c1d6;
}

function rotl(bits: number, by: number): number {
  return (bits << by) | (bits >>> (32 - by));
}

function word(i: number): number {
  return words[i] ?? 0;
}
