import assert from "node:assert/strict";
import { encodeBase64 } from "../engine/base64.ts";
import { FlowError } from "../engine/errors.ts";
import { getPlatform } from "../platform/mod.ts";
import { nodeContract } from "../tests/contracts/node_contract.ts";
import { browserObstacle, browserTest } from "../tests/support/browser.ts";
import { openHttpServer, type TestServer } from "../tests/support/http_server.ts";
import { messagesOf, type NodeRun, runNode } from "../tests/support/node_harness.ts";
import { createBrowserRender } from "./browser_render.ts";

const browserRender = createBrowserRender(getPlatform());

const html = (body: string, init: ResponseInit = {}) =>
  new Response(body, { ...init, headers: { "content-type": "text/html; charset=utf-8", ...init.headers } });

const BIG_PAGE = Array.from({ length: 130_000 }, (_, index) => `<p>paragraph ${index} with some words</p>`).join("");

const PAGES: Record<string, () => Response> = {
  "/js": () => html('<p id=a>x</p><script>setTimeout(() => (a.textContent = "späte ☃ 漢字"), 700)</script>'),
  "/redirect": () => new Response(null, { status: 302, headers: { location: "/js" } }),
  "/loop": () => new Response(null, { status: 302, headers: { location: "/loop" } }),
  "/to-file": () => new Response(null, { status: 302, headers: { location: "file:///etc/passwd" } }),
  "/missing": () => html("<h1>Not here</h1>", { status: 404 }),
  "/nothing": () => html("", { status: 500 }),
  "/big": () => html(BIG_PAGE),
  "/restless": () => html('<p id=a>first</p><script>fetch("/hang"); setTimeout(() => a.append(" later"), 10)</script>'),
  "/never": () => html('<p>first</p><img src="/hang">'),
  "/dialog": () => html("<script>alert(1)</script>"),
  "/hungry": () => html("<script>const all = []; for (;;) all.push(new Array(1e6).fill(1.5))</script>"),
};

/** A server with these pages; what hangs there ends when it is closed. */
function openPages(): TestServer {
  const held = Promise.withResolvers<Response>();
  const server = openHttpServer((request) => {
    const { pathname } = new URL(request.url);
    if (pathname === "/hang") return held.promise;
    return PAGES[pathname]?.() ?? new Response("no such page", { status: 404 });
  });
  return {
    ...server,
    async close() {
      held.resolve(new Response(null, { status: 503 }));
      await server.close();
    },
  };
}

async function withPages(work: (url: string) => Promise<void>): Promise<void> {
  const server = openPages();
  try {
    await work(server.url);
  } finally {
    await server.close();
  }
}

function render(config: Record<string, unknown>, inputs: Record<string, string> = {}): Promise<NodeRun> {
  return runNode(browserRender, { config: { sandbox: "local", timeout: 120, ...config }, inputs });
}

async function failure(config: Record<string, unknown>): Promise<FlowError> {
  const error = await render(config).then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof FlowError, "it fails with an error of ours");
  return error;
}

if (browserObstacle === undefined) {
  nodeContract({
    definition: browserRender,
    async open() {
      const server = await Promise.resolve(openPages());
      return {
        quick: { config: { html: "<p>hi", sandbox: "local" } },
        slow: { config: { url: `${server.url}/hang`, sandbox: "local" } },
        close: () => server.close(),
      };
    },
    refused: [{ mode: "pdf" }, { wait_ms: -1 }, { width: 0 }, { sandbox: "none" }, { timeout: 0 }, { memory_mb: 1 }],
  });
}

browserTest(
  "browserRender gives the page as scripts have made it, following redirects",
  () =>
    withPages(async (url) => {
      const { outputs } = await render({ url: `${url}/redirect` });
      assert.match(String(outputs["output"]), /<p id="a">späte ☃ 漢字<\/p>/);
      assert.equal(outputs["stdout"], outputs["output"]);
      assert.ok(Number(outputs["duration_ms"]) > 0);
      const early = await render({ wait_ms: 0, mode: "text" }, { url: `${url}/js` });
      assert.equal(early.outputs["output"], "x", "without any wait, later changes are not seen");
    }),
);

browserTest("browserRender takes a picture of the size that was asked for", async () => {
  const { outputs } = await render({ mode: "screenshot", width: 300, height: 200 }, {
    html: "<body style='margin:0;background:#f00'><p>grün",
  });
  const png = outputs["output"];
  assert.ok(png instanceof Uint8Array);
  assert.deepEqual([...png.subarray(0, 8)], [0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10]);
  const view = new DataView(png.buffer, png.byteOffset);
  assert.deepEqual([view.getUint32(16), view.getUint32(20)], [300, 200]);
  assert.equal(outputs["stdout"], encodeBase64(png));
});

browserTest("browserRender reads html as UTF-8, and gives it no network unless it may", () =>
  withPages(async (url) => {
    const page =
      `<p id=a>größer ☃</p><script>fetch("${url}/js").then(() => a.append(" fetched"), () => a.append(" alone"))</script>`;
    const alone = await render({ html: page, mode: "text" });
    assert.equal(alone.outputs["output"], "größer ☃ alone");
    const picture = await render({
      html: `<img src="${url}/js" onerror="document.title = 'x'"><p>seen`,
      network: true,
    });
    assert.match(String(picture.outputs["output"]), /<p>seen/);
  }));

browserTest(
  "browserRender shows the page of an HTTP error, and says so if there is none",
  () =>
    withPages(async (url) => {
      const { outputs } = await render({ url: `${url}/missing`, mode: "text" });
      assert.equal(outputs["output"], "Not here");
      const empty = await failure({ url: `${url}/nothing` });
      assert.equal(empty.code, "connection_failed");
      assert.match(empty.message, /could not be loaded \(ERR_HTTP_RESPONSE_CODE_FAILURE\)$/);
    }),
);

browserTest("browserRender says why a page could not be loaded", () =>
  withPages(async (url) => {
    const loop = await failure({ url: `${url}/loop`, mode: "screenshot" });
    assert.match(loop.message, /ERR_TOO_MANY_REDIRECTS/);
    assert.equal(loop.retryable, false);
    const file = await failure({ url: `${url}/to-file` });
    assert.match(file.message, /ERR_UNSAFE_REDIRECT/);
    const closed = await failure({ url: "http://127.0.0.1:9" });
    assert.equal(closed.code, "connection_failed");
    const name = await failure({ url: "http://no-such-host.invalid/" });
    assert.match(name.message, /^Cannot render "http:\/\/no-such-host.invalid\/": .*ERR_NAME_NOT_RESOLVED/);
    assert.equal(name.retryable, true);
  }));

browserTest("browserRender handles a page of 5 MB", () =>
  withPages(async (url) => {
    const { outputs } = await render({ url: `${url}/big`, mode: "text" });
    const text = String(outputs["output"]);
    assert.ok(text.startsWith("paragraph 0 with some words\n\nparagraph 1 "));
    assert.ok(text.endsWith("\n\nparagraph 129999 with some words"));
  }));

browserTest(
  "browserRender gives what there is of a page that never ends loading, with a limit",
  () =>
    withPages(async (url) => {
      const { outputs } = await render({ url: `${url}/never`, mode: "text", timeout: 10 });
      assert.equal(outputs["output"], "first");
      const restless = await render({ url: `${url}/restless`, mode: "text", timeout: 15 });
      assert.match(String(restless.outputs["output"]), /^first/);
      assert.match(messagesOf(restless.events, "Warning").join(), /does not end loading/);
      const dialog = await failure({ url: `${url}/dialog`, timeout: 4 });
      assert.equal(dialog.code, "timeout");
      assert.match(dialog.message, /\/dialog": the browser was not done after 4 s$/);
      assert.match(dialog.hint ?? "", /dialog/);
    }),
);

browserTest(
  "browserRender fails if nothing of a page has come, instead of showing an empty one",
  () =>
    withPages(async (url) => {
      for (const mode of ["dom", "screenshot"]) {
        const error = await failure({ url: `${url}/hang`, mode, timeout: 10 });
        assert.equal(error.code, "connection_failed");
        assert.match(error.message, /\/hang": it could not be loaded \(ERR_TIMED_OUT\)$/);
        assert.equal(error.retryable, true);
      }
    }),
);

browserTest("browserRender notices that a page has crashed", () =>
  withPages(async (url) => {
    const error = await failure({ url: `${url}/hungry`, memory_mb: 256 });
    assert.equal(error.code, "node_failed");
    assert.match(error.message, /\/hungry": the page has crashed$/);
  }));

Deno.test("browserRender takes exactly one of url and html, and only addresses of the web", async () => {
  const message = async (config: Record<string, unknown>) => (await failure(config)).message;
  assert.equal(await message({}), "Cannot render a page: neither url nor html is given");
  assert.equal(await message({ url: "http://a", html: "b" }), "Cannot render a page: both url and html are given");
  for (
    const url of ["file:///etc/passwd", "chrome://settings", "javascript:1", "data:text/html,x", "view-source:http://a"]
  ) {
    assert.match(await message({ url }), /is neither http nor https$/);
  }
  assert.equal(await message({ url: "example.com" }), 'Cannot render "example.com": it is not an address');
});

browserTest("browserRender leaves nothing behind after a cancel, and finds a browser by CHROME_BIN", async () => {
  const platform = getPlatform();
  const poor = createBrowserRender({
    ...platform,
    env: (name) => name === "CHROME_BIN" ? "/opt/no-such-browser" : platform.env(name),
  });
  const { outputs } = await runNode(poor, { config: { html: "<p>found", mode: "text", sandbox: "local" } });
  assert.equal(outputs["output"], "found", "the names are tried after it");
});
