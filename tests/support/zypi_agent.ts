import type { Vm, VmResult } from "./zypi_vm.ts";

/** What the host asks the agent in a VM to run; nothing of it has been checked. */
export interface AgentRequest {
  cmd: readonly unknown[];
  env: unknown;
  workdir: unknown;
}

/** What the agent answers: a result, or an Elixir term that tells why there is none. */
export type AgentAnswer = { result: VmResult } | { reason: string };

const NAMES = new Set(
  ("ls cat echo grep find ps top pkill cp mv rm mkdir rmdir touch chmod chown head tail wc sort uniq cut tr sed awk " +
    "curl wget tar gzip gunzip zip unzip python python3 pip pip3 node npm ruby perl git make gcc g++ cargo go rustc " +
    "sh bash dash env export which id whoami sleep true false test date systemctl journalctl").split(" "),
);
const FOLDERS = /^\/(bin|usr\/bin|usr\/local\/bin|sbin|usr\/sbin)\//;
const WRITABLE = /^\/(tmp|var\/tmp|var\/log|home)\//;
/** The host's line buffer. */
const LINE_BYTES = 1460;

/** Writes a file by the rules of the agent. Answers why it does not. */
export async function writeFile(vm: Vm, path: string, content: string): Promise<string | undefined> {
  if (path.startsWith("/") && !WRITABLE.test(path)) return rpcError(-32003, "Path not allowed for security reasons");
  await vm.write(path, new TextEncoder().encode(content));
  return undefined;
}

/** Runs a command by the rules of the agent. */
export async function runCommand(vm: Vm, { cmd, env, workdir }: AgentRequest): Promise<AgentAnswer> {
  const wrong = findWrongField(cmd, env);
  if (wrong !== undefined) return { reason: rpcError(-32602, wrong) };
  const [program = ""] = cmd as string[];
  if (!NAMES.has(program) && !FOLDERS.test(program)) {
    return { reason: rpcError(-32003, "Command not allowed for security reasons") };
  }
  const folder = typeof workdir === "string" && workdir !== "" ? workdir : "/";
  if (!await vm.has(folder, "folder")) {
    return { reason: rpcError(-32000, `chdir ${folder}: no such file or directory`) };
  }
  if (program.startsWith("/") && !await vm.has(program, "file")) {
    return { reason: rpcError(-32000, `fork/exec ${program}: no such file or directory`) };
  }
  const result = await vm.exec({
    cmd: cmd as string[],
    env: (env ?? {}) as Record<string, string>,
    workdir: folder,
  });
  return { result };
}

function findWrongField(cmd: readonly unknown[], env: unknown): string | undefined {
  const unfit = (value: unknown, field: string, type: string) =>
    `json: cannot unmarshal ${goType(value)} into Go struct field ExecParams.${field} of type ${type}`;
  const wrongPart = cmd.find((part) => typeof part !== "string");
  if (wrongPart !== undefined) return unfit(wrongPart, "cmd", "string");
  if (Array.isArray(env) || (env !== null && env !== undefined && typeof env !== "object")) {
    return unfit(env, "env", "map[string]string");
  }
  const wrongValue = Object.values(env ?? {}).find((value) => typeof value !== "string");
  if (wrongValue !== undefined) return unfit(wrongValue, "env", "string");
  return cmd.length === 0 ? "cmd required" : undefined;
}

function goType(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

function rpcError(code: number, message: string): string {
  return `{:rpc_error, ${code}, ${inspect(message)}}`;
}

/** A text as Elixir writes it. */
export function inspect(text: string): string {
  return `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

/** Why the host cannot read the agent's answer: it takes one line of at most 1,460 bytes. */
export function findLineTooLong({ exit_code, stdout, stderr }: VmResult): string | undefined {
  const [out, err] = [goString(stdout), goString(stderr)];
  const id = crypto.randomUUID().replaceAll("-", "").slice(0, 16);
  const line = `{"id":"${id}","result":{"exit_code":${exit_code},"stdout":${out},"stderr":${err}}}\n`;
  const bytes = new TextEncoder().encode(line);
  if (bytes.length <= LINE_BYTES) return undefined;
  const data = new TextDecoder().decode(bytes.subarray(0, LINE_BYTES));
  // The decoder points at the escape that was cut, or at the end.
  const cut = /\\(u[0-9a-f]{0,3})?$/.exec(data);
  const position = cut === null ? LINE_BYTES : cut.index;
  return `{:json_decode, %Jason.DecodeError{position: ${position}, token: nil, data: ${inspect(data)}}}`;
}

/** A text as Go's encoding/json writes it: safe to embed in HTML. */
function goString(bytes: Uint8Array): string {
  const escape = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(new TextDecoder().decode(bytes)).replaceAll("\\b", "\\u0008").replaceAll("\\f", "\\u000c")
    .replace(/[<>&\u2028\u2029]/g, escape);
}
