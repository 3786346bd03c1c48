import * as z from "zod";
import { encodeBase64 } from "../../engine/base64.ts";
import { FlowError } from "../../engine/errors.ts";
import type { Platform } from "../../platform/types.ts";
import { pickVariables } from "../_environment.ts";
import { superviseProcess } from "../_process.ts";

const MAX_CONFIG_BYTES = 4 * 1024 * 1024;
const MAX_ANSWER_CHARS = 64 * 1024;
const HELPER_TIMEOUT_MS = 30_000;
/** By this, credential helpers say that they know of none; it is part of their protocol. */
const NONE_FOUND = "credentials not found in native keychain";

const Entry = z.object({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
});
const DockerConfig = z.object({
  auths: z.record(z.string(), Entry).optional(),
  credsStore: z.string().optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
});
const HelperAnswer = z.object({ Username: z.string(), Secret: z.string() });

/** Who we are to a registry. */
type Credentials = { username: string; password: string } | { identitytoken: string };

/**
 * The value of `X-Registry-Auth` for a registry, from docker's config.json: its credential helper, or what
 * `docker login` has written there. Undefined if there is nothing.
 *
 * @throws {FlowError} `unavailable` if the file or the helper cannot be used
 */
export async function findRegistryAuth(
  platform: Platform,
  registry: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const folder = platform.env("DOCKER_CONFIG") || `${platform.env("HOME") ?? ""}/.docker`;
  const config = await readConfig(platform, `${folder}/config.json`);
  const helper = config?.credHelpers?.[registry] ?? config?.credsStore;
  const found = helper === undefined || helper === ""
    ? readEntry(findEntry(config?.auths ?? {}, registry))
    : await askHelper(platform, `docker-credential-${helper}`, registry, signal);
  if (found === undefined) return undefined;
  const json = JSON.stringify({ ...found, serveraddress: registry });
  return encodeBase64(new TextEncoder().encode(json)).replaceAll("+", "-").replaceAll("/", "_");
}

async function readConfig(platform: Platform, path: string): Promise<z.infer<typeof DockerConfig> | undefined> {
  if (await platform.stat(path).catch(() => undefined) === undefined) return undefined;
  try {
    return DockerConfig.parse(JSON.parse(new TextDecoder().decode(await platform.readFile(path, MAX_CONFIG_BYTES))));
  } catch (cause) {
    throw new FlowError("unavailable", `Cannot read the credentials in "${path}": it is not docker's config.json`, {
      hint: "Repair the file, or delete it and log in again.",
      retryable: false,
      cause,
    });
  }
}

/** Keys are host names, but old files have whole addresses. */
function findEntry(auths: Record<string, z.infer<typeof Entry>>, registry: string): z.infer<typeof Entry> | undefined {
  const hostOf = (key: string) => key.replace(/^https?:\/\//, "").split("/")[0];
  const key = Object.keys(auths).find((name) => name === registry) ??
    Object.keys(auths).find((name) => hostOf(name) === hostOf(registry));
  return key === undefined ? undefined : auths[key];
}

function readEntry(entry: z.infer<typeof Entry> | undefined): Credentials | undefined {
  if (entry?.identitytoken) return { identitytoken: entry.identitytoken };
  if (entry?.username && entry.password) return { username: entry.username, password: entry.password };
  const [, username, password] = /^([^:]*):([^]*)$/.exec(decodeText(entry?.auth ?? "")) ?? [];
  return username === undefined || password === undefined ? undefined : { username, password };
}

function decodeText(base64: string): string {
  try {
    const bytes = Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
    return new TextDecoder().decode(bytes).replace(/\0+$/, "");
  } catch {
    return "";
  }
}

/** https://github.com/docker/docker-credential-helpers#development */
async function askHelper(
  platform: Platform,
  command: string,
  registry: string,
  signal: AbortSignal,
): Promise<Credentials | undefined> {
  const { code, output } = await runHelper(platform, command, registry, signal);
  if (code !== 0) {
    if (output.trim() === NONE_FOUND) return undefined;
    throw helperError(command, registry, output.trim() || `it exited with code ${code}`);
  }
  try {
    const { Username, Secret } = HelperAnswer.parse(JSON.parse(output));
    return Username === "<token>" ? { identitytoken: Secret } : { username: Username, password: Secret };
  } catch (cause) {
    throw helperError(command, registry, "its answer makes no sense", cause);
  }
}

async function runHelper(
  platform: Platform,
  command: string,
  registry: string,
  signal: AbortSignal,
): Promise<{ code: number; output: string }> {
  let output = "";
  const decoder = new TextDecoder();
  const take = (chunk: Uint8Array) => {
    if (output.length < MAX_ANSWER_CHARS) output += decoder.decode(chunk, { stream: true });
  };
  const env = pickVariables(platform.envAll(), ["*"]);
  try {
    const child = platform.spawn({ command, args: ["get"], env, stdin: "piped", stdout: "piped", stderr: "null" });
    const { code } = await superviseProcess(child, {
      stdin: new TextEncoder().encode(registry),
      signal,
      timeoutMs: HELPER_TIMEOUT_MS,
      graceMs: 0,
      name: command,
      onStdout: take,
      onStderr: () => {},
      onLeftBehind: () => {},
    });
    return { code, output };
  } catch (error) {
    if (signal.aborted) throw error;
    const state = error instanceof Error ? error.message.replace(/^Cannot run ".*?": /, "") : String(error);
    throw helperError(command, registry, state, error);
  }
}

function helperError(command: string, registry: string, state: string, cause?: unknown): FlowError {
  return new FlowError("unavailable", `Cannot get the credentials for "${registry}" from "${command}": ${state}`, {
    hint: `Install or repair ${command}, or remove it from credsStore and credHelpers in docker's config.json.`,
    retryable: false,
    cause,
  });
}
