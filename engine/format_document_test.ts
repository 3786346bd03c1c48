import assert from "node:assert/strict";
import { JsonWriter, YamlWriter } from "../tests/support/random_documents.ts";
import { listJsonComments, listYamlComments } from "./document_comments.ts";
import { formatDocument } from "./format_document.ts";
import { WorkflowError } from "./issue.ts";
import { openSource } from "./read_source.ts";
import { isSameData } from "./same_data.ts";

/** Set FUZZ_SEED to see one case again. */
const FIRST_SEED = Number(Deno.env.get("FUZZ_SEED") ?? 1);
const CASES = Deno.env.has("FUZZ_SEED") ? 1 : 1_000;

const json: [name: string, before: string, after: string][] = [
  ["spaces and brackets", '{"a":1,"b":[1,2],"c":{"d":null}}', '{ "a": 1, "b": [1, 2], "c": { "d": null } }\n'],
  ["what was broken stays so", '{\n"a": [1,2], "b": {}}', '{\n  "a": [1, 2],\n  "b": {}\n}\n'],
  ["trailing commas go", "[\n1,\n2,\n]", "[\n  1,\n  2\n]\n"],
  ["numbers and texts stay as they are", '{"a":1.50e+3,"b":"\\u0041\\/"}', '{ "a": 1.50e+3, "b": "\\u0041\\/" }\n'],
  ["empty lines: at most one", '{\n\n"a":1,\n\n\n"b":2\n\n}', '{\n  "a": 1,\n\n  "b": 2\n}\n'],
  [
    "comments above and behind",
    '// x\n\n{"a":1, // y\n/* z */"b":2}',
    '// x\n\n{\n  "a": 1, // y\n  /* z */\n  "b": 2\n}\n',
  ],
  [
    "comments in odd places",
    '{"a" /*1*/: /*2*/ 1 // 3\n, "b": [ // 4\n]}',
    '{\n  /*1*/\n  /*2*/\n  "a": 1, // 3\n  "b": [\n    // 4\n  ]\n}\n',
  ],
  ["carriage returns and byte order marks", '\ufeff{"a":\r\n1}\r\n', '{ "a": 1 }\n'],
  [
    "long lines",
    `{"a":[${Array(30).fill('"word"').join(",")}]}`,
    `{\n  "a": [\n${Array(30).fill('    "word"').join(",\n")}\n  ]\n}\n`,
  ],
];

for (const [name, before, after] of json) {
  Deno.test(`formatDocument() writes JSON in one way: ${name}`, async () => {
    assert.equal(await formatDocument(before, { format: "json" }), after);
    assert.equal(await formatDocument(after, { format: "json" }), after);
  });
}

const yaml: [name: string, before: string, after: string][] = [
  [
    "indentation and spaces",
    "nodes:\n- id:   a\n  config:\n      x: 1\n",
    "nodes:\n  - id: a\n    config:\n      x: 1\n",
  ],
  ["brackets", "a: {x: 1,y: [1,2]}\nb: [\n  1, 2]\n", "a: { x: 1, y: [1, 2] }\nb:\n  [\n    1,\n    2\n  ]\n"],
  ["comments", "# x\na: 1   # y\n\n\n# z\nb: 2\n", "# x\na: 1 # y\n\n# z\nb: 2\n"],
  [
    "scalars stay as they are",
    "a: 'x'\nb: \"\\x41\"\nc: 0x1F\nd: 1.50\ne: ~\n",
    "a: 'x'\nb: \"\\x41\"\nc: 0x1F\nd: 1.50\ne: ~\n",
  ],
  [
    "texts of several lines move",
    "a:\n     b: |\n            x\n              y\n\n\nc: >-\n       one\n       two\n",
    "a:\n  b: |\n    x\n      y\n\nc: >-\n  one\n  two\n",
  ],
  ["anchors and merges", "a: &x {k: 1}\nb:\n    <<: *x\n    l: *x\n", "a: &x { k: 1 }\nb:\n  <<: *x\n  l: *x\n"],
  ["JSON stays JSON", '{"a":1}', '{ "a": 1 }\n'],
];

for (const [name, before, after] of yaml) {
  Deno.test(`formatDocument() writes YAML in one way: ${name}`, async () => {
    assert.equal(await formatDocument(before, { format: "yaml" }), after);
    assert.equal(await formatDocument(after, { format: "yaml" }), after);
  });
}

Deno.test("formatDocument() refuses what it cannot read, with file, line and column", async () => {
  for (
    const [filename, text, place] of [["a.json", '{"a": 1,\n "b" 2}', "2:6"], [
      "a.yaml",
      "a: 1\nb: [1\n",
      "3:1",
    ]] as const
  ) {
    const error = await formatDocument(text, { filename }).then(() => undefined, (thrown) => thrown);
    assert.ok(error instanceof WorkflowError, `${filename} was accepted`);
    assert.match(error.message, new RegExp(`^${filename}:${place}: `));
  }
});

Deno.test(`formatDocument() keeps meaning and comments of ${CASES} random JSON texts, and settles at once`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
    const text = new JsonWriter(seed).document();
    await checkFormat(text, "json", seed);
  }
});

Deno.test(`formatDocument() keeps meaning and comments of ${CASES} random YAML texts, and settles at once`, async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + CASES; seed++) {
    const text = new YamlWriter(seed).document();
    await checkFormat(text, "yaml", seed);
  }
});

async function checkFormat(text: string, format: "json" | "yaml", seed: number): Promise<void> {
  const before = await openSource(text, { format });
  assert.deepEqual(before.issues.filter(({ severity }) => severity === "error"), [], `seed ${seed}:\n${text}`);
  const result = await formatDocument(text, { format });
  const about = `seed ${seed}:\n${text}\n----\n${result}`;
  assert.ok(isSameData((await openSource(result, { format })).raw, before.raw), about);
  assert.equal(await formatDocument(result, { format }), result, about);
  const list = format === "json" ? listJsonComments : listYamlComments;
  const comments = async (of: string) => (await list(of)).map((comment) => comment.replaceAll(/\s+/g, " ")).sort();
  assert.deepEqual(await comments(result), await comments(text), about);
  assert.ok(!/[ \t]+$/m.test(result.replaceAll(/^.*(>|\||"|').*$[^]*/gm, "")), about);
}
