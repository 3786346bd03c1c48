import assert from "node:assert/strict";
import { openHttpServer } from "../../tests/support/http_server.ts";
import { checkAddress, downloadBytes } from "./download.ts";

const never = new AbortController().signal;

Deno.test("downloadBytes() gives up when nothing comes for a while, before or within the answer", async () => {
  const waiting = Promise.withResolvers<Response>();
  const server = openHttpServer((request) =>
    new URL(request.url).pathname === "/silent" ? waiting.promise : new Response(
      new ReadableStream({ start: (controller) => controller.enqueue(new TextEncoder().encode("some")) }),
    )
  );
  try {
    for (const path of ["/silent", "/half"]) {
      const download = downloadBytes(new URL(path, server.url), { maxBytes: 100, signal: never, silenceMs: 50 });
      await assert.rejects(download, { code: "unavailable", message: /nothing came for 50 ms$/ });
    }
  } finally {
    waiting.resolve(new Response());
    await server.close();
  }
});

Deno.test("downloadBytes() ends with the reason of its signal", async () => {
  const server = openHttpServer(() => new Response("here"));
  try {
    const url = new URL(server.url);
    assert.equal((await downloadBytes(url, { maxBytes: 4, signal: never })).length, 4);
    await assert.rejects(downloadBytes(url, { maxBytes: 3, signal: never }), /it is larger than 3 bytes/);
    const reason = new Error("enough");
    await assert.rejects(downloadBytes(url, { maxBytes: 4, signal: AbortSignal.abort(reason) }), reason);
  } finally {
    await server.close();
  }
});

Deno.test("checkAddress() takes https, and http of this machine alone", () => {
  for (const url of ["https://example.com/", "http://127.0.0.1:1/", "http://localhost/", "http://[::1]:3000/"]) {
    checkAddress(new URL(url));
  }
  for (
    const url of [
      "http://example.com",
      "http://10.0.0.1",
      "http://localhost.example.com",
      "http://127.0.0.1.example.com",
      "file:///x",
      "data:,x",
    ]
  ) assert.throws(() => checkAddress(new URL(url)), /only https is safe/, url);
});

Deno.test("checkAddress() takes no address of this machine from anybody outside", () => {
  const here = new URL("http://127.0.0.1:1/");
  checkAddress(here, new URL("http://localhost/releases.json"));
  assert.throws(() => checkAddress(here, new URL("https://example.com/releases.json")), /only https is safe/);
});
