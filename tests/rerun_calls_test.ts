import assert from "node:assert/strict";
import { rm, writeFile } from "node:fs/promises";
import { createEngine, type Engine, openSqliteStore, parseWorkflow, type RerunPlan } from "../mod.ts";
import { withFolder } from "./support/temp_folder.ts";

const print = (text: string) => ({ id: "print", node_type: "debug.log", inputs: { message: text } });
const call = (config: object, more: object = {}) => ({ id: "call", node_type: "flow.call", config, ...more });

/** An engine that keeps its executions, and a folder for documents. */
async function withEngine(work: (engine: Engine, folder: string) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const store = await openSqliteStore(`${folder}/flow.db`);
    const engine = createEngine({ store });
    try {
      await work(engine, folder);
    } finally {
      await engine.close();
      await store.close();
    }
  });
}

async function runFile(engine: Engine, path: string, document: object): Promise<string> {
  await writeFile(path, JSON.stringify(document));
  const workflow = await parseWorkflow(document, { registry: engine.registry, filename: path });
  const handle = await engine.start(workflow, { source: path });
  await handle.result;
  return handle.execution_id;
}

function steps({ nodes }: RerunPlan): string[] {
  return nodes.map(({ node_id, action, why }) => `${node_id} ${action}: ${why}`);
}

Deno.test("a rerun runs nodes again that call documents which have changed, however deep, and reuses the others", async () => {
  await withEngine(async (engine, folder) => {
    const write = (name: string, node: object) => writeFile(`${folder}/${name}`, JSON.stringify({ nodes: [node] }));
    await write("outer.json", call({ file: "inner.json" }));
    await write("inner.json", print("one"));
    const main = {
      nodes: [
        call({ file: "outer.json" }),
        { id: "other", node_type: "debug.log" },
        { id: "fail", node_type: "transform.json_parse", inputs: { json: "{" }, depends_on: ["call", "other"] },
      ],
    };
    const first = await runFile(engine, `${folder}/main.json`, main);
    const asBefore = ["call reuse: succeeded before", "other reuse: succeeded before", "fail run: failed before"];
    assert.deepEqual(steps(await engine.planRerun(first)), asBefore);

    const second = await engine.rerun(await engine.planRerun(first), { source: `${folder}/main.json` });
    await second.result;
    await write("inner.json", print("two"));
    for (const id of [first, second.execution_id]) {
      const plan = await engine.planRerun(id);
      assert.deepEqual(steps(plan), ["call run: what it calls has changed", ...asBefore.slice(1)]);
      const only = await engine.planRerun(id, { only: "fail" });
      assert.equal(only.nodes[0]?.why, "succeeded before, though what it calls has changed");
    }
    const third = await engine.rerun(await engine.planRerun(first), { source: `${folder}/main.json` });
    await third.result;
    assert.deepEqual(steps(await engine.planRerun(third.execution_id)), asBefore);
    await rm(`${folder}/outer.json`);
    assert.match(steps(await engine.planRerun(third.execution_id))[0] ?? "", /what it calls has changed/);
  });
});

Deno.test("a rerun keeps no items of a node whose called document has changed", async () => {
  await withEngine(async (engine, folder) => {
    const child = (text: string) => ({
      inputs: { n: {} },
      nodes: [{ id: "p", node_type: "transform.json_parse", inputs: { json: "${{ inputs.n }}" } }, print(text)],
    });
    await writeFile(`${folder}/child.json`, JSON.stringify(child("one")));
    const config = { file: "child.json", inputs: { n: "${{ item }}" } };
    const map = { items: ["1", "2", "{"], on_error: "continue" };
    const id = await runFile(engine, `${folder}/main.json`, { nodes: [call(config, { map })] });
    assert.match(
      steps(await engine.planRerun(id))[0] ?? "",
      /^call run: 1 item failed before; 2 of 3 items are reused/,
    );
    await writeFile(`${folder}/child.json`, JSON.stringify(child("two")));
    assert.deepEqual(steps(await engine.planRerun(id)), ["call run: what it calls has changed"]);
  });
});

Deno.test("a rerun sees whether a saved workflow has another version, unless the node names one", async () => {
  await withEngine(async (engine, folder) => {
    const save = async (text: string) => {
      const workflow = await parseWorkflow({ id: "saved", nodes: [print(text)] }, { registry: engine.registry });
      await engine.store.saveWorkflow(workflow, Date.now());
    };
    await save("one");
    const nodes = [
      call({ workflow_id: "saved" }),
      { ...call({ workflow_id: "saved", version: 1 }), id: "fixed" },
      { id: "fail", node_type: "transform.json_parse", inputs: { json: "{" }, depends_on: ["call", "fixed"] },
    ];
    const id = await runFile(engine, `${folder}/main.json`, { nodes });
    assert.equal(steps(await engine.planRerun(id))[0], "call reuse: succeeded before");
    await save("two");
    assert.deepEqual(steps(await engine.planRerun(id)), [
      "call run: what it calls has changed",
      "fixed reuse: succeeded before",
      "fail run: failed before",
    ]);
  });
});
