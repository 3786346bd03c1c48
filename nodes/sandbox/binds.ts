import { FlowError } from "../../engine/errors.ts";

/** A file or folder of the machine that a sandbox sees. */
export interface Bind {
  /** On the machine; relative to where flow runs. */
  source: string;
  /** In the sandbox; absolute. */
  target: string;
  isWritable: boolean;
}

const ACCESS = /:(ro|rw)$/;

/**
 * Reads `source[:target][:ro|rw]`; without a target it is the source, and without a mode it is `ro`.
 *
 * @throws {FlowError} `invalid_config`
 */
export function parseBind(text: string): Bind {
  const access = ACCESS.exec(text)?.[1];
  const [source = "", target = source, ...rest] = text.replace(ACCESS, "").split(":");
  if (source === "" || rest.length > 0) throw badBind(text, 'it is not "source:target:mode"');
  if (!target.startsWith("/")) throw badBind(text, `"${target}" is not an absolute path to show it at`);
  if (target.split("/").includes("..")) throw badBind(text, 'its target has ".." in it');
  if (/^\/+$/.test(target)) throw badBind(text, "it would take the place of everything");
  return { source, target, isWritable: access === "rw" };
}

function badBind(text: string, state: string): FlowError {
  return new FlowError("invalid_config", `Cannot bind "${text}": ${state}`, {
    hint: 'Write "/host/path", "/host/path:/inside/path" or "/host/path:/inside/path:rw".',
    retryable: false,
    details: { state },
  });
}
