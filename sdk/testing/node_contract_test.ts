import assert from "node:assert/strict";
import { anyPorts, defineNode, FlowError, type NodeDefinition, shellExec, z } from "flowengine";
import { nodeCases, nodeContract, type NodeContractOptions, runNode } from "flowengine/testing";

const BASE = {
  type: "test.pause",
  version: 1,
  summary: "Wait a while",
  category: "test",
  config: { ms: z.int().min(0).default(0), even: z.boolean().optional() },
  inputs: { text: z.string().optional() },
  outputs: { waited: z.int() },
} as const;

const pause = defineNode({
  ...BASE,
  check: ({ ms, even }) =>
    even === true && ms % 2 === 1 ? [{ path: ["ms"], message: "it is odd", hint: "Make it even." }] : [],
  async run({ config, inputs, sleep, log, stdout, stderr, progress, resourceOpened, execution_id }) {
    log("waiting");
    stdout(`for ${inputs.text ?? "nobody"}`);
    stderr("psst");
    progress(50);
    resourceOpened({ execution_id }, { until: "attempt" });
    await sleep(config.ms);
    return { waited: config.ms };
  },
});

const SAMPLES: NodeContractOptions = {
  quick: { config: { ms: 1 } },
  slow: { config: { ms: 60_000 } },
  refused: [{ ms: -1 }, { ms: "1" }, { ms: 1, even: true }],
};

nodeContract(Deno.test, pause, SAMPLES);

/** What the contract says about a node type that does something wrong. */
async function complaints(definition: NodeDefinition, options: NodeContractOptions = {}): Promise<string[]> {
  const found: string[] = [];
  for (const { run } of nodeCases(definition, options)) {
    await run().catch((error: unknown) => found.push(error instanceof Error ? error.message : String(error)));
  }
  return found;
}

Deno.test("nodeContract() finds what is wrong", async () => {
  assert.deepEqual(await complaints(pause, SAMPLES), []);
  const cases: [found: RegExp, definition: NodeDefinition, options?: NodeContractOptions][] = [
    [/accepts {"ms":1}/, pause, { refused: [{ ms: 1 }] }],
    [/output "waited" is not what it declares/, defineNode({ ...BASE, run: () => ({ waited: 1.5 }) })],
    [
      /undeclared output "other"/,
      defineNode({ ...BASE, run: () => ({ other: 1 }) as Record<string, unknown> }),
    ],
    [/summary is one line/, defineNode({ ...BASE, summary: "", run: () => ({}) })],
    [/type is "family.verb", not "pause"/, defineNode({ ...BASE, type: "pause", run: () => ({}) })],
    [/has ended before it was aborted/, pause, { slow: { config: { ms: 0 } } }],
    [
      /still runs 100 ms after it was aborted: listen to ctx.signal/,
      defineNode({
        ...BASE,
        run: () => new Promise<{ waited: number }>((end) => setTimeout(() => end({ waited: 1 }), 400)),
      }),
      { slow: {}, quick: {}, promptMs: 100 },
    ],
    [
      /no process is left/,
      shellExec,
      { quick: { config: { command: "setsid sleep 60 >/dev/null 2>&1 </dev/null &", shell: true } } },
    ],
  ];
  for (const [found, definition, options] of cases) {
    const all = await complaints(definition, options);
    assert.ok(all.length === 1 && found.test(all[0] ?? ""), `${found}: ${JSON.stringify(all)}`);
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
});

Deno.test("nodeContract() aborts what open() made, also where there is no slow sample", async () => {
  let [opened, closed] = [0, 0];
  const opening = (samples: Omit<NodeContractOptions, "open">): NodeContractOptions => ({
    ...samples,
    open: () => {
      opened++;
      return { quick: { config: { ms: 20 } }, close: () => void closed++ };
    },
  });
  assert.deepEqual(await complaints(pause, opening({})), []);
  assert.deepEqual(await complaints(pause, opening({ slow: { config: { ms: 60_000 } } })), []);
  const ended: (() => void)[] = [];
  const deaf = defineNode({
    ...BASE,
    run: ({ signal }) =>
      new Promise<{ waited: number }>((end) => {
        const wait = () => ended.push(() => end({ waited: 1 }));
        if (signal.aborted) wait();
        else {
          signal.addEventListener("abort", wait);
          setTimeout(() => signal.aborted || end({ waited: 1 }), 20);
        }
      }),
  });
  const [complaint] = await complaints(deaf, opening({ promptMs: 100 }));
  assert.match(complaint ?? "", /still runs 100 ms after it was aborted/);
  for (const end of ended) end();
  assert.deepEqual([opened, closed], [12, 12]);
});

Deno.test("runNode() runs a node by itself, and tells all that it did", async () => {
  const run = await runNode(pause, { config: { ms: 2 }, inputs: { text: "you" }, execution_id: "x" });
  assert.deepEqual(run.outputs, { waited: 2 });
  assert.deepEqual([run.messages, run.lines], [["waiting"], ["for you", "psst"]]);
  assert.deepEqual(run.resources, [{ resource: { execution_id: "x" }, until: "attempt" }]);
  assert.deepEqual(run.events.map(({ event_type }) => event_type), ["Info", "StdoutLine", "StderrLine", "Progress"]);
});

Deno.test("runNode() refuses as the engine does", async () => {
  const refused = (options: Parameters<typeof runNode>[1], code: string, message: RegExp) =>
    assert.rejects(runNode(pause, options), (error: unknown) => {
      assert.ok(error instanceof FlowError && error.code === code, String(error));
      assert.match(error.message, message);
      return true;
    });
  await refused({ config: { mss: 1 } }, "invalid_config", /Node type "test.pause" has an unknown key in config: "mss"/);
  await refused({ config: { ms: -1 } }, "invalid_config", /config\.ms is -1/);
  await refused({ config: { ms: 1, even: true } }, "invalid_config", /it is odd/);
  await refused({ inputs: { text: 3 } }, "invalid_input", /Input "text"/);
  await refused({ config: { ms: 60_000 }, timeoutMs: 5 }, "timeout", /5 ms/);
  const reason = new FlowError("cancelled", "Enough");
  await refused({ signal: AbortSignal.abort(reason) }, "cancelled", /Enough/);
});

Deno.test("runNode() answers calls of workflows as it is told", async () => {
  const caller = defineNode({
    ...BASE,
    type: "test.caller",
    outputs: anyPorts(),
    run: async ({ call }) => (await call({ workflow_id: "x", inputs: { a: 1 } })).outputs,
  });
  const { outputs } = await runNode(caller, {
    call: ({ inputs }) =>
      Promise.resolve({
        execution_id: "y",
        status: "succeeded",
        duration_ms: 1,
        completed_nodes: 1,
        total_nodes: 1,
        outputs: inputs,
      }),
  });
  assert.deepEqual(outputs, { a: 1 });
  await assert.rejects(runNode(caller), /Cannot call a workflow here/);
});
