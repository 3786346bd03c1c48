/** A server on a free port of this machine, for one test. */
export interface TestServer {
  /** `http://127.0.0.1:<port>` */
  url: string;
  port: number;
  close(): Promise<void>;
}

/** Serves `handle` until it is closed; requests that still hang are cut off then. */
export function openHttpServer(handle: (request: Request) => Response | Promise<Response>): TestServer {
  const controller = new AbortController();
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    signal: controller.signal,
    onListen: () => {},
    onError: () => new Response(null, { status: 500 }),
  }, handle);
  const { port } = server.addr;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async close() {
      controller.abort();
      await server.finished;
    },
  };
}

/** A server that answers every connection with these bytes and closes it, whatever HTTP says. */
export function openRawServer(answer: string): TestServer {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    for await (const connection of listener) {
      await connection.read(new Uint8Array(65_536));
      await connection.write(new TextEncoder().encode(answer));
      connection.close();
    }
  })();
  const { port } = listener.addr;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    async close() {
      listener.close();
      await serving;
    },
  };
}
