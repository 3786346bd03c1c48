import { lazy } from "../../engine/lazy.ts";
import type { Values } from "../../engine/value.ts";
import type { Platform } from "../../platform/types.ts";
import type { Sandbox } from "./sandbox.ts";

/** Where a node may run its command. */
export const SANDBOX_KINDS = ["zypi", "docker", "local"] as const;

/** One of {@link SANDBOX_KINDS}. */
export type SandboxKind = (typeof SANDBOX_KINDS)[number];

/** What a node's config says about its sandbox. */
export interface SandboxChoice {
  sandbox: SandboxKind;
  image?: string | undefined;
  zypi_url?: string | undefined;
}

const DEFAULT_ZYPI_URL = "http://localhost:4000";

/** Opens the sandboxes of one node type; what one needs is loaded only when it is wanted. */
export class SandboxOpener {
  readonly #platform: Platform;
  readonly #defaultImage: string;
  readonly #local = lazy(async () => new (await import("./local_sandbox.ts")).LocalSandbox(this.#platform));

  /** @param defaultImage for Docker */
  constructor(platform: Platform, defaultImage: string) {
    this.#platform = platform;
    this.#defaultImage = defaultImage;
  }

  async open({ sandbox, image, zypi_url }: SandboxChoice): Promise<Sandbox> {
    switch (sandbox) {
      case "local":
        return await this.#local();
      case "docker": {
        const { DockerSandbox } = await import("./docker_sandbox.ts");
        return new DockerSandbox(this.#platform, image ?? this.#defaultImage);
      }
      case "zypi": {
        const { ZypiSandbox } = await import("./zypi_sandbox.ts");
        return new ZypiSandbox(zypi_url ?? this.#platform.env("ZYPI_URL") ?? DEFAULT_ZYPI_URL, image);
      }
    }
  }
}

/** Closes what a sandbox has left on a server; `resource` is what it has announced. */
export async function closeSandboxResource(platform: Platform, resource: Values, signal: AbortSignal): Promise<void> {
  if ("session_id" in resource) {
    const { closeZypiResource } = await import("../zypi/resources.ts");
    return await closeZypiResource(resource, signal);
  }
  const { ContainerRunner } = await import("../docker/container_runner.ts");
  await new ContainerRunner(platform, 0).removeContainerOf(resource);
}
