import assert from "node:assert/strict";
import { getPlatform } from "./mod.ts";
import type { Duplex } from "./types.ts";

const { connect, openHttp } = getPlatform();

async function withSocket(work: (path: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await work(`${folder}/socket`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function readText(connection: Duplex): Promise<string> {
  const buffer = new Uint8Array(3);
  let text = "";
  for (let count = await connection.read(buffer); count !== null; count = await connection.read(buffer)) {
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
  return text;
}

/** Answers, once all has been read, how long it was. */
async function answerLength(listener: Deno.Listener): Promise<void> {
  using connection = await listener.accept();
  const buffer = new Uint8Array(64 * 1024);
  let length = 0;
  for (let count = await connection.read(buffer); count !== null; count = await connection.read(buffer)) {
    length += count;
  }
  await connection.write(new TextEncoder().encode(`${length} bytes`));
}

Deno.test("connect() has two directions that end independently, over a unix socket and over TCP", () =>
  withSocket(async (path) => {
    using tcp = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    using unix = Deno.listen({ transport: "unix", path });
    const { port } = tcp.addr as Deno.NetAddr;
    for (const [listener, address] of [[tcp, { hostname: "127.0.0.1", port }], [unix, { path }]] as const) {
      const server = answerLength(listener);
      const connection = await connect(address);
      await connection.write(new Uint8Array(1_000_000));
      await connection.closeWrite();
      assert.equal(await readText(connection), "1000000 bytes");
      connection.close();
      connection.close();
      await server;
    }
  }));

Deno.test("connect() says why it cannot", () =>
  withSocket(async (path) => {
    const message = `Cannot connect to "${path}": there is no such socket`;
    await assert.rejects(connect({ path }), { code: "not_found", message });
    Deno.listen({ transport: "unix", path }).close();
    await Deno.writeTextFile(path, "").catch(() => {});
    await assert.rejects(connect({ path }), { code: "connection_failed" });
    const closed = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = closed.addr as Deno.NetAddr;
    closed.close();
    await assert.rejects(connect({ hostname: "127.0.0.1", port }), {
      code: "connection_failed",
      message: `Cannot connect to "127.0.0.1:${port}": nobody listens there`,
    });
  }));

Deno.test("openHttp() speaks HTTP over a unix socket and over TCP", () =>
  withSocket(async (path) => {
    const answer = async (request: Request) =>
      new Response(`${request.method} ${new URL(request.url).pathname} ${await request.text()}`);
    await using unix = Deno.serve({ path, onListen() {} }, answer);
    await using tcp = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, answer);
    assert.ok(unix);
    for (const address of [{ path }, { hostname: "127.0.0.1", port: tcp.addr.port }]) {
      const http = openHttp(address);
      const response = await http.fetch("/v1/things", { method: "POST", body: "body" });
      assert.equal(await response.text(), "POST /v1/things body");
      http.close();
    }
  }));
