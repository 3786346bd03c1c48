import { FlowError } from "../engine/errors.ts";
import { createDenoPlatform } from "./deno.ts";
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
  platform ??= openPlatform();
  return platform;
}

function openPlatform(): Platform {
  if ("Deno" in globalThis) return createDenoPlatform();
  throw new FlowError("unavailable", "Cannot run on this runtime: only Deno is supported so far", {
    hint: "Use the flow binary, or run it with Deno 2.9 or later.",
  });
}
