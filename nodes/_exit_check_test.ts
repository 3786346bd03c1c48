import assert from "node:assert/strict";
import { checkExit } from "./_exit_check.ts";

Deno.test("checkExit() quotes the beginning of a script, and the last line of what it said", () => {
  const status = { code: 3, signal: null };
  const cases: [command: string, shown: string][] = [
    ["ls -l", "ls -l"],
    ["set -e\nls\n", "set -e …"],
    [`echo ${"x".repeat(200)}`, `echo ${"x".repeat(95)}…`],
  ];
  for (const [command, shown] of cases) {
    assert.throws(() => checkExit(command, status, "one\ntwo\n"), {
      message: `Command "${shown}" exited with code 3: two`,
    });
  }
});
