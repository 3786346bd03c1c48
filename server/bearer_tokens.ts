import { systemClock } from "../engine/clock.ts";
import { FlowError } from "../engine/errors.ts";
import { sha256 } from "../engine/sha256.ts";
import type { Authenticate } from "./handler_options.ts";
import { type StaticToken, TokenAuthenticator, type TokenSource } from "./authentication.ts";
import type { Role } from "./ports.ts";

/** A token, and what whoever has it may do. */
export interface AcceptedToken {
  /** Sent as `Authorization: Bearer <token>`. */
  token: string;
  /** Who has it, for the audit log. */
  name: string;
  /** What they may do. */
  role: Role;
}

const NOTHING_STORED: TokenSource = { find: () => undefined, hasAny: () => true, touch: () => {} };

/**
 * Recognizes clients by their tokens. Tokens are compared in constant time, and who tries many is slowed down.
 *
 * ```ts
 * import { createEngine } from "flowengine";
 * import { bearerTokens, createHandler } from "flowengine/server";
 *
 * const authenticate = bearerTokens([{ token: crypto.randomUUID(), name: "ci", role: "operator" }]);
 * export const flow = createHandler({ engine: createEngine(), authenticate });
 * ```
 *
 * @throws {FlowError} `invalid_argument` if a token is empty
 */
export function bearerTokens(tokens: readonly AcceptedToken[]): Authenticate {
  if (tokens.length === 0 || tokens.some(({ token }) => !token)) {
    throw new FlowError("invalid_argument", "Cannot recognize clients by tokens: there is none, or an empty one", {
      hint: 'Pass [{ token, name: "ci", role: "operator" }], with a token that nobody can guess.',
    });
  }
  const opening = openAuthenticator(tokens);
  return async (request, info) => await (await opening).authenticate(request, { ...NO_UPGRADE, ...info });
}

const NO_UPGRADE = {
  isSecure: false,
  upgrade: (): never => {
    throw new FlowError("internal", "Nobody opens a WebSocket to find out who sends a request");
  },
};

async function openAuthenticator(tokens: readonly AcceptedToken[]): Promise<TokenAuthenticator> {
  const fixed: StaticToken[] = await Promise.all(
    tokens.map(async ({ token, name, role }) => ({ id: `token:${name}`, name, role, hash: await sha256(token) })),
  );
  return new TokenAuthenticator({ clock: systemClock, fixed, stored: NOTHING_STORED, isOpenWithoutTokens: false });
}
