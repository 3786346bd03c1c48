import assert from "node:assert/strict";
import { Random } from "../tests/support/random.ts";
import { readPlainConnection, readPlainHead, readPlainNode, readPlainSettings } from "./plain_parts.ts";
import { connectionSchema, nodeSchema, settingsSchema, workflowSchema } from "./workflow_schema.ts";

const SEEDS = 20_000;

const NODE = {
  id: "a",
  node_type: "debug.log",
  name: "A",
  config: { level: "info" },
  position: { x: 1, y: -2.5 },
  timeout_ms: 5,
  retry_policy: null,
};
const CONNECTION = { from_node: "a", from_port: "message", to_node: "b", to_port: "message" };
const SETTINGS = { max_parallel_nodes: 3, on_error: "ContinueOnError", max_execution_time_ms: null };
const HEAD = {
  $schema: "s",
  id: "w",
  name: "W",
  description: "",
  nodes: [NODE],
  connections: [],
  triggers: null,
  settings: {},
};

const PARTS = [
  { name: "node", sound: NODE, read: readPlainNode, schema: nodeSchema },
  { name: "connection", sound: CONNECTION, read: readPlainConnection, schema: connectionSchema },
  { name: "settings", sound: SETTINGS, read: readPlainSettings, schema: settingsSchema },
  { name: "head", sound: HEAD, read: readPlainHead, schema: workflowSchema },
];

const ODD_VALUES: [unknown, ...unknown[]] = [
  undefined,
  null,
  "",
  "a\u0000",
  "__proto__",
  "StopWorkflow",
  0,
  -0,
  1,
  1.5,
  -1,
  2 ** 53,
  NaN,
  Infinity,
  1n,
  true,
  [],
  {},
  { x: 1 },
  { x: 1, y: Infinity },
  { x: 1, y: 2, z: 3 },
  { max_attempts: 2 },
  { RetryWorkflow: { max_attempts: 2 } },
  new Date(0),
  new String("a"),
];

function mutate(random: Random, sound: object): Record<string, unknown> {
  const part: Record<string, unknown> = { ...sound };
  for (let changes = random.int(0, 2); changes > 0; changes--) {
    const key = random.pick(["x-note", "extra", "cache", "on_interrupt", ...Object.keys(sound)]);
    if (random.chance(0.3)) delete part[key];
    else part[key] = random.pick(ODD_VALUES);
  }
  return part;
}

/** Documents take null for nothing. */
function withoutNothing(part: object): object {
  return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined && value !== null));
}

for (const { name, sound, read, schema } of PARTS) {
  Deno.test(`an ordinary ${name} is read without its schema, and as its schema reads it`, () => {
    assert.ok(read(sound) !== undefined);
    for (let seed = 1; seed <= SEEDS; seed++) {
      const raw = mutate(new Random(seed), sound);
      const plain = read(raw);
      if (plain === undefined) continue;
      const parsed = schema().safeParse(raw);
      assert.ok(parsed.success, `seed ${seed}: ${parsed.error}`);
      assert.deepEqual(withoutNothing(plain), withoutNothing(parsed.data), `seed ${seed}`);
      const known = ["$schema", ...Object.keys(schema().shape)];
      assert.deepEqual(Object.keys(raw).filter((key) => !known.includes(key)), [], `seed ${seed}`);
    }
  });
}

Deno.test("what is no plain object is left to the schemas", () => {
  class Settings {}
  for (const { read } of PARTS) {
    for (const raw of [undefined, null, "a", 1, [], new Map(), new Date(0), new Settings(), () => {}]) {
      assert.equal(read(raw), undefined);
    }
  }
});
