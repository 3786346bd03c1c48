import { FlowError } from "../../engine/errors.ts";
import type { Platform } from "../../platform/types.ts";
import { findProgram } from "../sandbox/host.ts";
import { runQuietly } from "../sandbox/run_quietly.ts";
import { BROWSER_NAMES } from "./render_command.ts";

/**
 * Where Chromium is on this machine, and which version.
 *
 * @throws {FlowError} `program_not_found` or `unavailable`, with what to do about it
 */
export async function describeBrowser(platform: Platform): Promise<string[]> {
  const own = platform.env("CHROME_BIN");
  const browser = await findProgram(platform, own ? [own, ...BROWSER_NAMES] : BROWSER_NAMES);
  if (browser === undefined) {
    throw new FlowError("program_not_found", "Chromium is not installed", {
      hint: "Install it (Debian: apt-get install chromium), or set CHROME_BIN to its path.",
    });
  }
  const { code, output } = await runQuietly(platform, [browser, "--version"]);
  const version = /^.*\b\d+\.\d+\.\d+.*$/m.exec(output)?.[0].trim();
  if (code === 0 && version !== undefined) return [browser, version];
  throw new FlowError("unavailable", `"${browser}" does not tell its version (exit code ${code})`, {
    hint: "Install Chromium again, or set CHROME_BIN to another one.",
  });
}
