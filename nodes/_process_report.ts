import { systemClock } from "../engine/clock.ts";
import type { NodeContext } from "../engine/node.ts";
import type { Platform, Subprocess } from "../platform/types.ts";

const REPORT_AFTER_MS = 10;

/**
 * Tells the journal of a process. The answer calls it off.
 *
 * Where a process is found again by the mark in its environment, the journal need not know those that end at once:
 * reading and recording an identity would make a short command a tenth slower.
 */
export function reportProcess(
  platform: Platform,
  child: Subprocess,
  ctx: Pick<NodeContext, "processStarted">,
): () => void {
  const report = () => ctx.processStarted({ pid: child.pid, started: child.started });
  if (platform.os === "linux") return systemClock.setTimer(REPORT_AFTER_MS, report);
  report();
  return () => {};
}
