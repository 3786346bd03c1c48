import type { Clock } from "../engine/clock.ts";
import { FlowError } from "../engine/errors.ts";
import { sha256 } from "../engine/sha256.ts";
import type { Awaitable } from "../engine/store.ts";
import type { RequestInfo } from "../platform/listener.ts";
import { FailureLimiter } from "./failure_limiter.ts";
import type { Authenticator, Principal, Role } from "./ports.ts";

/** A token that the server was started with. */
export interface StaticToken extends Principal {
  /** SHA-256, in hexadecimal. */
  hash: string;
}

/** A token as it is kept. Times are epoch milliseconds. */
export interface StoredToken {
  id: string;
  hash: string;
  name: string;
  role: Role;
  expires_at: number | null;
  last_used_at: number | null;
  revoked_at: number | null;
}

/** Tokens that can be made and revoked while the server runs. */
export interface TokenSource {
  find(id: string): Awaitable<StoredToken | undefined>;
  /** Whether there is any, valid or not. */
  hasAny(): Awaitable<boolean>;
  /** Notes that a token was used. */
  touch(token: StoredToken, now: number): Awaitable<void>;
}

/** How tokens are recognized. */
export interface TokenAuthenticatorOptions {
  clock: Clock;
  /** From the environment, flags and files. */
  fixed: readonly StaticToken[];
  stored: TokenSource;
  /** Whether everybody is an admin as long as there are no tokens: only where nobody else can reach the server. */
  isOpenWithoutTokens: boolean;
}

/** Whoever can reach a server that has no tokens; it listens on this machine alone. */
const ANYBODY: Principal = { id: "anybody", name: "anybody", role: "admin" };
/** The subprotocol in which browsers, whose WebSockets have no headers, send a token. */
const PROTOCOL_PREFIX = "bearer.";
/** Longer ones are no tokens. */
const MAX_TOKEN_LENGTH = 512;

/** Recognizes bearer tokens. */
export class TokenAuthenticator implements Authenticator {
  readonly #options: TokenAuthenticatorOptions;
  readonly #limiter: FailureLimiter;

  constructor(options: TokenAuthenticatorOptions) {
    this.#options = options;
    this.#limiter = new FailureLimiter(options.clock);
  }

  async authenticate(request: Request, { remoteAddress }: RequestInfo): Promise<Principal> {
    const { fixed, stored, isOpenWithoutTokens } = this.#options;
    if (isOpenWithoutTokens && fixed.length === 0 && !(await stored.hasAny())) return ANYBODY;
    const token = presentedToken(request.headers);
    if (token === undefined) throw unauthenticated("no token was sent");
    const hash = await sha256(token);
    this.#limiter.check(remoteAddress, hash);
    try {
      const principal = await this.#recognize(token, hash);
      this.#limiter.succeed(hash);
      return principal;
    } catch (error) {
      if (error instanceof FlowError && error.code === "unauthenticated") this.#limiter.fail(remoteAddress, hash);
      throw error;
    }
  }

  async #recognize(token: string, hash: string): Promise<Principal> {
    const { clock, fixed, stored } = this.#options;
    const given = fixed.find((it) => isEqual(it.hash, hash));
    if (given !== undefined) return given;
    const id = /^flow_([0-9a-f]+)_/.exec(token)?.[1];
    const found = id === undefined ? undefined : await stored.find(id);
    if (found === undefined || !isEqual(found.hash, hash)) throw unauthenticated("the token is not known");
    if (found.revoked_at !== null) throw unauthenticated("the token has been revoked");
    const now = clock.now();
    if (found.expires_at !== null && found.expires_at <= now) throw unauthenticated("the token has expired");
    await stored.touch(found, now);
    return { id: found.id, name: found.name, role: found.role };
  }
}

/** In the header Authorization, or in a subprotocol of a WebSocket handshake; never in the URL, which is logged. */
function presentedToken(headers: Headers): string | undefined {
  const [, bearer] = /^Bearer +(\S+) *$/i.exec(headers.get("authorization") ?? "") ?? [];
  const token = bearer ?? offeredToken(headers);
  return token !== undefined && token.length <= MAX_TOKEN_LENGTH ? token : undefined;
}

function offeredToken(headers: Headers): string | undefined {
  if (headers.get("upgrade")?.toLowerCase() !== "websocket") return undefined;
  return offeredProtocols(headers).find(isToken)?.slice(PROTOCOL_PREFIX.length);
}

/**
 * The subprotocol to go on with: browsers give up unless it is one of those that they have offered. The one with the
 * token goes back only to a client that offers nothing else.
 */
export function chooseProtocol(headers: Headers): { protocol?: string } {
  const offered = offeredProtocols(headers);
  const protocol = offered.find((it) => !isToken(it)) ?? offered[0];
  return protocol === undefined ? {} : { protocol };
}

function offeredProtocols(headers: Headers): string[] {
  return (headers.get("sec-websocket-protocol") ?? "").split(",").map((it) => it.trim()).filter((it) => it !== "");
}

function isToken(protocol: string): boolean {
  return protocol.startsWith(PROTOCOL_PREFIX);
}

/** Takes as long whatever is different. */
function isEqual(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < b.length; i++) difference |= a.charCodeAt(i % Math.max(a.length, 1)) ^ b.charCodeAt(i);
  return difference === 0;
}

function unauthenticated(state: string): FlowError {
  return new FlowError("unauthenticated", `Cannot tell who you are: ${state}`, {
    hint: 'Send a token in the header "Authorization: Bearer ...".',
  });
}
