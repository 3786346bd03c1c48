import { systemClock } from "../../engine/clock.ts";
import { FlowError, toFlowError } from "../../engine/errors.ts";
import type { Platform } from "../../platform/types.ts";
import { ZypiClient } from "./client.ts";

const TIMEOUT_MS = 3000;
const MAX_IMAGES = 5;

/**
 * Facts about the Zypi server that `ZYPI_URL` names, else the one on this machine.
 *
 * @throws {FlowError} `unavailable` or `invalid_config` if there is none
 */
export async function describeZypi(platform: Platform): Promise<string[]> {
  const url = platform.env("ZYPI_URL") ?? "http://localhost:4000";
  const controller = new AbortController();
  const silent = new FlowError("timeout", `Zypi at "${url}" did not answer within ${TIMEOUT_MS / 1000} s`);
  const stopTimer = systemClock.setTimer(TIMEOUT_MS, () => controller.abort(silent));
  try {
    const { images } = await new ZypiClient(url).check(controller.signal);
    const more = images.length > MAX_IMAGES ? [`and ${images.length - MAX_IMAGES} more`] : [];
    return [url, images.length === 0 ? "no images" : [...images.slice(0, MAX_IMAGES), ...more].join(", ")];
  } catch (error) {
    throw new FlowError("unavailable", toFlowError(error).message, {
      hint: "Start a Zypi server (github.com/allen-munsch/zypi) on a Linux machine with KVM, and name it in ZYPI_URL.",
      cause: error,
    });
  } finally {
    stopTimer();
  }
}
