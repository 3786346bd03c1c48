import { systemClock } from "../engine/clock.ts";
import type { Platform } from "../platform/types.ts";

const INTERVAL_MS = 500;

/**
 * Calls `onEnd` when the process has ended that has started this one, if that has asked for it with
 * `FLOW_END_WITH_PARENT=1`: a program that is killed cannot end what it has started. The answer undoes it.
 */
export function watchParent(platform: Platform, onEnd: () => void): () => void {
  if (platform.env("FLOW_END_WITH_PARENT") !== "1") return () => {};
  const parent = platform.parentPid();
  let stop = () => {};
  const look = () => {
    if (platform.parentPid() !== parent) onEnd();
    else stop = systemClock.setTimer(INTERVAL_MS, look);
  };
  look();
  return () => stop();
}
