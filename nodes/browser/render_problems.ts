import { FlowError } from "../../engine/errors.ts";
import { RENDER_FAILURE_CODE } from "./render_command.ts";

/**
 * Throws if the page could not be rendered.
 *
 * @throws {FlowError} `program_not_found`, `connection_failed`, `node_failed`
 */
export function checkRendered(page: string, code: number, stderr: string): void {
  if (code === 0) return;
  const [, reason, detail = ""] = /^flow: ([a-z-]+) ?(.*)$/m.exec(code === RENDER_FAILURE_CODE ? stderr : "") ?? [];
  const details = { exit_code: code, ...(stderr === "" ? {} : { stderr_tail: stderr.slice(-1000) }) };
  const fail = (state: string, hint?: string) =>
    new FlowError("node_failed", `Cannot render ${page}: ${state}`, { hint, details });
  switch (reason) {
    case "no-browser":
      throw new FlowError("program_not_found", `Cannot render ${page}: there is no Chromium in the sandbox`, {
        hint:
          "Install it (Debian: apt-get install chromium), set CHROME_BIN to its path, or name an image that has it.",
        retryable: false,
      });
    case "not-loaded":
      throw loadError(page, detail);
    case "crashed":
      throw fail("the page has crashed", "Raise memory_mb, or look at what the page does.");
    case "ended":
      throw fail(`Chromium exited with code ${detail}`, "Raise memory_mb, or see stderr_tail.");
    case "no-picture":
    case "no-page":
      throw fail("Chromium gave nothing");
    default:
      throw fail(`the browser's shell exited with code ${code}`);
  }
}

/** For a browser that had to be stopped: it gave nothing until then. */
export function lateError(page: string, timeoutSeconds: number): FlowError {
  return new FlowError("timeout", `Cannot render ${page}: the browser was not done after ${timeoutSeconds} s`, {
    hint: "Look for a dialog, a download or a script that never ends, or raise timeout.",
  });
}

/** Those that trying again does not change. */
const LASTING = /^ERR_(UNSAFE|TOO_MANY_REDIRECTS|CERT_|INVALID|UNKNOWN_URL|DISALLOWED|BLOCKED|ABORTED|HTTP_RESPONSE)/;

function loadError(page: string, reason: string): FlowError {
  const state = reason === "" ? "it could not be loaded" : `it could not be loaded (${reason})`;
  return new FlowError("connection_failed", `Cannot render ${page}: ${state}`, {
    hint: hintOf(reason),
    retryable: !LASTING.test(reason),
    details: { reason },
  });
}

function hintOf(reason: string): string {
  if (reason === "ERR_NAME_NOT_RESOLVED" || reason === "ERR_INTERNET_DISCONNECTED") {
    return "Check the host's name, and that network is not false.";
  }
  if (reason === "ERR_CONNECTION_REFUSED") return "Check that the server is running, and its port.";
  if (reason === "ERR_HTTP_RESPONSE_CODE_FAILURE") return "Look at what the server answers: an error without a page.";
  if (reason === "ERR_TIMED_OUT") return "Check that the server answers, or raise timeout.";
  if (reason === "ERR_ABORTED") return "Use http.request for what is a download, not a page.";
  return "Open the address in a browser to see why.";
}
