import { FlowError } from "../engine/errors.ts";

/** The name that the system has for an error, such as `ENOENT`; undefined if it is none of its errors. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

/** What the system says, without its code, the call and the path: `ENOSPC: no space left on device, write`. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return /^[A-Z0-9]+: (.*?)(?:, \w+(?: '.*')?)?$/s.exec(error.message)?.[1] ?? error.message;
}

/** What a call on a file throws. */
export function fileError(action: string, path: string, cause: unknown): FlowError {
  if (cause instanceof FlowError) return cause;
  const message = (state: string) => `Cannot ${action} "${path}": ${state}`;
  switch (codeOf(cause)) {
    case "ENOENT":
    case "ENOTDIR": {
      const hint = "Check the path for typing errors.";
      return new FlowError("not_found", message("there is no such file or folder"), { hint, cause });
    }
    case "EEXIST": {
      const hint = "Choose another name, or remove what is there.";
      return new FlowError("conflict", message("it exists already"), { hint, cause });
    }
    case "EISDIR":
      return new FlowError("invalid_argument", message("it is a folder"), { hint: "Give the path of a file.", cause });
    case "EACCES":
    case "EPERM": {
      const hint = "Check the permissions of the file and its folder.";
      return new FlowError("unavailable", message("permission denied"), { hint, cause });
    }
    default:
      return new FlowError("unavailable", message(reasonOf(cause)), { cause });
  }
}
