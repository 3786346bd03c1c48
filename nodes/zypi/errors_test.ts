import assert from "node:assert/strict";
import { FlowError } from "../../engine/errors.ts";
import { openHttpServer, openRawServer } from "../../tests/support/http_server.ts";
import { ZypiClient } from "./client.ts";

const never = new AbortController().signal;
const fast = { retryDelaysMs: [1, 1, 1], graceMs: 200 };
const echo = { command: ["echo", "hi"], timeoutMs: 100 };

async function failure(url: string, sessionId?: string): Promise<FlowError> {
  const error = await new ZypiClient(url, fast).exec({ ...echo, sessionId }, never).then(
    (result) => assert.fail(JSON.stringify(result)),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof FlowError, String(error));
  return error;
}

async function failureAfter(status: number, body: string, sessionId?: string): Promise<FlowError> {
  const server = openHttpServer(() => new Response(body, { status }));
  try {
    return await failure(server.url, sessionId);
  } finally {
    await server.close();
  }
}

const reason = (text: string) => JSON.stringify({ error: text });

Deno.test("ZypiClient explains every failure that the server reports, and whether trying again helps", async () => {
  const cases: [status: number, body: string, code: string, retryable: boolean, message: RegExp][] = [
    [500, reason(":timeout"), "timeout", true, /did not end within 0.1 s$/],
    [500, reason('{:image_not_found, "x"}'), "invalid_config", false, /has no image "ubuntu:24.04"$/],
    [500, reason(":pool_exhausted"), "unavailable", true, /all its VMs are taken$/],
    [500, reason("{:json_decode, %Jason.DecodeError{position: 1457}}"), "output_too_large", false, /1,460 bytes$/],
    [500, reason('{:rpc_error, -32000, "chdir /nope: no such file or directory"}'), "invalid_config", false, /chdir/],
    [
      500,
      reason('{:rpc_error, -32000, "fork/exec /bin/x: no such file or directory"}'),
      "program_not_found",
      false,
      /x/,
    ],
    [500, reason('{:rpc_error, -32000, "fork/exec /bin/x: permission denied"}'), "invalid_config", false, /denied/],
    [500, reason('{:rpc_error, -32003, "Path not allowed for security reasons"}'), "invalid_config", false, /refuses/],
    [500, reason('{:rpc_error, -32001, "unauthorized"}'), "unavailable", true, /-32001: unauthorized/],
    [500, reason(":enoent"), "node_failed", true, /:enoent$/],
    [500, "", "unavailable", true, /empty 500 \(server crash\)$/],
    [502, "<html>", "unavailable", true, /answered 502$/],
    [413, "", "invalid_input", false, /too large/],
    [404, reason("not_found"), "unavailable", false, /does not answer as Zypi does \(status 404\)$/],
    [200, "<html>", "unavailable", true, /does not answer as Zypi does \(status 200\)$/],
    [200, "{}", "unavailable", true, /does not answer as Zypi does/],
  ];
  for (const [status, body, code, retryable, message] of cases) {
    const error = await failureAfter(status, body);
    assert.deepEqual([error.code, error.retryable], [code, retryable], body);
    assert.match(error.message, message);
    assert.match(error.message, /^Cannot run "echo hi": /);
  }
});

Deno.test("ZypiClient says when a session is gone", async () => {
  const error = await failureAfter(404, reason(":session_not_found"), "fabric_1");
  assert.deepEqual([error.code, error.retryable], ["not_found", false]);
  assert.match(error.message, /session "fabric_1" is gone$/);
  assert.match(error.hint ?? "", /^Create it again/);
});

Deno.test("ZypiClient says that a server is down, breaks off, or hangs", async () => {
  const closed = openHttpServer(() => new Response());
  await closed.close();
  const down = await failure(closed.url);
  assert.deepEqual([down.code, down.retryable], ["unavailable", true]);
  assert.match(down.message, /^Cannot reach Zypi at "127.0.0.1:\d+": .*refused/i);

  for (const answer of ["", "HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n{", "nonsense\r\n\r\n"]) {
    const server = openRawServer(answer);
    const error = await failure(server.url);
    await server.close();
    assert.deepEqual([error.code, error.retryable], ["unavailable", true], answer);
  }

  const { promise, resolve } = Promise.withResolvers<Response>();
  const hanging = openHttpServer(() => promise);
  const silent = await failure(hanging.url);
  resolve(new Response());
  await hanging.close();
  assert.deepEqual([silent.code, silent.retryable], ["timeout", true]);
  assert.match(silent.message, /did not answer within 0.3 s$/);
});

Deno.test("ZypiClient waits for a free VM, but not for ever, and not when it is aborted", async () => {
  let requests = 0;
  const answer = { exit_code: 0, stdout: "hi\n", stderr: "", container_id: "exec_1", duration_ms: 5 };
  const busy = () => Response.json({ error: ":pool_exhausted" }, { status: 500 });
  const server = openHttpServer(() => ++requests < 3 ? busy() : Response.json(answer));
  const result = await new ZypiClient(server.url, fast).exec(echo, never);
  assert.deepEqual([result.stdout, result.durationMs, requests], ["hi\n", 5, 3]);
  await server.close();

  requests = 0;
  const full = openHttpServer(() => (++requests, busy()));
  assert.equal((await failure(full.url)).code, "unavailable");
  assert.equal(requests, 4);
  const controller = new AbortController();
  const patient = new ZypiClient(full.url, { retryDelaysMs: [60_000] });
  const waiting = patient.exec(echo, controller.signal);
  const cancelled = new FlowError("cancelled", "Enough");
  setTimeout(() => controller.abort(cancelled), 20);
  await assert.rejects(waiting, cancelled);
  await full.close();
});

Deno.test("ZypiClient refuses an address that is none, and a request that the server would not read", async () => {
  for (const url of ["", "localhost", "ftp://host/"]) {
    assert.throws(() => new ZypiClient(url), {
      code: "invalid_config",
      message: /is not the address of a Zypi server/,
    });
  }
  const files = { "/tmp/x": "x".repeat(8_000_000) };
  const huge = new ZypiClient("http://127.0.0.1:1").exec({ ...echo, files }, never);
  await assert.rejects(huge, { code: "invalid_input", message: /reads 8000000 bytes per request/ });
});
