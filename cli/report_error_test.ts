import assert from "node:assert/strict";
import { formatComplaint } from "./report_error.ts";
import { createStyle } from "./style.ts";

Deno.test("formatComplaint() lets nothing through that a terminal would obey, and keeps the lines", () => {
  const complaint = { message: 'Command "a\nb" failed: \x1b]0;title\x07\x1b[2Jgone', hint: "Look\x1b[31m twice." };
  assert.equal(
    formatComplaint(complaint, createStyle(false)),
    'error: Command "a\n       b" failed: gone\n hint: Look twice.\n',
  );
});
