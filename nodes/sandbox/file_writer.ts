import { joinBytes } from "../../engine/join_bytes.ts";
import type { SandboxRequest } from "./sandbox.ts";

/** What files cannot be written is told with this exit code. */
export const FILE_FAILURE_CODE = 125;

const BLOCK = 65_536;

/**
 * Takes the contents of files, one after the other, from the beginning of standard input. By `dd`, because not every
 * `head` leaves what comes next unread.
 */
const WRITE_FILES = `take() { [ "$2" -eq 0 ] || dd bs="$1" count="$2" iflag=fullblock 2>/dev/null; }
write() { take ${BLOCK} $(($1 / ${BLOCK})) && take $(($1 % ${BLOCK})) $((($1 % ${BLOCK}) > 0)); }
while [ "$1" != -- ]; do
  mkdir -p "\${1%/*}/" && write "$2" >"$1" || { echo "flow: cannot write $1" >&2; exit ${FILE_FAILURE_CODE}; }
  shift 2
done
shift
exec "$@"`;

/** The command of a request, after the files of the request have been written; see {@link stdinWithFiles}. */
export function commandWithFiles({ files, command }: SandboxRequest): readonly [string, ...string[]] {
  if (files.size === 0) return command;
  const list = [...files].flatMap(([path, content]) => [path, String(content.length)]);
  return ["/bin/sh", "-c", WRITE_FILES, "sh", ...list, "--", ...command];
}

/** Standard input as {@link commandWithFiles} expects it: the contents of the files, then the request's own. */
export function stdinWithFiles({ files, stdin }: SandboxRequest): Uint8Array | undefined {
  if (files.size === 0) return stdin;
  return joinBytes([...files.values(), ...(stdin === undefined ? [] : [stdin])]);
}
