import { FlowError } from "../../engine/errors.ts";
import type { Platform } from "../../platform/types.ts";
import type { Sandbox } from "./sandbox.ts";

/** Where a node may run its command. */
export const SANDBOX_KINDS = ["zypi", "docker", "local"] as const;

/** One of {@link SANDBOX_KINDS}. */
export type SandboxKind = (typeof SANDBOX_KINDS)[number];

/** The sandbox of this kind; what it needs is loaded only now. */
export async function openSandbox(platform: Platform, kind: SandboxKind): Promise<Sandbox> {
  if (kind === "local") return new (await import("./local_sandbox.ts")).LocalSandbox(platform);
  throw new FlowError("unavailable", `Cannot open a "${kind}" sandbox: it is not there yet`, {
    hint: "Set sandbox to local.",
    retryable: false,
  });
}
