import { asBytes, type GuestFile } from "./files.ts";

/** Of files per request: arguments have limits, and so may have the lines that the agent in the VM reads. */
const PACK_BYTES = 32 * 1024;
/** What a small file costs at least. */
const PATH_BYTES = 256;

/** A part of a file. */
export interface Piece {
  path: string;
  isFirst: boolean;
  bytes: Uint8Array;
}

/** The contents of files, in pieces that fit into a request together. */
export function packPieces(files: readonly GuestFile[]): Piece[][] {
  const packs: Piece[][] = [];
  let room = 0;
  for (const { path, content } of files) {
    const bytes = asBytes(content);
    for (let at = 0; at === 0 || at < bytes.length;) {
      if (room < PATH_BYTES) {
        packs.push([]);
        room = PACK_BYTES;
      }
      const piece = bytes.subarray(at, at + room);
      packs.at(-1)?.push({ path, isFirst: at === 0, bytes: piece });
      room -= piece.length + PATH_BYTES;
      at += Math.max(1, piece.length);
    }
  }
  return packs;
}
