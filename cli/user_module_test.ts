import assert from "node:assert/strict";
import { FlowError } from "../engine/errors.ts";
import { createPlatform } from "../platform/deno.ts";
import { withFiles } from "../tests/support/cli.ts";
import { type CliContext, createContext } from "./context.ts";
import { importUserModule } from "./user_module.ts";

const context = createContext(createPlatform());
const inExecutable: CliContext = { ...context, platform: { ...context.platform, isStandalone: true } };

async function explain(code: string, where = context): Promise<{ message: string; hint: string | undefined }> {
  let error: unknown;
  await withFiles({ "mine.ts": code }, async (path) => {
    error = await importUserModule(where, "mine.ts", path("mine.ts")).catch((thrown: unknown) => thrown);
  });
  assert.ok(error instanceof FlowError && error.code === "invalid_document");
  return { message: error.message, hint: error.hint };
}

Deno.test("importUserModule() gives modules of any folder the flowengine and the zod of this program", async () => {
  const code = `
    import { createEngine, z } from "flowengine";
    import * as zod from "zod";
    export const imported = { createEngine, isSameZod: z.string === zod.string };`;
  await withFiles({ "mine.ts": code }, async (path) => {
    const { imported } = await importUserModule(context, "mine.ts", path("mine.ts"));
    const { createEngine } = await import("../mod.ts");
    assert.deepEqual(imported, { createEngine, isSameZod: true });
  });
});

Deno.test("importUserModule() says where what is missing comes from", async () => {
  for (const specifier of ["../mod.ts", "flow"]) {
    const { message, hint } = await explain(`import { defineNode } from "${specifier}";\nexport const x = defineNode;`);
    assert.match(message, /^Cannot load "mine\.ts": .*(mod\.ts"|"flow").*\n +at file:.*mine\.ts:1:\d+/);
    assert.match(hint ?? "", /from "flowengine"/);
  }
});

Deno.test("importUserModule() tells a module that is wrong from one that fails", async () => {
  assert.match((await explain("const x: = 1;")).message, /Unexpected token/);
  const failed = await explain("throw new Error('no luck');");
  assert.equal(failed.message, 'Cannot load "mine.ts": no luck');
  assert.match(failed.hint ?? "", /^Fix the module/);
});

Deno.test("importUserModule() of an executable advises to bundle packages, which are not found there", async () => {
  const { message, hint } = await explain('import x from "left-pad";\nexport const y: number = x;', inExecutable);
  assert.match(message, /left-pad/);
  assert.match(hint ?? "", /packages that it imports have to be bundled into it/);
});

Deno.test("importUserModule() gives up on a module that awaits for too long", async () => {
  const code = "await new Promise((resolve) => globalThis.letGo = resolve);\nexport const isDone = true;";
  await withFiles({ "mine.ts": code }, async (path) => {
    await assert.rejects(importUserModule(context, "mine.ts", path("mine.ts"), { limitMs: 30 }), {
      code: "invalid_document",
      message: 'Cannot load "mine.ts": it was not done after 0.03 s',
    });
    // A module that never ends would end the test runner too.
    (globalThis as { letGo?: () => void }).letGo?.();
    assert.equal((await importUserModule(context, "mine.ts", path("mine.ts"))).isDone, true);
  });
});

Deno.test("importUserModule() says of CommonJS that it is CommonJS, also in executables", async () => {
  for (const where of [context, inExecutable]) {
    const { hint } = await explain('const { z } = require("flowengine");\nmodule.exports = { nodes: [] };', where);
    assert.match(hint ?? "", /^Write it as an ES module/);
  }
  await withFiles({ "mine.cjs": 'require("flowengine");' }, async (path) => {
    await assert.rejects(importUserModule(context, "mine.cjs", path("mine.cjs")), (error) => {
      return error instanceof FlowError && error.hint?.startsWith("Write it as an ES module") === true;
    });
  });
});

Deno.test("importUserModule() passes on the advice of an error of ours", async () => {
  const code = 'import { workflow, delay } from "flowengine";\nconst wf = workflow("w");' +
    '\nfor (const id of ["a", "a"]) wf.add(id, delay());';
  const { message, hint } = await explain(code);
  assert.equal(message, 'Cannot load "mine.ts": Cannot add node "a": there is one with that id');
  assert.equal(hint, "Give each node an id of its own.");
});
