/** A TCP proxy whose connections break when the test says so. */
export interface CuttingProxy {
  /** `http://127.0.0.1:<port>` */
  url: string;
  port: number;
  /** Connections so far. */
  readonly count: number;
  /** Bytes that have gone to clients. */
  readonly bytes: number;
  /** Breaks all connections that there are. */
  cut(): void;
  close(): Promise<void>;
}

/** Passes everything on to `port`, until the answer is closed. */
export function openCuttingProxy(port: number, onBytes: (proxy: CuttingProxy) => void = () => {}): CuttingProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const connections = new Set<Deno.Conn>();
  const pipes = new Set<Promise<void>>();
  let count = 0, bytes = 0;
  const drop = (connection: Deno.Conn) => {
    if (connections.delete(connection)) connection.close();
  };
  const pipe = async (from: Deno.Conn, to: Deno.Conn, onChunk: (length: number) => void) => {
    const buffer = new Uint8Array(16 * 1024);
    try {
      for (let length = await from.read(buffer); length !== null; length = await from.read(buffer)) {
        for (let sent = 0; sent < length;) sent += await to.write(buffer.subarray(sent, length));
        onChunk(length);
      }
    } catch {
      // Cut, or the other side is gone.
    }
    drop(from);
    drop(to);
  };
  const serve = async (client: Deno.Conn) => {
    connections.add(client);
    const server = await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => undefined);
    if (server === undefined) return drop(client);
    connections.add(server);
    count++;
    await Promise.all([
      pipe(client, server, () => {}),
      pipe(server, client, (length) => {
        bytes += length;
        onBytes(proxy);
      }),
    ]);
  };
  const serving = (async () => {
    for await (const client of listener) {
      const done = serve(client).finally(() => pipes.delete(done));
      pipes.add(done);
    }
  })();
  const proxy: CuttingProxy = {
    url: `http://127.0.0.1:${listener.addr.port}`,
    port: listener.addr.port,
    get count() {
      return count;
    },
    get bytes() {
      return bytes;
    },
    cut: () => [...connections].forEach(drop),
    async close() {
      listener.close();
      proxy.cut();
      await serving.catch(() => {});
      await Promise.all(pipes);
    },
  };
  return proxy;
}
