import assert from "node:assert/strict";
import { FlowError } from "../engine/errors.ts";
import { splitShellWords } from "./_shell_words.ts";

Deno.test("splitShellWords() splits as the shell does", async () => {
  const samples = [
    `a  b\tc d`,
    ` -n "two words" 'it''s' x\\ y `,
    `'a\\b' "a\\b" "\\"\\$\\\\\\\`"`,
    `"" '' a""b`,
    `--name='x y'z`,
    `a\\\nb "c\\\nd"`,
  ];
  for (const sample of samples) {
    const { stdout } = await new Deno.Command("sh", { args: ["-c", `printf '%s\\0' ${sample}`] }).output();
    const words = new TextDecoder().decode(stdout).split("\0").slice(0, -1);
    assert.deepEqual(splitShellWords(sample), words, sample);
  }
});

Deno.test("splitShellWords() expands nothing", () => {
  assert.deepEqual(splitShellWords('$HOME "*" ~ `id`'), ["$HOME", "*", "~", "`id`"]);
  assert.deepEqual(splitShellWords(" \n "), []);
});

Deno.test("splitShellWords() refuses what does not end", () => {
  for (const text of ["'a", '"a', '"a\\"', "a\\"]) {
    assert.throws(
      () => splitShellWords(text),
      (error) => error instanceof FlowError && error.code === "invalid_config",
    );
  }
});
