import assert from "node:assert/strict";
import { withServer } from "./with_server.ts";

const shell = (script: string) => ({ program: "sh", args: ["-c", script] });
const noShell = Deno.build.os === "windows";

Deno.test({
  name: "withServer() says what a server said that has ended instead of listening",
  ignore: noShell,
  fn: () =>
    assert.rejects(
      withServer(shell("echo no port >&2; exit 6"), () => assert.fail()),
      /^Error: flow serve has ended instead of listening: no port$/,
    ),
});

Deno.test({
  name: "withServer() ends the server whatever becomes of the work with it, and says if that went wrong",
  ignore: noShell,
  fn: async () => {
    const polite = shell("trap 'exit 0' TERM; echo http://here; while :; do sleep 0.05; done");
    assert.equal(await withServer(polite, (url) => Promise.resolve(url)), "http://here");
    await assert.rejects(withServer(polite, () => Promise.reject(new Error("of the work"))), /of the work/);
    await assert.rejects(
      withServer(shell("trap '' TERM; echo http://here; echo broken >&2; exit 1"), () => Promise.resolve()),
      /^Error: flow serve ended with exit code 1: broken$/,
    );
  },
});
