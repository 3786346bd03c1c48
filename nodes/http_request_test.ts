import assert from "node:assert/strict";
import { FlowError } from "../engine/errors.ts";
import type { Values } from "../engine/value.ts";
import { nodeContract } from "../tests/contracts/node_contract.ts";
import { openHttpServer } from "../tests/support/http_server.ts";
import { runNode } from "../tests/support/node_harness.ts";
import { httpRequest } from "./http_request.ts";

nodeContract({
  definition: httpRequest,
  open: () => {
    const { promise: never, resolve } = Promise.withResolvers<Response>();
    const server = openHttpServer((request) => request.url.endsWith("/hang") ? never : Response.json([1]));
    return Promise.resolve({
      quick: { config: { url: `${server.url}/list` } },
      slow: { config: { url: `${server.url}/hang` } },
      close: () => (resolve(new Response()), server.close()),
    });
  },
  refused: [
    { method: "TWO WORDS" },
    { method: "connect" },
    { url: 1 },
    { headers: { a: 1 } },
    { timeout: 0 },
    { timeout: "30" },
    { parse: "xml" },
    { max_body_bytes: -1 },
    { follow_redirects: "no" },
  ],
});

/** What the server saw of a request that this config and these inputs make. */
async function seen(config: Record<string, unknown>, inputs: Values = {}) {
  const server = openHttpServer(async (request) => {
    const { pathname, search } = new URL(request.url);
    const body = [...new Uint8Array(await request.arrayBuffer())];
    return Response.json({ method: request.method, path: pathname + search, headers: [...request.headers], body });
  });
  try {
    const { outputs } = await runNode(httpRequest, { config: { url: `${server.url}/p`, ...config }, inputs });
    const { method, path, headers, body } = outputs["body"] as Values;
    return {
      method,
      path,
      headers: Object.fromEntries(headers as [string, string][]),
      text: new TextDecoder().decode(Uint8Array.from(body as number[])),
    };
  } finally {
    await server.close();
  }
}

/** The outputs of a request that is answered by `response`. */
async function answered(response: () => Response, config: Record<string, unknown> = {}): Promise<Values> {
  const server = openHttpServer(response);
  try {
    return (await runNode(httpRequest, { config: { url: server.url, ...config } })).outputs;
  } finally {
    await server.close();
  }
}

async function failure(running: Promise<unknown>): Promise<FlowError> {
  const error = await running.then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof FlowError, "it fails with an error of ours");
  return error;
}

function typed(type: string, body: BodyInit): () => Response {
  return () => new Response(body, { headers: type === "" ? [] : { "content-type": type } });
}

Deno.test("httpRequest sends any method, the query and the headers", async () => {
  const request = await seen({
    method: "purge",
    query: { a: ["1", 2], "b c": "ä&", d: true },
    headers: { "X-One": "1", "X-Two": "2" },
  }, { headers: { "x-two": "3" } });
  assert.equal(request.method, "PURGE");
  assert.equal(request.path, "/p?a=1&a=2&b+c=%C3%A4%26&d=true");
  assert.deepEqual([request.headers["x-one"], request.headers["x-two"]], ["1", "3"]);
});

Deno.test("httpRequest sends text and bytes as they are, and other values as JSON", async () => {
  const post = async (body: Values[string], headers = {}) => {
    const { text, headers: { "content-type": type } } = await seen({ method: "POST", body, headers });
    return [text, type];
  };
  assert.deepEqual(await post("hi"), ["hi", "text/plain;charset=UTF-8"]);
  assert.deepEqual(await post(new Uint8Array([0x68, 0x69])), ["hi", "application/octet-stream"]);
  assert.deepEqual(await post({ a: [1] }), ['{"a":[1]}', "application/json"]);
  assert.deepEqual(await post({ a: 1 }, { "Content-Type": "application/x+json" }), ['{"a":1}', "application/x+json"]);
  assert.equal((await seen({ method: "PUT", body: "config" }, { body: "input" })).text, "input");
});

Deno.test("httpRequest makes basic authentication of credentials in the address", async () => {
  const server = openHttpServer((request) => new Response(request.headers.get("authorization")));
  try {
    const url = server.url.replace("http://", "http://user:p%40ss@");
    const { outputs } = await runNode(httpRequest, { inputs: { url }, config: { url: "http://nobody.invalid" } });
    assert.equal(outputs["body"], `Basic ${btoa("user:p@ss")}`);
  } finally {
    await server.close();
  }
});

Deno.test("httpRequest makes a value of the body by its content type", async () => {
  const cases: [string, BodyInit, unknown][] = [
    ["application/json", '{"a":1}', { a: 1 }],
    ["application/problem+json; charset=utf-8", "[1]", [1]],
    ["application/json", "", null],
    ["application/json", "<html>", "<html>"],
    ["text/plain; charset=iso-8859-1", new Uint8Array([0xe4]), "ä"],
    ["text/html; charset=no-such", "x", "x"],
    ["application/xml", "<a/>", "<a/>"],
    ["image/svg+xml", "<svg/>", "<svg/>"],
    ["application/octet-stream", new Uint8Array([1, 2]), new Uint8Array([1, 2])],
    ["image/png", new Uint8Array([3]), new Uint8Array([3])],
    ["", new Uint8Array([0xff]), new Uint8Array([0xff])],
    ["", new Uint8Array([0x68, 0x69]), "hi"],
  ];
  for (const [type, body, expected] of cases) {
    assert.deepEqual((await answered(typed(type, body)))["body"], expected, type);
  }
});

Deno.test("httpRequest makes of the body what parse says", async () => {
  assert.deepEqual((await answered(typed("text/plain", "[1]"), { parse: "json" }))["body"], [1]);
  assert.equal((await answered(typed("application/json", "[1]"), { parse: "text" }))["body"], "[1]");
  assert.deepEqual(
    (await answered(typed("text/plain", "hi"), { parse: "bytes" }))["body"],
    new Uint8Array([0x68, 0x69]),
  );
  const error = await failure(answered(typed("text/plain", "hi"), { parse: "json" }));
  assert.deepEqual([error.code, error.retryable, error.details], ["invalid_output", false, { body: "hi" }]);
});

Deno.test("httpRequest answers status and headers; set-cookie is a list", async () => {
  const headers: [string, string][] = [["X-One", "1"], ["Set-Cookie", "a=1"], ["Set-Cookie", "b=2"]];
  const outputs = await answered(() => new Response(null, { status: 204, headers }));
  const got = outputs["headers"] as Values;
  assert.equal(outputs["status"], 204);
  assert.deepEqual([got["x-one"], got["set-cookie"]], ["1", ["a=1", "b=2"]]);
});

Deno.test("httpRequest fails on a status of 400 and above, and says which ones are worth a retry", async () => {
  const cases: [number, boolean][] = [[400, false], [404, false], [408, true], [425, true], [429, true], [500, true], [
    503,
    true,
  ]];
  for (const [status, retryable] of cases) {
    const respond = () => new Response("x".repeat(2000), { status, headers: { "retry-after": "2" } });
    const error = await failure(answered(respond, { query: { token: "secret" } }));
    assert.deepEqual([error.code, error.retryable], ["http_status", retryable]);
    assert.match(error.message, new RegExp(`^GET "http://127.0.0.1:\\d+/" answered ${status} \\w+`));
    assert.deepEqual(error.details, { status, body: "x".repeat(500), retry_after_ms: 2000 });
  }
  assert.equal((await answered(() => new Response("no", { status: 404 }), { fail_on_status: false }))["status"], 404);
});

Deno.test("httpRequest stops reading at max_body_bytes, whether or not the size is announced", async () => {
  const announced = () => new Response("x".repeat(2000));
  const endless = () => new Response(new ReadableStream({ pull: (stream) => stream.enqueue(new Uint8Array(1000)) }));
  for (const respond of [announced, endless]) {
    const error = await failure(answered(respond, { max_body_bytes: 1999 }));
    assert.deepEqual([error.code, error.retryable], ["output_too_large", false]);
  }
  assert.equal((await answered(announced, { max_body_bytes: 2000 }))["body"], "x".repeat(2000));
});
