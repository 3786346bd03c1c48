import assert from "node:assert/strict";
import { withFolder } from "../support/temp_folder.ts";
import { createScript, LEFTOVERS } from "./script.ts";
import { awaitNoSurvivors, findSurvivors, killSurvivors } from "./survivors.ts";

for (const leftover of LEFTOVERS) {
  Deno.test({
    name: `nothing of a script with "${leftover}" outlives the test run, should that be killed`,
    ignore: Deno.build.os !== "linux",
    fn: () =>
      withFolder(async (folder) => {
        const side = `${folder}/side`;
        const testRun = new Deno.Command("sleep", { args: ["60"] }).spawn();
        const env = { SIDE: side, KEEPER: String(testRun.pid), FLOW_NODE_ID: "n", FLOW_ATTEMPT: "1" };
        const script = createScript({ leftover, durationMs: Infinity, failures: 0 });
        const streams = { stdin: "null", stdout: "null", stderr: "null" } as const;
        const shell = new Deno.Command("sh", { args: ["-c", script], env, ...streams }).spawn();
        try {
          const expected = leftover === "nothing" ? 2 : 3;
          for (let tries = 0; findSurvivors(side).length < expected; tries++) {
            assert.ok(tries < 1000, "the script did not start");
            await pause();
          }
          testRun.kill("SIGKILL");
          await testRun.status;
          assert.deepEqual(await awaitNoSurvivors(side, 10_000), []);
        } finally {
          killSurvivors(side);
          await shell.status;
        }
      }),
  });
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 10));
}
