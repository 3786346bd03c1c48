import * as z from "zod";
import { FlowError } from "../../engine/errors.ts";
import type { Platform } from "../../platform/types.ts";
import { DockerAnswerError } from "./answer_error.ts";
import { EngineClient } from "./engine_client.ts";
import { findDockerHost } from "./host.ts";

const TIMEOUT_MS = 5000;

const Version = z.object({ Version: z.string(), ApiVersion: z.string(), Os: z.string(), Arch: z.string() });

/**
 * Facts about the engine that nodes without a `host` use.
 *
 * @throws {FlowError} `unavailable` or `invalid_config` if there is none
 */
export async function describeDocker(platform: Platform): Promise<string[]> {
  const host = await findDockerHost(platform, undefined);
  const client = new EngineClient(platform, host);
  try {
    const found = await client.call("GET", "/version", Version, { timeoutMs: TIMEOUT_MS });
    return [host.name, `engine ${found.Version}`, `API ${found.ApiVersion}`, `${found.Os}/${found.Arch}`];
  } catch (error) {
    if (!(error instanceof DockerAnswerError)) throw error;
    throw new FlowError("unavailable", `Docker at "${host.name}" does not work: ${error.message}`, {
      hint: "Read the log of the Docker engine.",
      cause: error,
    });
  } finally {
    client.close();
  }
}
