import { FlowError } from "../../engine/errors.ts";
import type { Platform } from "../../platform/types.ts";
import { SANDBOX_ENVIRONMENT } from "../sandbox/bwrap_arguments.ts";
import { runQuietly } from "../sandbox/run_quietly.ts";

const QUESTION = "import sys, venv, ensurepip; print(sys.executable); print('Python', sys.version.split()[0])";

/**
 * Which Python sandboxes of this machine have, if it can install packages.
 *
 * @throws {FlowError} `program_not_found` or `unavailable`, with what to do about it
 */
export async function describePython(platform: Platform): Promise<string[]> {
  try {
    const { code, output } = await runQuietly(platform, ["python3", "-c", QUESTION], {
      env: { ...SANDBOX_ENVIRONMENT },
    });
    if (code === 0) return output.trim().split("\n");
  } catch (error) {
    if (!(error instanceof FlowError) || error.code !== "program_not_found") throw error;
    throw new FlowError("program_not_found", "Python 3 is not installed where sandboxes see it", {
      hint: "Install it (Debian: apt-get install python3 python3-venv).",
    });
  }
  throw new FlowError("unavailable", "Python 3 cannot make environments for packages", {
    hint: "Install its module venv (Debian: apt-get install python3-venv).",
  });
}
