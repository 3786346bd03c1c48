import { toFlowError } from "../engine/errors.ts";
import type { Platform } from "../platform/types.ts";
import type { CheckResult } from "./doctor_checks.ts";

/** What some node types need, and nobody else. Each answers facts, or throws a FlowError with a hint how to get it. */
const TOOLS: readonly { name: string; run: (platform: Platform) => Promise<string[]> }[] = [
  { name: "docker", run: checkDocker },
  { name: "zypi", run: checkZypi },
  { name: "bubblewrap", run: checkBubblewrap },
  { name: "chromium", run: checkChromium },
  { name: "python", run: checkPython },
];

/** Looks for all tools at the same time. One that is missing is no problem of flow. */
export async function checkTools(platform: Platform): Promise<CheckResult[]> {
  return await Promise.all(TOOLS.map(async ({ name, run }): Promise<CheckResult> => {
    try {
      return { name, ok: true, facts: await run(platform), problems: [] };
    } catch (error) {
      const { message, hint } = toFlowError(error);
      return { name, ok: true, missing: true, facts: [message], problems: [], ...(hint === undefined ? {} : { hint }) };
    }
  }));
}

/** For `docker.run`. */
async function checkDocker(platform: Platform): Promise<string[]> {
  const { describeDocker } = await import("../nodes/docker/describe_docker.ts");
  return await describeDocker(platform);
}

/** For `zypi.exec` and the sandboxes of kind `zypi`. */
async function checkZypi(platform: Platform): Promise<string[]> {
  const { describeZypi } = await import("../nodes/zypi/describe_zypi.ts");
  return await describeZypi(platform);
}

/** For `sandbox.exec` and the sandboxes of kind `local`. */
async function checkBubblewrap(platform: Platform): Promise<string[]> {
  const { describeSandbox } = await import("../nodes/sandbox/describe_sandbox.ts");
  return await describeSandbox(platform);
}

/** For `browser.render` in local sandboxes. */
async function checkChromium(platform: Platform): Promise<string[]> {
  const { describeBrowser } = await import("../nodes/browser/describe_browser.ts");
  return await describeBrowser(platform);
}

/** For `api.call` in local sandboxes. */
async function checkPython(platform: Platform): Promise<string[]> {
  const { describePython } = await import("../nodes/python/describe_python.ts");
  return await describePython(platform);
}
