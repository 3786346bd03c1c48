import assert from "node:assert/strict";
import { parseImageReference } from "./image_reference.ts";
import { parseBytes, parseCpus, parseMount } from "./notation.ts";

Deno.test("parseBytes() reads sizes as docker does", () => {
  const sizes: [string, number | undefined][] = [
    ["1048576", 1_048_576],
    ["512m", 512 * 1024 ** 2],
    ["512MB", 512 * 1024 ** 2],
    ["64MiB", 64 * 1024 ** 2],
    ["1.5g", 1.5 * 1024 ** 3],
    ["10 k", 10_240],
    ["7b", 7],
    ["", undefined],
    ["m", undefined],
    ["-1m", undefined],
    ["1e3", undefined],
    ["1x", undefined],
  ];
  for (const [text, bytes] of sizes) assert.equal(parseBytes(text), bytes, text);
});

Deno.test("parseCpus() takes shares of processors", () => {
  assert.deepEqual(["1.5", " 2 ", 0.25].map(parseCpus), [1.5, 2, 0.25]);
  assert.deepEqual(["0", "-1", "1e2", "one", "", 0, -1, NaN, Infinity].map(parseCpus), Array(9).fill(undefined));
});

Deno.test("parseMount() tells paths and names of volumes apart", () => {
  const bind = (source: string, target: string, isReadOnly = false) => ({ kind: "bind", source, target, isReadOnly });
  assert.deepEqual(parseMount("/a:/b"), bind("/a", "/b"));
  assert.deepEqual(parseMount("/a b:/b:ro"), bind("/a b", "/b", true));
  assert.deepEqual(parseMount("./a/../c:/b:rw", "/work/x"), bind("/work/x/c", "/b"));
  assert.deepEqual(parseMount("..:/b", "/work/x"), bind("/work", "/b"));
  assert.deepEqual(parseMount("C:\\data:/b:ro"), bind("C:\\data", "/b", true));
  assert.deepEqual(parseMount("cache-1:/b"), { kind: "volume", source: "cache-1", target: "/b", isReadOnly: false });
  for (const text of ["/b", "a/b:/c", "~/a:/b", "/a:b", "/a:/b:x", ":/b", "/a:", "a:/b:ro:x"]) {
    assert.equal(parseMount(text), undefined, text);
  }
});

Deno.test("parseImageReference() always has a tag, and knows the registry", () => {
  const hub = "https://index.docker.io/v1/";
  const references: [string, string, string, string][] = [
    ["busybox", "busybox", "latest", hub],
    ["busybox:1.36", "busybox", "1.36", hub],
    ["library/busybox", "library/busybox", "latest", hub],
    ["docker.io/library/busybox:1", "docker.io/library/busybox", "1", hub],
    ["localhost/x", "localhost/x", "latest", "localhost"],
    ["localhost:5000/x", "localhost:5000/x", "latest", "localhost:5000"],
    ["ghcr.io/a/b:c", "ghcr.io/a/b", "c", "ghcr.io"],
    ["x@sha256:ab", "x", "sha256:ab", hub],
    ["r.io:1/x:tag@sha256:ab", "r.io:1/x", "sha256:ab", "r.io:1"],
  ];
  for (const [image, name, tag, registry] of references) {
    assert.deepEqual(parseImageReference(image), { name, tag, registry }, image);
  }
});
