import assert from "node:assert/strict";
import { isLoopback, parseSize, readAddress } from "./serve_settings.ts";

function read(bindAddress: string | undefined, flags: { host?: string; port?: number } = {}): string {
  const { hostname, port } = readAddress({ env: (name) => name === "BIND_ADDRESS" ? bindAddress : undefined }, flags);
  return `${hostname} ${port}`;
}

Deno.test("readAddress() prefers flags to BIND_ADDRESS, and stays on this machine by default", () => {
  assert.equal(read(undefined), "127.0.0.1 3000");
  assert.equal(read(""), "127.0.0.1 3000");
  assert.equal(read("0.0.0.0:8080"), "0.0.0.0 8080");
  assert.equal(read(":8080"), "127.0.0.1 8080");
  assert.equal(read("[::1]:8080"), "::1 8080");
  assert.equal(read("example.com"), "example.com 3000");
  assert.equal(read("0.0.0.0:8080", { host: "[::1]", port: 1 }), "::1 1");
  for (const bad of ["a:b", "a:99999", "::1:80", "a b:1:2"]) {
    assert.throws(() => read(bad), { code: "invalid_argument" }, bad);
  }
});

Deno.test("isLoopback() knows what only this machine can reach", () => {
  const isIt = (hostname: string) => isLoopback({ hostname, port: 0 });
  for (const hostname of ["127.0.0.1", "127.9.9.9", "::1", "localhost"]) assert.ok(isIt(hostname), hostname);
  for (const hostname of ["0.0.0.0", "::", "", "127.0.0.1.example.com", "localhost.example.com", "10.0.0.1"]) {
    assert.ok(!isIt(hostname), hostname);
  }
});

Deno.test("parseSize() reads bytes with their unit", () => {
  assert.deepEqual(["512", "10k", "16M", "1g", "2mb"].map(parseSize), [
    512,
    10_240,
    16_777_216,
    1_073_741_824,
    2_097_152,
  ]);
  for (const bad of ["", "0", "-1", "1.5m", "16 apples", "99999999999999g"]) {
    assert.throws(() => parseSize(bad), { code: "invalid_argument" });
  }
});
