import assert from "node:assert/strict";
import { testRegistry as registry } from "./document_fixture.ts";
import { WorkflowError } from "./issue.ts";
import { parseWorkflow } from "./parse.ts";
import { prepareWorkflow } from "./prepare.ts";

/** Set FUZZ_SEED to see one case again. */
const FIRST_SEED = Number(Deno.env.get("FUZZ_SEED") ?? 1);
const CASES = Deno.env.has("FUZZ_SEED") ? 1 : 10_000;

/** mulberry32: small, and the same everywhere. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

class Chaos {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = createRandom(seed * 7919);
  }

  below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }
}

const VALID = {
  id: "w",
  name: "W",
  nodes: [
    { id: "a", node_type: "shell.exec", config: { command: { type: "String", value: "x" }, args: ["y"] } },
    { id: "b", node_type: "text.upper", config: {}, retry_policy: { max_attempts: 2 }, position: { x: 1, y: 2 } },
    { id: "c", node_type: "debug.log", config: { level: "info" }, timeout_ms: 5 },
    {
      id: "d",
      node_type: "debug.log",
      config: {},
      inputs: { message: "${{ item }} of ${{ nodes.a.stdout }}" },
      map: { items: "${{ nodes.a.stdout }}", max_parallel: 2, on_error: "continue" },
      repeat: { until: "outputs.message = 'done'", delay_ms: 0, max: 3 },
      when: "inputs.go",
    },
    { id: "e", node_type: "debug.log", map: { items: [1, "${{ inputs.go }}", { type: "Null" }] } },
  ],
  inputs: { go: { type: "boolean", default: true } },
  outputs: { text: "${{ nodes.b.text }}" },
  connections: [
    { from_node: "a", from_port: "stdout", to_node: "b", to_port: "text" },
    { from_node: "b", from_port: "text", to_node: "c", to_port: "message" },
  ],
  triggers: [{ id: "t", enabled: true, trigger_type: { type: "Cron", expression: "* * * * *" } }],
  settings: {
    max_parallel_nodes: 3,
    on_error: { RetryWorkflow: { max_attempts: 2 } },
    max_execution_time_ms: null,
    on_failure: [{ id: "f", node_type: "debug.log", inputs: { message: "${{ execution.error.message }}" } }],
    on_exit: [{ id: "g", node_type: "debug.log", map: { items: [1, 2] }, repeat: { until: "attempt > 1" } }],
  },
};

const VALID_YAML = `id: w
nodes:
  - &first
    id: a
    node_type: shell.exec
    config: { command: x, args: [y] }
  - <<: *first
    id: b # second
    map: { items: [1, "\${{ index }}"], on_error: stop }
    repeat: { until: outputs.success, max: 2 }
settings:
  on_error: ContinueOnError
  on_exit:
    - { id: last, node_type: debug.log, inputs: { message: "\${{ execution.status }}" } }
`;

const ODD_VALUES: readonly unknown[] = [
  null,
  -1,
  0,
  1e308,
  "",
  "a",
  "__proto__",
  "constructor",
  [],
  {},
  [[[]]],
  { type: "Number", value: "x" },
  { type: "Bytes", value: [1, 300] },
  { $bytes: "*" },
  { $$bytes: 1 },
  "${{ nodes.a.stdout }}",
  "${{ item.__proto__.polluted }}",
  "${{ nodes.__proto__.x",
  "outputs.constructor",
  { items: "${{ nodes.d.message }}" },
  { items: 7, max_parallel: 0 },
  { until: "", max: -1 },
  [{ id: "a", node_type: "debug.log" }],
  JSON.parse('{"__proto__": {"polluted": true}}'),
  JSON.parse('{"constructor": {"prototype": {"polluted": true}}}'),
];

const PIECES = [
  "{",
  "}",
  "[",
  "]",
  '"',
  ":",
  ",",
  "\\",
  "&a ",
  "*a",
  "<<: ",
  "- ",
  "? ",
  "|\n",
  "---\n",
  "!!binary ",
  "#",
  "\t",
  "\n  ",
  "\0",
  "\ud800",
  "/*",
  "//",
  "'",
  "%",
  "__proto__: ",
  "1e999",
  "\u2028",
  "${{ ",
  " }}",
  "map: ",
  "on_exit: ",
];

/** Changes one to three places of a document at random. */
function mutateData(chaos: Chaos): unknown {
  const document = structuredClone(VALID);
  for (let change = 0; change <= chaos.below(3); change++) {
    let target: Record<string, unknown> = document;
    for (let depth = chaos.below(5); depth > 0; depth--) {
      const inner = chaos.pick(Object.values(target));
      if (typeof inner !== "object" || inner === null || Object.keys(inner).length === 0) break;
      target = inner as Record<string, unknown>;
    }
    const key = chaos.pick([...Object.keys(target), "extra", "x-extra", "id"]);
    if (chaos.below(4) === 0) delete target[key];
    else target[key] = structuredClone(chaos.pick([...ODD_VALUES, ...Object.values(document)]));
  }
  return document;
}

function mutateText(chaos: Chaos, original: string): string {
  let text = original;
  for (let change = 0; change <= chaos.below(4); change++) {
    const start = chaos.below(text.length);
    const removed = chaos.below(3) === 0 ? chaos.below(30) : 0;
    text = text.slice(0, start) + chaos.pick(PIECES).repeat(1 + chaos.below(3)) + text.slice(start + removed);
  }
  return text;
}

function randomBytes(chaos: Chaos): Uint8Array {
  return Uint8Array.from({ length: chaos.below(200) }, () => chaos.below(256));
}

/** Data that mutations made cyclic cannot be written as JSON. */
function toText(data: unknown): string {
  try {
    return JSON.stringify(data);
  } catch {
    return "{}";
  }
}

function createSource(chaos: Chaos): { source: unknown; format?: "json" | "yaml" } {
  switch (chaos.below(6)) {
    case 0:
      return { source: mutateData(chaos) };
    case 1:
      return { source: toText(mutateData(chaos)) };
    case 2:
      return { source: mutateText(chaos, JSON.stringify(VALID, null, chaos.below(3))) };
    case 3:
      return { source: mutateText(chaos, VALID_YAML), format: "yaml" };
    case 4:
      return { source: mutateText(chaos, toText(mutateData(chaos))), format: chaos.pick(["json", "yaml"]) };
    default:
      return { source: randomBytes(chaos), format: chaos.pick(["json", "yaml"]) };
  }
}

Deno.test("parseWorkflow() answers a workflow that can run or a WorkflowError, whatever it is given", async () => {
  const before = Object.getOwnPropertyNames(Object.prototype).join();
  let accepted = 0;
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
    const { source, format } = createSource(new Chaos(seed));
    try {
      const workflow = await parseWorkflow(source, {
        registry,
        filename: "w",
        ...(format === undefined ? {} : { format }),
      });
      prepareWorkflow(workflow, registry);
      accepted++;
    } catch (error) {
      assert.ok(error instanceof WorkflowError, `FUZZ_SEED=${seed}: ${error instanceof Error ? error.stack : error}`);
      assert.ok(
        error.issues.length > 0 && error.issues.length <= 202,
        `FUZZ_SEED=${seed}: ${error.issues.length} issues`,
      );
      assert.ok(error.message.length < 2_000, `FUZZ_SEED=${seed}: long message`);
    }
    assert.equal(Object.getOwnPropertyNames(Object.prototype).join(), before, `FUZZ_SEED=${seed}`);
    assert.equal("polluted" in {}, false, `FUZZ_SEED=${seed}`);
  }
  if (CASES > 1) assert.ok(accepted > CASES / 50 && accepted < CASES, `${accepted} accepted`);
});

Deno.test("parseWorkflow() refuses monsters with a clear error", async () => {
  const monsters: [string, string][] = [
    ["[".repeat(1_000_000), "too_deep"],
    ['{"a":'.repeat(1_000_000), "too_deep"],
    [`{"nodes": ${"[".repeat(200_000)}${"]".repeat(200_000)}}`, "too_deep"],
    [
      `{"nodes": [{"id": "a", "node_type": "t", "config": {"a": ${"[".repeat(150)}${"]".repeat(150)}}}]}`,
      "too_deep",
    ],
    ["- ".repeat(10_000), "too_deep"],
    ["a: ".repeat(1_000), "too_deep"],
    [" \n\t", "empty_document"],
    ["# nothing\n", "empty_document"],
    ["// nothing\n", "empty_document"],
    ["null", "wrong_type"],
    ["text", "wrong_type"],
    ["{}\0", "invalid_encoding"],
    ["a: 1\n---\nb: 2\n", "invalid_syntax"],
    ["a: 1\na: 2\n", "duplicate_key"],
    ["a: &a [*a]\n", "too_large"],
    ["a: &a [1]\nb: *c\n", "invalid_syntax"],
    ["? {<<: 1}\n: 1\nnodes: 3\n", "invalid_syntax"],
    [bomb(), "too_large"],
    [`{"nodes": [${"1,".repeat(1_000_000)}1]}`, "too_large"],
  ];
  for (const [text, code] of monsters) {
    await assert.rejects(parseWorkflow(text), (error) => {
      assert.ok(error instanceof WorkflowError);
      assert.equal(error.issues[0]?.code, code, text.slice(0, 40));
      return true;
    });
  }
});

Deno.test("parseWorkflow() tells of a text with thousands of mistakes only the first ones", async () => {
  await assert.rejects(parseWorkflow("a: " + '"x" "y"\n- '.repeat(500), { format: "yaml" }), (error) => {
    assert.ok(error instanceof WorkflowError);
    assert.equal(error.issues.length, 100);
    return true;
  });
});

/** Ten aliases of ten aliases of ten ... */
function bomb(): string {
  const lines = [..."bcdefghij"].map((name, index) =>
    `${name}: &${name} [${Array(10).fill(`*${"abcdefghij"[index]}`)}]`
  );
  return ["a: &a [x, x, x, x]", ...lines].join("\n");
}
