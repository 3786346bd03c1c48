import { join } from "node:path";

/** Stands between a client and a server on a unix socket, until it is cut. */
export interface SocketProxy {
  /** Its own address, `unix://...` or `tcp://...`. */
  readonly host: string;
  /** Breaks all connections, and takes no more. */
  cut(): void;
  close(): Promise<void>;
}

/** Opens a proxy for a server at `unix://...`; it listens on a unix socket, or as `listen` wants. */
export async function openProxy(target: string, listen?: () => Deno.TcpListener): Promise<SocketProxy> {
  const folder = await Deno.makeTempDir({ prefix: "flow-proxy-" });
  const path = join(folder, "proxy.sock");
  const listener: Deno.Listener = listen?.() ?? Deno.listen({ transport: "unix", path });
  const { addr } = listener;
  const open = new Set<Deno.Conn>();
  const transfers: Promise<unknown>[] = [];
  const accept = async () => {
    for await (const client of listener) {
      const server = await Deno.connect({ transport: "unix", path: target.replace("unix://", "") });
      for (const connection of [client, server]) open.add(connection);
      transfers.push(transfer(client, server).catch(() => {}), transfer(server, client).catch(() => {}));
    }
  };
  const accepting = accept().catch(() => {});
  let isCut = false;
  const cut = () => {
    if (isCut) return;
    isCut = true;
    listener.close();
    for (const connection of open) connection.close();
  };
  return {
    host: "hostname" in addr ? `tcp://${addr.hostname}:${addr.port}` : `unix://${path}`,
    cut,
    async close() {
      cut();
      await accepting;
      await Promise.all(transfers);
      await Deno.remove(folder, { recursive: true });
    },
  };
}

async function transfer(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (let count = await from.read(buffer); count !== null; count = await from.read(buffer)) {
    for (let sent = 0; sent < count;) sent += await to.write(buffer.subarray(sent, count));
  }
  await to.closeWrite();
}
