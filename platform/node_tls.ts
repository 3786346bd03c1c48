import { isIP } from "node:net";
import * as tls from "node:tls";
import type { SocketAddress } from "./types.ts";

/** Whom to trust, and who we are, as `node:tls` wants to have it. */
export function tlsOptions(address: Exclude<SocketAddress, { path: string }>): tls.ConnectionOptions {
  const { ca, cert, key } = address.tls ?? {};
  // Node 22.13 has no such call yet. Naming an authority replaces those that are trusted anyway.
  const trusted = () => tls.getCACertificates?.("default") ?? tls.rootCertificates;
  return {
    ...(isIP(address.hostname) === 0 ? { servername: address.hostname } : {}),
    ...(ca === undefined ? {} : { ca: [...trusted(), ca] }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
  };
}
