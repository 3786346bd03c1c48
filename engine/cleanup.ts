/**
 * Closes what nodes have opened outside of this process (`ctx.resourceOpened`) and not closed themselves: at the end of
 * an execution what was to stay that long, on resume what attempts that were cut off have left. What cannot be closed
 * keeps nothing from going on.
 */
import type { Clock } from "./clock.ts";
import { FlowError, toFlowError } from "./errors.ts";
import type { NodeSubject } from "./events.ts";
import type { OpenResource, ResourceScope } from "./node.ts";
import type { Recorder } from "./recorder.ts";
import type { NodeRegistry } from "./registry.ts";
import type { SecretGuard } from "./secret_guard.ts";
import type { ExecutionState } from "./state.ts";

/** How long closing may take; all is closed at the same time. */
export const CLOSE_TIMEOUT_MS = 15_000;

/** What closing needs. */
export interface Closer {
  registry: NodeRegistry;
  clock: Clock;
  /** Those that may be in what was opened. */
  secrets?: SecretGuard | undefined;
}

/** Closes what was to stay until the end of the execution; what could not be closed becomes a warning of its node. */
export async function closeAtEnd({ recorder, ...closer }: Closer & { recorder: Recorder }): Promise<void> {
  for (const { reason, ...subject } of await closeResources(recorder.state, "execution", closer)) {
    const message = `Could not close what this node had opened: ${reason}`;
    recorder.record({ type: "NodeEvent", ...subject, event: { event_type: "Warning", message } });
  }
}

/** Answers which nodes have opened something that could not be closed, and why. Some may be closed already. */
export async function closeResources(
  state: ExecutionState,
  until: ResourceScope,
  { registry, clock, secrets }: Closer,
): Promise<({ reason: string } & NodeSubject)[]> {
  const open = state.resources?.filter((resource) => resource.until === until) ?? [];
  if (open.length === 0) return [];
  const controller = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  late.catch(() => {});
  const stopTimer = clock.setTimer(CLOSE_TIMEOUT_MS, () => {
    const error = new FlowError("timeout", `it took longer than ${CLOSE_TIMEOUT_MS / 1000} s`);
    controller.abort(error);
    reject(error);
  });
  const close = async ({ node_type, resource }: OpenResource) =>
    await registry.get(node_type)?.closeResource?.(secrets?.reveal(resource) ?? resource, controller.signal);
  const closings = await Promise.allSettled(open.map((resource) => Promise.race([close(resource), late])));
  stopTimer();
  return closings.flatMap((closing, index) => {
    if (closing.status === "fulfilled") return [];
    const { node_id = "", index: item } = open[index] ?? {};
    const { message } = toFlowError(closing.reason);
    const reason = secrets?.masker.maskText(message) ?? message;
    return [{ node_id, ...(item === undefined ? {} : { index: item }), reason }];
  });
}
