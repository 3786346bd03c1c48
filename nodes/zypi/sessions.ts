import { systemClock } from "../../engine/clock.ts";
import type { Values } from "../../engine/value.ts";
import type { SessionCloseContext, SessionCreateContext } from "../zypi_session.ts";
import { ZypiClient } from "./client.ts";
import { toResource } from "./resources.ts";

/** One attempt of `zypi.session_create`. */
export async function createSession({ config, signal, resourceOpened }: SessionCreateContext): Promise<Values> {
  const { url, image, vcpus, memory_mb } = config;
  const startedAt = systemClock.monotonic();
  const session = await new ZypiClient(url).createSession({ image, vcpus, memoryMb: memory_mb }, signal);
  resourceOpened(toResource(url, session.sessionId), { until: "execution" });
  return {
    session_id: session.sessionId,
    container_id: session.containerId,
    ip: session.ip,
    image: session.image,
    duration_ms: Math.round(systemClock.monotonic() - startedAt),
  };
}

/** One attempt of `zypi.session_close`. */
export async function closeSession({ config, inputs, signal, log }: SessionCloseContext): Promise<Values> {
  const startedAt = systemClock.monotonic();
  const { session_id } = inputs;
  const wasOpen = await new ZypiClient(config.url).closeSession(session_id, signal);
  if (!wasOpen) log(`Session "${session_id}" was closed already`, "warning");
  return { session_id, duration_ms: Math.round(systemClock.monotonic() - startedAt) };
}
