import { FlowError } from "../../engine/errors.ts";
import { nameCommand } from "../_exit_check.ts";
import { FILE_FAILURE_CODE } from "./file_writer.ts";

/** What bubblewrap says, and what to do about it. */
const HINTS: readonly [pattern: RegExp, hint: string][] = [
  [/^Can't find source path .*Permission denied/, "Give the user who runs sandboxes (nobody, if flow is root) access."],
  [/^Can't find source path/, "Correct binds, or create the folder first."],
  [/^Can't chdir to/, "Correct workdir; folders of people and services are hidden unless binds names them."],
  [/^Can't (mkdir|create)/, "Bind to a path that is there, or to one below /tmp or /home."],
];

const NO_NAMESPACES = /namespace|uid map|Operation not permitted|No space left on device/;

/**
 * Throws if a sandbox could not be opened, or did not have the program, judged by how the opening programs say so.
 *
 * @throws {FlowError} `invalid_config`, `program_not_found`, `unavailable`
 */
export function checkOpened(name: string, code: number, stderr: string): void {
  const refused = code === 1 ? /^bwrap: (.*)/.exec(stderr)?.[1] : undefined;
  if (refused !== undefined) throw openingError(refused);
  const unable = code === 0 ? undefined : /^setpriv: (set\w+ failed: .*)/.exec(stderr)?.[1];
  if (unable !== undefined) {
    throw new FlowError("unavailable", `Cannot open a sandbox as the user nobody: ${unable}`, {
      hint: "Run flow as an ordinary user: the root of this container may not become another one.",
      retryable: false,
    });
  }
  // dash and bash have their own words for it.
  if (code !== 0 && /^[^\n]*seccomp-[0-9a-f]+\.bpf: |^[^\n]*cannot open [^\n]*seccomp-[0-9a-f]+\.bpf/.test(stderr)) {
    throw new FlowError(
      "unavailable",
      "Cannot open a sandbox: its filter of system calls is gone from the cache folder",
      {
        hint: "Try again: it is made anew.",
      },
    );
  }
  const missing = code === 127 || code === 126 ? /^prlimit: failed to execute (.*): (.*)/.exec(stderr) : null;
  if (missing !== null) throw programError(name, missing[1] ?? name, missing[2] ?? "", code);
  checkFiles(code, stderr);
}

/** Throws if a file could not be put into the sandbox. @throws {FlowError} `invalid_config` */
export function checkFiles(code: number, stderr: string): void {
  const unwritten = code === FILE_FAILURE_CODE ? /^flow: cannot write (.*)/m.exec(stderr)?.[1] : undefined;
  if (unwritten === undefined) return;
  const reason = /cannot create .*: (.*)/.exec(stderr)?.[1] ?? stderr.split("\n")[0];
  throw new FlowError("invalid_config", `Cannot write "${unwritten}" in the sandbox: ${reason}`, {
    hint: "Put files below /tmp or /home.",
    retryable: false,
  });
}

function openingError(state: string): FlowError {
  const message = `Cannot open a sandbox: ${state}`;
  const hint = HINTS.find(([pattern]) => pattern.test(state))?.[1];
  if (hint !== undefined) return new FlowError("invalid_config", message, { hint, retryable: false });
  if (!NO_NAMESPACES.test(state)) return new FlowError("unavailable", message);
  return new FlowError("unavailable", message, {
    hint: "Allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, " +
      "kernel.apparmor_restrict_unprivileged_userns=0; in Docker a seccomp profile that allows them).",
    retryable: false,
  });
}

function programError(name: string, program: string, reason: string, code: number): FlowError {
  const message = `Cannot run "${nameCommand(name)}" in the sandbox: "${program}": ${reason}`;
  if (code === 126) return new FlowError("invalid_config", message, { hint: "Make it executable.", retryable: false });
  return new FlowError("program_not_found", message, {
    hint: "Install it outside of /home and /root, or show its folder with binds.",
    retryable: false,
  });
}
