import assert from "node:assert/strict";
import { FlowError } from "../engine/errors.ts";
import type { Values } from "../engine/value.ts";
import { openHttpServer, openRawServer } from "../tests/support/http_server.ts";
import { runNode } from "../tests/support/node_harness.ts";
import { httpRequest } from "./http_request.ts";

async function failure(config: Record<string, unknown>, signal?: AbortSignal): Promise<FlowError> {
  const running = runNode(httpRequest, { config, ...(signal === undefined ? {} : { signal }) });
  const error = await running.then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof FlowError, "it fails with an error of ours");
  return error;
}

Deno.test("httpRequest refuses what cannot be sent, says how to correct it, and that a retry is of no use", async () => {
  const cases: [Record<string, unknown>, RegExp][] = [
    [{}, /there is no url$/],
    [{ url: "example.com" }, /"example.com": it is not an absolute URL$/],
    [{ url: "127.0.0.1:80/x" }, /"127.0.0.1:80\/x": it is not an absolute URL$/],
    [
      { url: "http://me:secret@127.0.0.1:99999/?token=secret" },
      /"http:\/\/127.0.0.1:99999\/": there is no port 99999$/,
    ],
    [{ url: "http://[::1" }, /"http:\/\/\[::1": "\[::1" is no IPv6 address$/],
    [{ url: "http://a b/x" }, /"http:\/\/a b\/x": "a b" is no host name$/],
    [{ url: "https://" }, /"https:\/\/": it names no host$/],
    [{ url: "ftp://user:secret@host/x" }, /"ftp:\/\/host": only http and https/],
    [{ url: "http://127.0.0.1", body: "x" }, /body with GET$/],
    [{ url: "http://127.0.0.1", headers: { "a b": "secret" } }, /header "a b": /],
    [{ url: "http://127.0.0.1", headers: { a: "secret\n" + "b" } }, /header "a": /],
  ];
  for (const [config, message] of cases) {
    const error = await failure(config);
    assert.deepEqual([error.code, error.retryable], ["invalid_input", false]);
    assert.match(error.message, message);
    assert.doesNotMatch(error.message, /secret/);
  }
});

Deno.test("httpRequest says which host it could not reach, why, and nothing of the query", async () => {
  const closed = openRawServer("");
  await closed.close();
  const http = openHttpServer(() => new Response());
  const silent = openRawServer("");
  const broken = openRawServer("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc");
  const undecodable = openRawServer(
    "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 10\r\n\r\nabcdefghij",
  );
  const cases: [string, RegExp][] = [
    [closed.url, /^Cannot reach "127.0.0.1:\d+": .*refused$/],
    ["http://nobody.invalid", /^Cannot reach "nobody.invalid": dns error/],
    [http.url.replace("http:", "https:"), /^Cannot reach "127.0.0.1:\d+": it does not speak TLS on this port$/],
    [silent.url, /^Cannot reach "127.0.0.1:\d+": connection closed/],
    [broken.url, /^Cannot read the answer of "127.0.0.1:\d+": it was cut off$/],
    [undecodable.url, /^Cannot read the answer of "127.0.0.1:\d+": .*gzip/],
  ];
  try {
    for (const [url, message] of cases) {
      const error = await failure({ url: `${url}/path?token=secret` });
      assert.deepEqual([error.code, error.retryable], ["connection_failed", true]);
      assert.match(error.message, message);
      assert.ok(error.hint);
      assert.doesNotMatch(error.message, /secret|os error/);
    }
  } finally {
    await Promise.all([http.close(), silent.close(), broken.close(), undecodable.close()]);
  }
});

Deno.test("httpRequest tells the status of an answer whose body is cut off", async () => {
  const server = openRawServer("HTTP/1.1 500 Oops\r\ncontent-length: 100\r\n\r\nabc");
  try {
    const error = await failure({ url: server.url });
    assert.deepEqual([error.code, error.details?.["status"]], ["http_status", 500]);
  } finally {
    await server.close();
  }
});

Deno.test("httpRequest limits the time for everything, the body included", async () => {
  const server = openHttpServer(() =>
    new Response(new ReadableStream({ start: (stream) => stream.enqueue(new Uint8Array([1])) }))
  );
  try {
    const error = await failure({ url: server.url, timeout: 0.1 });
    assert.equal(error.code, "timeout");
    assert.match(error.message, /^"127.0.0.1:\d+" did not answer within 0.1 s$/);
  } finally {
    await server.close();
  }
});

Deno.test("httpRequest closes the connection when it is cancelled in the middle of a body", async () => {
  const reason = new FlowError("cancelled", "Cancelled by a test");
  const controller = new AbortController();
  const { promise: closed, resolve: close } = Promise.withResolvers<void>();
  const server = openHttpServer(() => {
    const body = new ReadableStream({
      pull(stream) {
        stream.enqueue(new Uint8Array(1000));
        queueMicrotask(() => controller.abort(reason));
      },
      cancel: () => close(),
    });
    return new Response(body);
  });
  try {
    assert.equal(await failure({ url: server.url }, controller.signal), reason);
    await closed;
  } finally {
    await server.close();
  }
});

Deno.test("httpRequest follows redirects as fetch does", async () => {
  const server = openHttpServer(async (request) => {
    const { pathname } = new URL(request.url);
    const status = Number(pathname.slice(1));
    if (status > 0) return new Response("moved", { status, headers: { location: "/end" } });
    return Response.json([request.method, await request.text(), request.headers.get("content-type")]);
  });
  const ask = async (method: string, status: number) => {
    const body = method === "HEAD" ? {} : { body: "x" };
    const { outputs } = await runNode(httpRequest, { config: { url: `${server.url}/${status}`, method, ...body } });
    return outputs["body"];
  };
  try {
    const same = ["x", "text/plain;charset=UTF-8"];
    assert.deepEqual(await ask("POST", 301), ["GET", "", null]);
    assert.deepEqual(await ask("POST", 302), ["GET", "", null]);
    assert.deepEqual(await ask("PUT", 302), ["PUT", ...same]);
    assert.deepEqual(await ask("PUT", 303), ["GET", "", null]);
    assert.deepEqual(await ask("POST", 307), ["POST", ...same]);
    assert.deepEqual(await ask("POST", 308), ["POST", ...same]);
    const config = { url: `${server.url}/302`, follow_redirects: false };
    const { outputs } = await runNode(httpRequest, { config });
    assert.deepEqual([outputs["status"], (outputs["headers"] as Values)["location"]], [302, "/end"]);
  } finally {
    await server.close();
  }
});

Deno.test("httpRequest does not take credentials to another origin", async () => {
  const target = openHttpServer((request) => Response.json([...request.headers.keys()]));
  const source = openHttpServer((request) =>
    Response.redirect(request.url.endsWith("/away") ? target.url : `${new URL(request.url).origin}/away`)
  );
  try {
    const headers = { Authorization: "Bearer secret", Cookie: "a=1", "X-Kept": "1" };
    const { outputs } = await runNode(httpRequest, { config: { url: source.url, headers } });
    const names = outputs["body"] as string[];
    assert.ok(names.includes("x-kept") && !names.includes("authorization") && !names.includes("cookie"));
  } finally {
    await Promise.all([source.close(), target.close()]);
  }
});

Deno.test("httpRequest gives up after 20 redirects, and follows none to another scheme", async () => {
  const loop = openHttpServer((request) => Response.redirect(request.url));
  const file = openHttpServer(() => new Response(null, { status: 302, headers: { location: "file:///etc/passwd" } }));
  try {
    const looped = await failure({ url: loop.url });
    assert.deepEqual([looped.code, looped.retryable], ["connection_failed", false]);
    assert.match(looped.message, /more than 20 redirects$/);
    assert.match((await failure({ url: file.url })).message, /redirect from "http:.*" to "file:\/\/\/etc\/passwd"$/);
  } finally {
    await Promise.all([loop.close(), file.close()]);
  }
});
