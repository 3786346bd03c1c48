import { FlowError } from "../engine/errors.ts";
import type { Duplex, HttpConnection, SocketAddress } from "./types.ts";

/** See {@link Platform.connect}. */
export async function connect(address: SocketAddress): Promise<Duplex> {
  try {
    return new DenoDuplex(await open(address));
  } catch (error) {
    throw connectError(address, error);
  }
}

/** See {@link Platform.openHttp}. */
export function openHttp(address: SocketAddress): HttpConnection {
  const { origin, options } = "path" in address
    ? { origin: "http://localhost", options: { proxy: { transport: "unix" as const, path: address.path } } }
    : { origin: originOf(address), options: tlsOptions(address) };
  const client = Deno.createHttpClient(options);
  return {
    fetch: (path, init) => fetch(origin + path, { ...init, client }),
    close: () => client.close(),
  };
}

class DenoDuplex implements Duplex {
  readonly #connection: Deno.Conn;
  #isClosed = false;

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    return this.#connection.read(buffer);
  }

  async write(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) sent += await this.#connection.write(bytes.subarray(sent));
  }

  closeWrite(): Promise<void> {
    return this.#connection.closeWrite();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#connection.close();
  }
}

async function open(address: SocketAddress): Promise<Deno.Conn> {
  if ("path" in address) return await Deno.connect({ transport: "unix", path: address.path });
  const { hostname, port, tls } = address;
  if (tls === undefined) return await Deno.connect({ hostname, port });
  return await Deno.connectTls({ hostname, port, ...tlsOptions(address) });
}

function originOf({ hostname, port, tls }: Exclude<SocketAddress, { path: string }>): string {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  return `${tls === undefined ? "http" : "https"}://${host}:${port}`;
}

function tlsOptions({ tls }: Exclude<SocketAddress, { path: string }>) {
  return {
    ...(tls?.ca === undefined ? {} : { caCerts: [tls.ca] }),
    ...(tls?.cert === undefined || tls.key === undefined ? {} : { cert: tls.cert, key: tls.key }),
  };
}

function connectError(address: SocketAddress, cause: unknown): FlowError {
  const name = "path" in address ? address.path : `${address.hostname}:${address.port}`;
  const message = (state: string) => `Cannot connect to "${name}": ${state}`;
  if (cause instanceof Deno.errors.NotFound) {
    return new FlowError("not_found", message("there is no such socket"), { cause });
  }
  if (cause instanceof Deno.errors.PermissionDenied) {
    return new FlowError("unavailable", message("permission denied"), { cause });
  }
  if (cause instanceof Deno.errors.ConnectionRefused) {
    return new FlowError("connection_failed", message("nobody listens there"), { cause });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new FlowError("connection_failed", message(reason.replace(/ \(os error \d+\)$/, "")), { cause });
}
