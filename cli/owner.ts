import type { Platform } from "../platform/types.ts";

/** The name of this process in leases: `host:pid:started`, so that its death can be told on the same machine. */
export function ownerName(platform: Platform): string {
  return `${platform.hostname()}:${platform.pid}:${platform.startedOf(platform.pid) ?? ""}`;
}

/** Whether `owner` was a process of this machine that does not live any more. Of other machines nothing is known. */
export function isOwnerGone(platform: Platform, owner: string): boolean {
  const [host, pid = "", ...started] = owner.split(":");
  if (host !== platform.hostname() || !/^\d+$/.test(pid)) return false;
  return platform.startedOf(Number(pid)) !== started.join(":");
}
