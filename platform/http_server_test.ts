import assert from "node:assert/strict";
import { getPlatform } from "./mod.ts";
import type { HttpListener, ListenOptions, RequestHandler } from "./listener.ts";

const LOOPBACK = { hostname: "127.0.0.1", port: 0 };

async function withListener(
  handler: RequestHandler,
  test: (listener: HttpListener) => Promise<void>,
  options: Partial<ListenOptions> = {},
): Promise<void> {
  const listener = await getPlatform().serve({ ...LOOPBACK, ...options }, handler);
  try {
    await test(listener);
  } finally {
    await listener.shutdown(0);
  }
}

/** Sends bytes, and answers all that comes until the server closes the connection. */
async function talk(port: number, ...parts: string[]): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  for (const part of parts) await connection.write(new TextEncoder().encode(part));
  let answer = "";
  try {
    for await (const chunk of connection.readable.pipeThrough(new TextDecoderStream())) answer += chunk;
  } catch (error) {
    // A server that has not read everything resets the connection when it closes it.
    if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
  }
  return answer;
}

/** The next event of that type; what a socket tells. */
function next<T extends Event>(target: EventTarget, type: string): Promise<T> {
  return new Promise((resolve) => target.addEventListener(type, (event) => resolve(event as T), { once: true }));
}

Deno.test("serve() answers requests, and knows who asks", async () => {
  await withListener((request, { remoteAddress, isSecure }) => {
    const { pathname } = new URL(request.url);
    return Response.json({ method: request.method, pathname, remoteAddress, isSecure });
  }, async ({ url, port }) => {
    assert.equal(url, `http://127.0.0.1:${port}`);
    const answer = await (await fetch(`${url}/a%20b`, { method: "PUT" })).json();
    assert.deepEqual(answer, { method: "PUT", pathname: "/a%20b", remoteAddress: "127.0.0.1", isSecure: false });
  });
});

Deno.test("serve() answers an error of the handler with 500 and nothing else", async () => {
  await withListener(() => Promise.reject(new Error("secret")), async ({ url }) => {
    const response = await fetch(url);
    assert.equal(response.status, 500);
    assert.equal(await response.text(), "");
  });
});

Deno.test("serve() tells the handler when the client has gone", async () => {
  const gone = Promise.withResolvers<void>();
  await withListener(async (request) => {
    request.signal.addEventListener("abort", () => gone.resolve());
    await gone.promise;
    return new Response(null);
  }, async ({ url }) => {
    const client = new AbortController();
    const asking = fetch(url, { signal: client.signal }).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.abort();
    await Promise.all([asking, gone.promise]);
  });
});

Deno.test("serve() ends clients that never finish the head or the body of a request", async () => {
  const options = { headersTimeoutMs: 200, requestTimeoutMs: 400 };
  await withListener(async (request) => new Response(await request.text()), async ({ port }) => {
    const [head, silent, body] = await Promise.all([
      talk(port, "GET / HTTP/1.1\r\nHost: a\r\nX"),
      talk(port),
      talk(port, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc"),
    ]);
    for (const answer of [head, silent, body]) assert.match(answer, /^(HTTP\/1.1 408 .*|$)/s);
    // For so long the adapter waits for the rest of a body that nobody wants any more.
    await new Promise((resolve) => setTimeout(resolve, 700));
  }, options);
});

Deno.test("serve() takes no more connections than it may", async () => {
  await withListener(() => new Response("ok"), async ({ port }) => {
    const held = [];
    for (let count = 0; count < 3; count++) {
      held.push(await Deno.connect({ hostname: "127.0.0.1", port }));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(await talk(port, "GET / HTTP/1.1\r\nHost: a\r\n\r\n").catch(() => ""), "");
    for (const connection of held) connection.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.match(await talk(port, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"), /200 OK/);
  }, { maxConnections: 3 });
});

Deno.test("serve() refuses requests that could be smuggled past it", async () => {
  await withListener(() => new Response("reached"), async ({ port }) => {
    const head = "POST / HTTP/1.1\r\nHost: a\r\n";
    for (
      const request of [
        `${head}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
        `${head}Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd`,
        `${head}X Y: a\r\nConnection: close\r\n\r\n`,
        `GET / HTTP/1.1\r\nConnection: close\r\n\r\n`,
        `GET / HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n`,
        `GET http://a\\b/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`,
        `${head}X: ${"a".repeat(100_000)}\r\n\r\n`,
      ]
    ) {
      assert.match(await talk(port, request), /^HTTP\/1.1 4\d\d /, request.slice(0, 80));
    }
  });
});

Deno.test("serve() opens WebSockets, in both directions and with a subprotocol", async () => {
  await withListener((_request, info) => {
    const { socket, response } = info.upgrade({ protocol: "flow.v1" });
    socket.addEventListener("open", () => socket.send("welcome"));
    socket.addEventListener("message", ({ data }) => socket.send(`echo ${data}`));
    return response;
  }, async ({ url }) => {
    for (let round = 0; round < 20; round++) {
      const socket = new WebSocket(url.replace("http", "ws"), ["other", "flow.v1"]);
      socket.addEventListener("open", () => socket.send("hello"));
      assert.equal((await next<MessageEvent>(socket, "message")).data, "welcome");
      assert.equal((await next<MessageEvent>(socket, "message")).data, "echo hello");
      assert.equal(socket.protocol, "flow.v1");
      socket.close(1000);
      assert.equal((await next<CloseEvent>(socket, "close")).code, 1000);
    }
  });
});

Deno.test("serve() answers a WebSocket handshake that the handler refuses like any request", async () => {
  await withListener((request, info) => {
    if (new URL(request.url).pathname === "/refused") return Response.json({ error: "no" }, { status: 403 });
    return info.upgrade().response;
  }, async ({ port, url }) => {
    const handshake = "Upgrade: websocket\r\nConnection: Upgrade\r\nHost: a\r\n";
    const refused = await talk(port, `GET /refused HTTP/1.1\r\n${handshake}\r\n`);
    assert.match(refused, /^HTTP\/1.1 403 Forbidden\r\n[^]*connection: close\r\n\r\n\{"error":"no"\}$/);
    const plain = await fetch(url);
    assert.equal(plain.status, 500);
    await plain.body?.cancel();
    // Neither key nor version: no handshake at all.
    assert.equal(await talk(port, `GET / HTTP/1.1\r\n${handshake}\r\n`), "");
  });
});

Deno.test("serve() closes a WebSocket whose peer sends too much", async () => {
  await withListener((_request, info) => info.upgrade({ maxMessageBytes: 100 }).response, async ({ url }) => {
    const socket = new WebSocket(url.replace("http", "ws"));
    await next(socket, "open");
    socket.send("x".repeat(101));
    assert.equal((await next<CloseEvent>(socket, "close")).code, 1009);
  });
});

Deno.test("shutdown() lets requests end, says goodbye to WebSockets, and takes nobody any more", async () => {
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const listener = await getPlatform().serve(LOOPBACK, async (request, info) => {
    if (request.headers.get("upgrade") === "websocket") return info.upgrade().response;
    begun.resolve();
    await goOn.promise;
    return new Response("done");
  });
  const socket = new WebSocket(listener.url.replace("http", "ws"));
  await next(socket, "open");
  const asking = fetch(listener.url);
  await begun.promise;
  const closed = next<CloseEvent>(socket, "close");
  const ending = listener.shutdown(10_000);
  assert.equal((await closed).code, 1001);
  await assert.rejects(fetch(`${listener.url}/late`));
  goOn.resolve();
  assert.equal(await (await asking).text(), "done");
  await Promise.all([ending, listener.finished]);
});

Deno.test("shutdown() cuts off requests that do not end in time", async () => {
  const begun = Promise.withResolvers<void>();
  const listener = await getPlatform().serve(LOOPBACK, async (request) => {
    begun.resolve();
    await new Promise<void>((resolve) => request.signal.addEventListener("abort", () => resolve()));
    return new Response(null);
  });
  const asking = assert.rejects(fetch(listener.url));
  await begun.promise;
  await listener.shutdown(50);
  await asking;
});

Deno.test("serve() says why it cannot listen", async () => {
  await withListener(() => new Response(null), async ({ port }) => {
    await assert.rejects(getPlatform().serve({ ...LOOPBACK, port }, () => new Response(null)), {
      code: "unavailable",
      message: `Cannot listen on "127.0.0.1:${port}": another program does`,
    });
  });
  await assert.rejects(getPlatform().serve({ hostname: "192.0.2.1", port: 0 }, () => new Response(null)), {
    message: 'Cannot listen on "192.0.2.1:0": this machine has no such address',
  });
});
