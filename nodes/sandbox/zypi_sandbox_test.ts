import assert from "node:assert/strict";
import { FlowError } from "../../engine/errors.ts";
import { getPlatform } from "../../platform/mod.ts";
import { browserTest } from "../../tests/support/browser.ts";
import { runNode } from "../../tests/support/node_harness.ts";
import { openPackageIndex } from "../../tests/support/package_index.ts";
import { sandboxTest } from "../../tests/support/sandbox.ts";
import { openZypiServer, type ZypiServer, type ZypiServerOptions } from "../../tests/support/zypi_server.ts";
import { createApiCall } from "../api_call.ts";
import { createBrowserRender } from "../browser_render.ts";

const platform = getPlatform();

/** A server with the limits of the real one, of which nothing may be left. */
async function withZypi(
  work: (server: ZypiServer) => Promise<void>,
  options: Partial<ZypiServerOptions> = {},
): Promise<void> {
  const server = openZypiServer({ mode: "strict", ...options });
  try {
    await work(server);
    assert.equal(server.vms(), 0, "no VM is left");
  } finally {
    await server.close();
  }
}

browserTest("browserRender renders pages in a microVM, of any size", () =>
  withZypi(async ({ url }) => {
    const render = async (config: Record<string, unknown>) =>
      (await runNode(createBrowserRender(platform), { config: { zypi_url: url, timeout: 60, ...config } })).outputs;
    const html = `<p id=a></p><script>a.textContent = "☃ ".repeat(3000)</script>`;
    assert.equal((await render({ html, mode: "text" }))["output"], "☃ ".repeat(3000).trimEnd());
    const { output } = await render({ html, mode: "screenshot", width: 200, height: 100 });
    assert.ok(output instanceof Uint8Array && output.length > 100);
    assert.equal(new DataView(output.buffer, output.byteOffset).getUint32(16), 200);
    await assert.rejects(render({ url: "http://no-such-host.invalid/" }), /could not be loaded \(ERR_/);
  }));

sandboxTest("apiCall runs scripts in microVMs, one after the other, and says how they fail", () => {
  let atOnce = 0;
  let most = 0;
  const onRequest = (line: string) => {
    if (line === "POST /sessions") most = Math.max(most, ++atOnce);
    if (line.startsWith("DELETE /sessions/")) atOnce--;
  };
  return withZypi(async ({ url }) => {
    const call = (script: string, more: Record<string, unknown> = {}) =>
      runNode(createApiCall(platform), { config: { script, zypi_url: url, ...more }, inputs: { n: 7 } });
    const script = "import os; print('x' * 5000); print(int(os.environ['N']) * 6)";
    const runs = await Promise.all([call(script), call(script), call(script)]);
    assert.deepEqual(runs.map(({ outputs }) => outputs["output"]), [42, 42, 42]);
    assert.equal(most, 1, "closing a session makes the server forget all others");
    const error = await call("{}['id']").catch((thrown: unknown) => thrown);
    assert.ok(error instanceof FlowError);
    assert.equal(error.message, "The Python script failed: KeyError: 'id'");
    assert.match(String(error.details?.["traceback"]), /^Traceback/);
    await assert.rejects(call("import time; time.sleep(60)", { timeout: 1 }), { code: "timeout" });
  }, { onRequest });
});

sandboxTest("apiCall installs packages in the microVM", async () => {
  const index = await openPackageIndex();
  try {
    const indexed = { ...platform, envAll: () => ({ PIP_INDEX_URL: index.url, PIP_CERT: "/only/here" }) };
    await withZypi(async ({ url }) => {
      const script = "import flow_greeting\nprint(flow_greeting.greet('VM'))";
      const config = { script, packages: ["flow-greeting"], zypi_url: url, memory_mb: 1024 };
      const { outputs } = await runNode(createApiCall(indexed), { config });
      assert.equal(outputs["output"], "Hello, VM!");
      const missing = runNode(createApiCall(indexed), { config: { ...config, packages: ["no-such-package"] } });
      await assert.rejects(missing, /^FlowError: Cannot install "no-such-package"/);
    }, { hasNetwork: true });
  } finally {
    await index.close();
  }
});

Deno.test("apiCall and browserRender say that there is no Zypi, which is where they run by default", async () => {
  const zypi_url = "http://127.0.0.1:9";
  await assert.rejects(runNode(createApiCall(platform), { config: { script: "1", zypi_url } }), /Cannot reach Zypi/);
  await assert.rejects(
    runNode(createBrowserRender(platform), { config: { html: "1", zypi_url } }),
    /Cannot reach Zypi/,
  );
});
