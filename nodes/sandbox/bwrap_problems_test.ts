import assert from "node:assert/strict";
import { checkOpened } from "./bwrap_problems.ts";

Deno.test("checkOpened() says so if the root of a container may not become nobody", () => {
  assert.throws(() => checkOpened("ls", 127, "setpriv: setresuid failed: Invalid argument\n"), {
    code: "unavailable",
    message: "Cannot open a sandbox as the user nobody: setresuid failed: Invalid argument",
    retryable: false,
  });
  checkOpened("ls", 127, "sh: setpriv: not found\n");
});
