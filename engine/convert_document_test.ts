import assert from "node:assert/strict";
import { JsonWriter, YamlWriter } from "../tests/support/random_documents.ts";
import { convertDocument } from "./convert_document.ts";
import { listJsonComments, listYamlComments } from "./document_comments.ts";
import { toJsonData } from "./json_data.ts";
import { openSource } from "./read_source.ts";
import { isSameData } from "./same_data.ts";

/** Set FUZZ_SEED to see one case again. */
const FIRST_SEED = Number(Deno.env.get("FUZZ_SEED") ?? 1);
const CASES = Deno.env.has("FUZZ_SEED") ? 1 : 500;

const COMMENTED_YAML = `# An example
id: a # the id

nodes:
  # first
  - id: x
    node_type: debug.log
    config: { level: info, lines: [1, 2] }
  - id: y # second
    config:
      text: |
        one
        two
# the end
`;

const COMMENTED_JSONC = `// An example

{
  "id": "a", // the id

  "nodes": [
    // first
    { "id": "x", "node_type": "debug.log", "config": { "level": "info", "lines": [1, 2] } },
    {
      "id": "y", // second
      "config": {
        "text": "one\\ntwo\\n"
      }
    }
  ]
}
// the end
`;

const WRITTEN_YAML = `# An example

id: a # the id

nodes:
  # first
  - { id: x, node_type: debug.log, config: { level: info, lines: [1, 2] } }
  - id: y # second
    config:
      text: |
        one
        two

# the end
`;

Deno.test("convertDocument() keeps comments between YAML and JSONC", async () => {
  const jsonc = await convertDocument(COMMENTED_YAML, { format: "yaml", to: "jsonc" });
  assert.deepEqual(words(jsonc.text), words(COMMENTED_JSONC));
  assert.equal(jsonc.lost_comments, 0);
  const yaml = await convertDocument(COMMENTED_JSONC, { format: "json", to: "yaml" });
  assert.equal(yaml.text, WRITTEN_YAML);
});

Deno.test("convertDocument() says how many comments plain JSON has no place for", async () => {
  const { text, lost_comments } = await convertDocument(COMMENTED_YAML, { format: "yaml", to: "json" });
  assert.equal(lost_comments, 5);
  assert.deepEqual(JSON.parse(text), (await openSource(COMMENTED_YAML, { format: "yaml" })).raw);
});

Deno.test("convertDocument() writes out aliases, merge keys and bytes", async () => {
  const yaml = "a: &x { k: 1, l: 2 }\nb:\n  <<: *x\n  l: 3 # mine\nc: [*x]\nd: !!binary aGVsbG8=\n";
  const { text } = await convertDocument(yaml, { format: "yaml", to: "jsonc" });
  assert.match(text, /"l": 3 \/\/ mine/);
  const { raw } = await openSource(text, { format: "json" });
  assert.deepEqual(raw, { a: { k: 1, l: 2 }, b: { k: 1, l: 3 }, c: [{ k: 1, l: 2 }], d: { $bytes: "aGVsbG8=" } });
});

Deno.test("convertDocument() refuses what JSON cannot hold, and says where it is", async () => {
  await assert.rejects(convertDocument("a:\n  - b: .inf\n", { format: "yaml", to: "json" }), /a\[0\]\.b is Infinity/);
  await assert.rejects(convertDocument({ a: () => 1 }, { to: "yaml" }), /a is a function/);
});

Deno.test("convertDocument() makes tagged values plain and plain ones tagged", async () => {
  const plain = {
    id: "w",
    inputs: { n: { default: [1], enum: ["a"] } },
    nodes: [{
      id: "a",
      config: { url: "x", list: [1, null, true], raw: { type: "String", value: "s" }, bytes: { $bytes: "aGk=" } },
    }],
    outputs: { o: { p: 1.5 } },
  };
  const { text } = await convertDocument(plain, { to: "json", tagged: true });
  const tagged = JSON.parse(text);
  assert.deepEqual(tagged.nodes[0].config.list, {
    type: "Array",
    value: [{ type: "Number", value: 1 }, { type: "Null", value: null }, { type: "Bool", value: true }],
  });
  assert.deepEqual(tagged.nodes[0].config.bytes, { type: "Bytes", value: [104, 105] });
  assert.deepEqual(tagged.inputs.n.default, { type: "Array", value: [{ type: "Number", value: 1 }] });
  assert.equal(tagged.id, "w");
  const back = await convertDocument(text, { format: "json", to: "yaml" });
  assert.deepEqual((await openSource(back.text, { format: "yaml" })).raw, {
    ...plain,
    nodes: [{ id: "a", config: { ...plain.nodes[0]?.config, raw: "s" } }],
  });
});

Deno.test("convertDocument() finds values everywhere: ports, items and handlers too", async () => {
  const node = { id: "a", config: { x: 1 }, inputs: { y: "z" }, map: { items: [true] } };
  const { text } = await convertDocument({ nodes: [node], settings: { on_exit: [node] } }, {
    to: "json",
    tagged: true,
  });
  const { nodes: [own], settings: { on_exit: [handler] } } = JSON.parse(text);
  assert.deepEqual(own, {
    id: "a",
    config: { x: { type: "Number", value: 1 } },
    inputs: { y: { type: "String", value: "z" } },
    map: { items: [{ type: "Bool", value: true }] },
  });
  assert.deepEqual(handler, own);
});

Deno.test(`convertDocument() takes ${CASES} random documents to the other formats and back`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
    await checkRoundTrip(new JsonWriter(seed).document(), "json", "yaml", seed);
    await checkRoundTrip(new YamlWriter(seed).document(), "yaml", "jsonc", seed);
  }
});

async function checkRoundTrip(source: string, format: "json" | "yaml", to: "jsonc" | "yaml", seed: number) {
  const there = await convertDocument(source, { format, to });
  const back = await convertDocument(there.text, {
    format: to === "yaml" ? "yaml" : "json",
    to: format === "json" ? "jsonc" : "yaml",
  });
  const about = `seed ${seed}:\n${source}\n----\n${there.text}\n----\n${back.text}`;
  const data = async (text: string) => toJsonData((await openSource(text, { format })).raw, []);
  assert.ok(isSameData(await data(back.text), await data(source)), about);
  assert.equal(there.lost_comments + back.lost_comments, 0, about);
  const before = format === "json" ? listJsonComments(source) : await listYamlComments(source);
  const after = format === "json" ? listJsonComments(back.text) : await listYamlComments(back.text);
  assert.deepEqual(words(after.join("\n")).sort(), words(before.join("\n")).sort(), about);
}

/** The words of a text, without the signs of comments and how lines are broken. */
function words(text: string): string[] {
  return text.replaceAll(/\/\*|\s*\*\/|\/\/|^\s*\*|#/gm, " ").split(/\s+/).filter((word) => word !== "");
}
