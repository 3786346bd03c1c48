import type { EngineOptions } from "../engine/engine_options.ts";
import { FlowError } from "../engine/errors.ts";
import { MAX_DOCUMENT_BYTES } from "../engine/read_source.ts";
import type { Platform } from "./types.ts";

/** What recovery needs of a machine. */
export type RecoveryPlatform = Pick<Platform, "hostname" | "pid" | "startedOf" | "endLeftovers">;
type FilePlatform = Pick<Platform, "readFile" | "stat">;

/** How long what a dead engine has left running may take to end by itself. */
const LEFTOVER_GRACE_MS = 2000;

/**
 * What makes an engine resume and rerun safely on this machine: it knows the dead, ends what they have left running, and
 * sees what has become of documents.
 */
export function recoveryOptions(
  platform: RecoveryPlatform & FilePlatform,
): Required<Pick<EngineOptions, "owner" | "isOwnerGone" | "endLeftover" | "readDocument">> {
  return {
    owner: createOwner(platform),
    isOwnerGone: (owner) => isOwnerGone(platform, owner),
    endLeftover: (leftover) => platform.endLeftovers(leftover, LEFTOVER_GRACE_MS),
    readDocument: (path) => readDocument(platform, path),
  };
}

async function readDocument(platform: FilePlatform, path: string): Promise<Uint8Array> {
  // Reading a pipe might never end.
  if ((await platform.stat(path))?.isFile) return await platform.readFile(path, MAX_DOCUMENT_BYTES);
  throw new FlowError("not_found", `Cannot read "${path}": there is no such file`);
}

/**
 * A name for one engine of this process in leases: `host:pid:started#engine`. It tells engines of one process apart, and
 * on the same machine it can be seen when the process is dead.
 */
export function createOwner(platform: RecoveryPlatform): string {
  const engine = crypto.randomUUID().slice(0, 8);
  return `${platform.hostname()}:${platform.pid}:${platform.startedOf(platform.pid) ?? ""}#${engine}`;
}

/** Whether `owner` was a process of this machine that does not live any more. Of other machines nothing is known. */
export function isOwnerGone(platform: RecoveryPlatform, owner: string): boolean {
  const [, host, pid, started] = /^([^:]*):(\d+):([^#]+)(?:#\w+)?$/.exec(owner) ?? [];
  if (started === undefined || host !== platform.hostname()) return false;
  // Whoever may not even see itself must not take the others for dead.
  if (platform.startedOf(platform.pid) === undefined) return false;
  return platform.startedOf(Number(pid)) !== started;
}
