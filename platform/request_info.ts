import type { IncomingMessage } from "node:http";
import { FlowError } from "../engine/errors.ts";
import type { RequestInfo } from "./listener.ts";

/** What is known about a request; without `upgrade` it is no WebSocket handshake. */
export function createRequestInfo(
  incoming: IncomingMessage,
  isSecure: boolean,
  upgrade: RequestInfo["upgrade"] = refuseUpgrade,
): RequestInfo {
  // IPv4 stays IPv4 on a socket that takes both.
  const remoteAddress = (incoming.socket.remoteAddress ?? "").replace(/^::ffff:(?=\d+\.)/, "");
  return { remoteAddress, isSecure, upgrade };
}

/** @throws {FlowError} `invalid_argument` */
export function refuseUpgrade(): never {
  throw new FlowError("invalid_argument", "Cannot open a WebSocket: the request is no WebSocket handshake", {
    hint: "Connect with a WebSocket client (ws: or wss:) of version 13.",
  });
}
