import { FlowError } from "../engine/errors.ts";
import { sha256 } from "../engine/sha256.ts";
import type { Platform } from "../platform/types.ts";
import type { StaticToken } from "../server/authentication.ts";
import type { LogFormat } from "./serve_log.ts";
import type { Role } from "../server/ports.ts";

/** Where to listen. */
export interface Address {
  hostname: string;
  port: number;
}

/** Which tokens the server knows from its start. */
export interface TokenFlags {
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
}

/** What TLS needs. */
export interface TlsFlags {
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
}

type SettingsPlatform = Pick<Platform, "env" | "readFile">;

const DEFAULT_ADDRESS: Address = { hostname: "127.0.0.1", port: 3000 };
const MAX_FILE_BYTES = 1024 * 1024;
/** What can be guessed is no token where everybody can try. */
const MIN_TOKEN_LENGTH = 16;
const ROLES: readonly Role[] = ["viewer", "operator", "admin"];

/** The address of the flags, else of `BIND_ADDRESS` (`host:port`, `host` or `:port`), else of this machine alone. */
export function readAddress(
  platform: Pick<Platform, "env">,
  flags: { readonly host?: string | undefined; readonly port?: number | undefined },
): Address {
  const bound = parseAddress(platform.env("BIND_ADDRESS") ?? "");
  return {
    hostname: flags.host?.replace(/^\[(.*)\]$/, "$1") ?? bound.hostname ?? DEFAULT_ADDRESS.hostname,
    port: flags.port ?? bound.port ?? DEFAULT_ADDRESS.port,
  };
}

function parseAddress(text: string): Partial<Address> {
  if (text === "") return {};
  const [, host, port] = /^(\[[0-9a-f:.]+\]|[^:]*)(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const name = host?.replace(/^\[(.*)\]$/, "$1");
  if (name === undefined || Number(port ?? 0) > 65_535) {
    throw new FlowError("invalid_argument", `Cannot listen on BIND_ADDRESS "${text}": it is no address`, {
      hint: 'Write it like "127.0.0.1:3000" or "[::1]:3000".',
    });
  }
  return { ...(name === "" ? {} : { hostname: name }), ...(port === undefined ? {} : { port: Number(port) }) };
}

/** The format of `FLOW_LOG_FORMAT`, else text. @throws {FlowError} `invalid_argument` */
export function readLogFormat(platform: Pick<Platform, "env">): LogFormat {
  const format = platform.env("FLOW_LOG_FORMAT") ?? "";
  if (format === "") return "text";
  if (format === "text" || format === "json") return format;
  throw new FlowError("invalid_argument", `Cannot log in the format "${format}" of FLOW_LOG_FORMAT`, {
    hint: 'Use "text" or "json".',
  });
}

/** Whether only programs of this machine can connect. */
export function isLoopback({ hostname }: Address): boolean {
  return hostname === "localhost" || hostname === "::1" || /^127(\.\d{1,3}){3}$/.test(hostname);
}

/** The certificate and its key, in PEM. */
export async function readTls(
  platform: SettingsPlatform,
  { cert, key }: TlsFlags,
): Promise<{ cert: string; key: string } | undefined> {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) {
    throw new FlowError("invalid_argument", "Cannot use TLS: a certificate and its private key belong together", {
      hint: "Give both --cert and --key.",
    });
  }
  return { cert: await readText(platform, cert), key: await readText(platform, key) };
}

/** The tokens of the flags, of `FLOW_TOKEN`, and of a file. */
export async function readTokens(platform: SettingsPlatform, flags: TokenFlags): Promise<StaticToken[]> {
  const tokens: StaticToken[] = [];
  const own = flags.token ?? platform.env("FLOW_TOKEN");
  if (own !== undefined && own !== "") {
    tokens.push({ id: "FLOW_TOKEN", name: "FLOW_TOKEN", role: "admin", hash: await sha256(checkToken(own)) });
  }
  const file = flags.tokenFile ?? platform.env("FLOW_TOKEN_FILE");
  if (file === undefined || file === "") return tokens;
  const lines = (await readText(platform, file)).split("\n");
  for (const [index, line] of lines.entries()) {
    if (line.trim() !== "" && !line.startsWith("#")) tokens.push(await readTokenLine(line.trim(), file, index + 1));
  }
  return tokens;
}

/** `<role> <token or sha256:hex> [name]` */
async function readTokenLine(line: string, file: string, number: number): Promise<StaticToken> {
  const [role, token, ...name] = line.split(/\s+/);
  const known = ROLES.find((it) => it === role);
  if (known === undefined || token === undefined) {
    throw new FlowError(
      "invalid_argument",
      `Cannot read tokens from "${file}": line ${number} is not a role and a token`,
      {
        hint: 'Write lines like "operator <token> <name>"; roles are viewer, operator and admin.',
      },
    );
  }
  const hash = /^sha256:([0-9a-f]{64})$/i.exec(token)?.[1]?.toLowerCase() ?? await sha256(checkToken(token));
  const shown = name.length === 0 ? `line ${number} of the token file` : name.join(" ");
  return { id: `file:${hash.slice(0, 12)}`, name: shown, role: known, hash };
}

function checkToken(token: string): string {
  if (token.length >= MIN_TOKEN_LENGTH && !/\s/.test(token)) return token;
  throw new FlowError(
    "invalid_argument",
    `Cannot use this token: it must have ${MIN_TOKEN_LENGTH} characters, without spaces`,
    {
      hint: 'Make one with "openssl rand -hex 32", or with "flow tokens create".',
    },
  );
}

async function readText(platform: SettingsPlatform, path: string): Promise<string> {
  return new TextDecoder().decode(await platform.readFile(path, MAX_FILE_BYTES));
}

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };

/** Bytes of `500k`, `16m` or `1g`. @throws {FlowError} `invalid_argument` */
export function parseSize(text: string): number {
  const [, amount, unit = ""] = /^(\d{1,12})([kmg]?)b?$/i.exec(text.trim()) ?? [];
  const bytes = Number(amount) * (UNITS[unit.toLowerCase()] ?? NaN);
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new FlowError("invalid_argument", `Cannot read the size "${text}"`, { hint: 'Write it like "500k" or "16m".' });
}
