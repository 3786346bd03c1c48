import assert from "node:assert/strict";
import {
  debugLog,
  expression,
  flowCall,
  FlowError,
  jsonParse,
  shellExec,
  workflow,
  type WorkflowBuilder,
} from "../mod.ts";

const refused = (error: unknown) => {
  assert.ok(error instanceof FlowError);
  assert.equal(error.code, "invalid_argument");
  assert.match(error.message, /: it is of workflow "other"$/);
  return true;
};

/** A workflow with a node of the same id as all others have. */
function build(id: string) {
  const wf = workflow(id, { inputs: { name: { type: "string" } } });
  return { wf, a: wf.add("a", shellExec({ command: "echo" })), name: wf.input("name") };
}

Deno.test("what is of another workflow is refused wherever it is used, although there is a node of that id", () => {
  const { a, name } = build("other");
  const add = (wf: WorkflowBuilder, inputs = {}, options = {}) => wf.add("b", debugLog(), inputs, options);
  const uses: ((wf: WorkflowBuilder) => unknown)[] = [
    (wf) => add(wf, { message: a.stdout }),
    (wf) => add(wf, { message: a.port("stdout").as<string>() }),
    (wf) => add(wf, { message: name }),
    (wf) => add(wf, { message: [{ deep: name }] }),
    (wf) => add(wf, { message: expression`1 + ${a.exit_code}` }),
    (wf) => add(wf, { message: a.output.as<{ x: number }>().get("x") }),
    (wf) => add(wf, {}, { when: expression`${a.success}` }),
    (wf) => add(wf, {}, { map: { items: name } }),
    (wf) => add(wf, {}, { depends_on: [a] }),
    (wf) => add(wf, {}, { depends_on: [a.stdout] }),
    (wf) => wf.add("b", shellExec({ command: "echo", args: [a.stdout] })),
    (wf) => wf.add("b", flowCall({ workflow: workflow("called"), inputs: { name } })),
    (wf) => wf.onExit("b", debugLog(), { message: a.stdout }),
    (wf) => wf.output("out", a.stdout),
    (wf) => wf.connect(a.stdout, add(wf), "message"),
  ];
  for (const use of uses) {
    const { wf } = build("mine");
    const document = JSON.stringify(wf);
    assert.throws(() => use(wf as unknown as WorkflowBuilder), refused, `${use}`);
    if (!`${use}`.includes("connect")) {
      assert.equal(JSON.stringify(wf), document, "a refused node leaves nothing behind");
    }
  }
  const { wf, a: mine } = build("mine");
  const log = workflow("other").add("b", debugLog());
  assert.throws(() => wf.connect(mine.stdout, log, "message"), refused);
});

Deno.test("workflows of the same id are told apart, and an expression is about one of them", () => {
  const [one, two] = [build("twin"), build("twin")];
  assert.throws(
    () => two.wf.output("out", one.a.stdout),
    /Cannot use \$\{\{ nodes\.a\.stdout \}\} for output "out": it is of another workflow with the same id$/,
  );
  assert.throws(() => expression`${one.name} & ${two.name}`, /it is about workflows "twin" and "twin"/);
  assert.doesNotThrow(() => two.wf.output("out", expression`inputs.name`), "what names nothing fits everywhere");
});

Deno.test("a node is no value: not in a text, not as an input", () => {
  const { wf, a } = build("mine");
  assert.throws(() => `Hello ${a}`, /Cannot use node "a" as a text: it has no value/);
  const message = a as unknown as string;
  assert.throws(() => wf.add("b", debugLog(), { message }), /an instance of NodeReference is no value/);
});

Deno.test("expressions in expressions are computed first, and references within literals are references", async () => {
  const wf = workflow("sums", { inputs: { n: { type: "number" } } });
  const sum = expression<number>`${wf.input("n")} + 1`;
  const pick = expression<{ a: number }>`${sum} > 2 ? {"a": 5} : {"a": 6}`;
  const list = wf.add("list", jsonParse(), { json: "[1, 2]" });
  wf.output("product", expression`${sum} * 2`)
    .output("part", pick.get("a"))
    .output("all", expression`$sum(${[wf.input("n"), sum, list.parsed, 4]})`)
    .output("object", expression`${{ n: wf.input("n"), "odd key": { sum }, left_out: undefined }}`)
    .output("braces", expression`${"}} ${{ x"} & ${'"'}`)
    .output("nothing", expression`[${undefined}, ${null}]`);
  const { outputs, error } = await wf.run({ inputs: { n: 2 } });
  assert.deepEqual(outputs, {
    product: 6,
    part: 5,
    all: 12,
    object: { n: 2, "odd key": { sum: 3 } },
    braces: '}} ${{ x"',
    nothing: [null, null],
  }, `${error?.message}`);
  for (const foreign of [1n, NaN, new Date(), () => 1]) {
    assert.throws(() => expression`${foreign}`, /Cannot use .* in an expression: it is no JSON/);
  }
});
