import { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { RequestInfo } from "../platform/listener.ts";
import { answerInvalidRequest } from "./answers.ts";
import type { Principal } from "./ports.ts";

/** What the handlers of the server find in their context. */
export type ServerEnv = {
  /** What the platform knows about the request: `c.env.upgrade()` opens a WebSocket. */
  Bindings: RequestInfo;
  Variables: {
    /** Set after authentication. */
    principal: Principal;
    requestId: string;
  };
};

/** The server, or the routes of one resource. */
export type ServerApp = OpenAPIHono<ServerEnv>;

/** The context of a handler. */
export type ServerContext = Context<ServerEnv>;

/** An app without routes that answers requests that do not fit their schemas as all others do. */
export function createRoutes(): ServerApp {
  return new OpenAPIHono<ServerEnv>({ defaultHook: answerInvalidRequest });
}
