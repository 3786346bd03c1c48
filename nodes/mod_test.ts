import assert from "node:assert/strict";
import { NodeRegistry } from "../engine/registry.ts";
import { builtinNodes } from "./mod.ts";

Deno.test("builtinNodes() lists every built-in node type once", () => {
  const types = new NodeRegistry(builtinNodes()).types();
  assert.deepEqual(types, [
    "api.call",
    "browser.render",
    "control.if",
    "control.switch",
    "debug.log",
    "docker.run",
    "flow.call",
    "http.request",
    "python.task",
    "sandbox.exec",
    "shell.exec",
    "time.delay",
    "transform.json_parse",
    "transform.json_stringify",
    "zypi.exec",
    "zypi.session_close",
    "zypi.session_create",
  ]);
});
