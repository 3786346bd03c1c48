import assert from "node:assert/strict";
import { runFlow, shellWorkflow } from "./support/cli.ts";

const hello = shellWorkflow({ greet: "echo Hello" });

Deno.test({
  name: "flow run reads a pipe to its end, and refuses devices, which may have none",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const piped = await runFlow(["run", "/dev/stdin"], { stdin: JSON.stringify(hello) });
    assert.equal(piped.code, 0, piped.stderr);
    for (const device of ["/dev/zero", "/dev/urandom"]) {
      const { code, stderr } = await runFlow(["run", device]);
      assert.equal(code, 2);
      assert.match(stderr, new RegExp(`^error: Cannot read "${device}": it is a device, not a file\n hint: `));
      const inputs = await runFlow(["run", "-", "--input", `@${device}`], { stdin: JSON.stringify(hello) });
      assert.equal(inputs.code, 2);
      assert.match(inputs.stderr, /it is larger than 64 MiB/);
    }
  },
});
