import assert from "node:assert/strict";
import { createFakeOutput } from "../../tests/support/fake_output.ts";
import { TerminalScreen } from "../../release/terminal_screen.ts";
import { type Line, Screen } from "./screen.ts";

function lines(count: number, text: string): Line[] {
  return Array.from({ length: count }, (_, n) => [[`${text} ${n}`]]);
}

Deno.test("Screen never draws more than it can reach again, but leaves a last picture of any height", async () => {
  const { output, text } = createFakeOutput();
  const terminal = new TerminalScreen(5, 20);
  const screen = new Screen(output, () => ({ rows: 5, columns: 20 }));
  for (let n = 0; n < 3; n++) screen.draw(lines(10, `picture ${n}`), [[[`above ${n}`]]]);
  screen.close(lines(7, "last"));
  await output.flush();
  terminal.write(text().replaceAll("\n", "\r\n"));
  assert.deepEqual(terminal.lines, [
    "above 0",
    "above 1",
    "above 2",
    ...Array.from({ length: 7 }, (_, n) => `last ${n}`),
  ]);
  assert.equal(terminal.isCursorVisible, true);
});
