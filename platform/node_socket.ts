import type { Socket } from "node:net";
import { FlowError } from "../engine/errors.ts";
import { codeOf, reasonOf } from "./node_errors.ts";
import type { Duplex, SocketAddress } from "./types.ts";

/** See {@link Platform.connect}. */
export async function connect(address: SocketAddress): Promise<Duplex> {
  try {
    return new NodeDuplex(await open(address));
  } catch (error) {
    throw connectError(address, error);
  }
}

class NodeDuplex implements Duplex {
  readonly #socket: Socket;
  #error: Error | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", (error) => this.#error = error);
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    const socket = this.#socket;
    for (;;) {
      // In this order: a stream that has ended in both directions destroys itself.
      if (socket.readableEnded) return null;
      if (socket.destroyed) throw this.#error ?? new Error("The connection is closed");
      // Asked for nothing, a stream only looks whether there is something, or whether it has ended.
      const chunk: Uint8Array | null = socket.read(Math.min(buffer.length, socket.readableLength));
      if (chunk !== null) {
        buffer.set(chunk);
        return chunk.length;
      }
      await nextOf(socket);
    }
  }

  write(bytes: Uint8Array): Promise<void> {
    return this.#settle((done) => this.#socket.write(bytes, done));
  }

  closeWrite(): Promise<void> {
    return this.#settle((done) => this.#socket.end(done));
  }

  close(): void {
    this.#socket.destroy();
  }

  #settle(call: (done: (error?: Error | null) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => call((error) => error ? reject(error) : resolve()));
  }
}

/** Waits until there is something to read, or never will be. */
async function nextOf(socket: Socket): Promise<void> {
  const events = ["readable", "end", "close"];
  const { promise, resolve } = Promise.withResolvers<void>();
  const onEvent = () => resolve();
  for (const event of events) socket.on(event, onEvent);
  await promise;
  for (const event of events) socket.off(event, onEvent);
}

async function open(address: SocketAddress): Promise<Socket> {
  const isSecure = !("path" in address) && address.tls !== undefined;
  const socket = isSecure ? await openSecure(address) : await openPlain(address);
  await new Promise<void>((resolve, reject) => {
    socket.once("error", reject);
    socket.once(isSecure ? "secureConnect" : "connect", () => {
      socket.off("error", reject);
      resolve();
    });
  });
  return socket;
}

async function openPlain(address: SocketAddress): Promise<Socket> {
  const net = await import("node:net");
  if ("path" in address) return net.connect({ path: address.path, allowHalfOpen: true });
  return net.connect({ host: address.hostname, port: address.port, allowHalfOpen: true });
}

async function openSecure(address: Exclude<SocketAddress, { path: string }>): Promise<Socket> {
  const [{ tlsOptions }, tls] = await Promise.all([import("./node_tls.ts"), import("node:tls")]);
  const options = { host: address.hostname, port: address.port, allowHalfOpen: true, ...tlsOptions(address) };
  return tls.connect(options);
}

function connectError(address: SocketAddress, cause: unknown): FlowError {
  const name = "path" in address ? address.path : `${address.hostname}:${address.port}`;
  const message = (state: string) => `Cannot connect to "${name}": ${state}`;
  switch (codeOf(cause)) {
    case "ENOENT":
    case "ENOTDIR":
      return new FlowError("not_found", message("there is no such socket"), { cause });
    case "EACCES":
    case "EPERM":
      return new FlowError("unavailable", message("permission denied"), { cause });
    case "ECONNREFUSED":
      return new FlowError("connection_failed", message("nobody listens there"), { cause });
    default:
      return new FlowError("connection_failed", message(reasonOf(cause)), { cause });
  }
}
