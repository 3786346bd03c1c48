import assert from "node:assert/strict";
import { runFlow } from "./support/cli.ts";
import { browserObstacle } from "./support/browser.ts";

/** What `flow doctor` says about one tool. */
async function examine(name: string, env: Record<string, string> = {}) {
  const { code, stdout } = await runFlow(["doctor", "--json"], { env });
  assert.equal(code, 0, "a tool that is missing is no problem of flow");
  return JSON.parse(stdout).checks.find((check: { name: string }) => check.name === name);
}

Deno.test({
  name: "flow doctor finds Chromium and Python, and tells their versions",
  ignore: browserObstacle !== undefined,
}, async () => {
  assert.match((await examine("chromium")).facts.join(), /chrom.*,.*\d+\.\d+\.\d+/i);
  assert.match((await examine("python")).facts.join(), /python3?.*,Python 3\.\d+/);
});

Deno.test("flow doctor says how to get Chromium", async () => {
  const { missing, facts, hint } = await examine("chromium", { PATH: "/no-such-folder", CHROME_BIN: "/no/chrome" });
  assert.deepEqual([missing, facts], [true, ["Chromium is not installed"]]);
  assert.match(hint, /apt-get install chromium.*CHROME_BIN/);
});
