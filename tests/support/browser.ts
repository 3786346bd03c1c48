import { findProgram } from "../../nodes/sandbox/host.ts";
import { BROWSER_NAMES } from "../../nodes/browser/render_command.ts";
import { getPlatform } from "../../platform/mod.ts";
import { sandboxObstacle } from "./sandbox.ts";

const browser = await findProgram(getPlatform(), BROWSER_NAMES);

/** Why this machine cannot render pages; undefined if it can. */
export const browserObstacle: string | undefined = sandboxObstacle ??
  (browser === undefined ? "Chromium is not installed" : undefined);

if (browserObstacle !== undefined) console.log(`Tests with a browser are skipped: ${browserObstacle}`);

/** A test that needs bubblewrap and Chromium. */
export function browserTest(name: string, fn: () => Promise<void> | void): void {
  Deno.test({ name, ignore: browserObstacle !== undefined, fn });
}
