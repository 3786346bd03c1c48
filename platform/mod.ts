// In the package for Node, node.ts stands in its place: so no runtime reads, or looks for, what is another's.
import { createPlatform } from "./deno.ts";
import type { Platform } from "./types.ts";

export type { HttpListener, ListenOptions, RequestHandler, RequestInfo } from "./listener.ts";
export type {
  Duplex,
  FileStat,
  FolderEntry,
  HttpConnection,
  Leftover,
  Platform,
  ProcessStatus,
  Signal,
  SocketAddress,
  SpawnOptions,
  Subprocess,
  TlsIdentity,
} from "./types.ts";

let platform: Platform | undefined;

/** The runtime that this program runs on; always the same object. */
export function getPlatform(): Platform {
  platform ??= createPlatform();
  return platform;
}
