import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { EventOf, ExecutionEvent } from "../mod.ts";
import { type CliResult, runFlow, withFiles } from "./support/cli.ts";
import { openZypiServer, whyNoBubblewrap } from "./support/zypi_server.ts";
import { useDockerEngine, whyNoDocker } from "./support/docker_engine.ts";
import { sandboxObstacle } from "./support/sandbox.ts";
import { browserObstacle } from "./support/browser.ts";

type Values = Record<string, unknown>;

interface FlowRun extends CliResult {
  events: ExecutionEvent[];
}

/** One test per file of examples/; the key is the file's name. */
const checks: Record<string, () => Promise<void>> = {
  "shell_pipeline.json": checkShellPipeline,
  "streaming_demo.json": checkStreamingDemo,
  "browser_render.yaml": checkBrowserRender,
  "api_call.yaml": checkApiCall,
  "api_call_pages.yaml": checkApiCallPages,
  "retry_backoff.json": checkRetryBackoff,
  "parallel_fan_out.json": checkParallelFanOut,
  "data_pipeline.json": checkDataPipeline,
  "hello.yaml": checkHello,
  "branching.yaml": checkBranching,
  "map_items.yaml": checkMapItems,
  "poll_until.yaml": checkPollUntil,
  "handlers.yaml": checkHandlers,
  "sub_workflow.yaml": checkSubWorkflow,
  "sub_workflow_step.yaml": checkSubWorkflowStep,
  "branching.test.yaml": checkBranchingTest,
  "secrets.yaml": checkSecrets,
  "custom_node.ts": checkCustomNode,
  "embedding.ts": checkEmbedding,
  "typed_workflow.ts": checkTypedWorkflow,
  "flowengine_v1.json": checkFlowengineV1,
  "sandbox_exec.yaml": checkSandboxExec,
  "docker_pipeline.yaml": checkDockerPipeline,
  "docker_flat_io.json": checkDockerFlatIo,
  "docker_fan_out.yaml": checkDockerFanOut,
  "zypi_sandbox.yaml": checkZypiSandbox,
  "zypi_parallel.json": checkZypiParallel,
  "zypi_file_injection.yaml": checkZypiFileInjection,
  "mixed_shell_zypi.yaml": checkMixedShellZypi,
};

const docker = useDockerEngine();
const bubblewrapObstacle = whyNoBubblewrap();

/** What some of them need of the machine, and why it is not there. */
const obstacles: Record<string, string | undefined> = {
  "browser_render.yaml": browserObstacle,
  "api_call.yaml": sandboxObstacle,
  "api_call_pages.yaml": sandboxObstacle,
  "sandbox_exec.yaml": sandboxObstacle,
  "docker_pipeline.yaml": whyNoDocker(),
  "docker_flat_io.json": whyNoDocker(),
  "docker_fan_out.yaml": whyNoDocker(),
  "zypi_sandbox.yaml": bubblewrapObstacle,
  "zypi_parallel.json": bubblewrapObstacle,
  "zypi_file_injection.yaml": bubblewrapObstacle,
  "mixed_shell_zypi.yaml": bubblewrapObstacle,
};

for (const [file, check] of Object.entries(checks)) {
  const obstacle = obstacles[file];
  if (obstacle !== undefined) console.log(`examples/${file} is skipped: ${obstacle}`);
  Deno.test({ name: `examples/${file} does what it says`, ignore: obstacle !== undefined, fn: check });
}

Deno.test("every file in examples/ is tested", async () => {
  const files = await readdir(new URL("../examples/", import.meta.url), { recursive: true });
  assert.deepEqual(files.sort(), Object.keys(checks).sort());
});

async function checkShellPipeline(): Promise<void> {
  const run = await runExample("shell_pipeline.json");
  assertSucceeded(run);
  assert.deepEqual(outputsOf(run, "report"), {
    chart: "200 ####\n404 #\n500 #",
    slowest: { page: "/pay", ms: 870 },
    visitors: 4,
  });
  const order = nodeOrder(run.events);
  for (const branch of ["by_status", "slowest", "visitors"]) {
    assertOrder(order, `NodeCompleted access_log`, `NodeStarted ${branch}`);
    for (const other of ["by_status", "slowest", "visitors"]) {
      assertOrder(order, `NodeStarted ${branch}`, `NodeCompleted ${other}`);
    }
  }
  assert.equal(linesOf(run.events, "access_log").length, 6);
  assert.equal(order.at(-1), "NodeCompleted report");
}

async function checkStreamingDemo(): Promise<void> {
  const run = await runExample("streaming_demo.json");
  assertSucceeded(run);
  assert.deepEqual(linesOf(run.events, "countdown"), ["3 ...", "2 ...", "1 ...", "lift-off"]);
  assert.deepEqual(linesOf(run.events, "tower"), ["checking fuel", "checking wind", "checking crew", "all clear"]);
  assert.deepEqual(outputsOf(run, "log"), { message: "all clear" });
  assert.equal(outputsOf(run, "count_lines")["output"], 4);
  for (const node of ["countdown", "tower"]) {
    const [first, last] = [indexOfLine(run.events, node, 0), indexOfLine(run.events, node, 3)];
    const end = run.events.findIndex((event) => event.type === "NodeCompleted" && event.node_id === node);
    assert.ok(first < last && last < end, `the lines of ${node} come before its end`);
  }
}

async function checkApiCall(): Promise<void> {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => Response.json({ city: "Bern", celsius: 4 }),
  );
  const url = `http://127.0.0.1:${server.addr.port}/weather`;
  const run = await runExample("api_call.yaml", "--set", `url=${url}`);
  assertSucceeded(run);
  assert.deepEqual(outputsOf(run, "log"), { message: { city: "Bern", celsius: 4, wear: "a coat" } });
  assert.deepEqual(declaredOutputs(run), { wear: "a coat" });
}

async function checkApiCallPages(): Promise<void> {
  let asked = 0;
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const page = Number(new URL(request.url).searchParams.get("page"));
    // The service is out of order once.
    if (++asked === 1) return new Response("busy", { status: 503 });
    return Response.json({ orders: Array.from({ length: page }, () => ({ total: 10 * page })) });
  });
  const url = `http://127.0.0.1:${server.addr.port}/orders`;
  const run = await runExample("api_call_pages.yaml", "--set", `url=${url}`);
  assertSucceeded(run);
  assert.deepEqual(declaredOutputs(run), { orders: 6, total: 140 });
  assert.equal(asked, 4);
}

async function checkBrowserRender(): Promise<void> {
  const page = "<h1>Menu</h1><ul id=a></ul><script>for (const x of ['tea', 'cake']) a.innerHTML += `<li>${x}`</script>";
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response(page, { headers: { "content-type": "text/html" } }),
  );
  const run = await runExample("browser_render.yaml", "--set", `url=http://127.0.0.1:${server.addr.port}/`);
  assertSucceeded(run);
  assert.deepEqual(outputsOf(run, "log"), { message: "Menu\n\ntea\ncake" });
  assert.match(String(outputsOf(run, "picture")["stdout"]), /^iVBORw0KGgo/);
}

async function checkRetryBackoff(): Promise<void> {
  const run = await runExample("retry_backoff.json");
  assertSucceeded(run);
  const retries = run.events.filter((event): event is EventOf<"NodeRetrying"> => event.type === "NodeRetrying");
  assert.deepEqual(retries.map(({ delay_ms }) => delay_ms), [200, 400]);
  assert.deepEqual(retries.map(({ error }) => error.code), ["exit_code", "exit_code"]);
  const attempts = run.events.flatMap((event) =>
    event.type === "NodeStarted" ? [`${event.node_id} ${event.attempt}`] : []
  );
  assert.deepEqual(attempts, ["flaky 1", "flaky 2", "flaky 3", "log 1"]);
  assert.deepEqual(outputsOf(run, "log"), { message: "attempt 3 works" });
}

async function checkParallelFanOut(): Promise<void> {
  const run = await runExample("parallel_fan_out.json");
  assertSucceeded(run);
  assert.deepEqual(outputsOf(run, "together"), {
    sum: 108,
    count: 6,
    largest: 42,
    smallest: 4,
    even: 4,
    squares: "16\n64\n225\n256\n529\n1764",
  });
  const order = nodeOrder(run.events);
  assert.equal(new Set(order).size, 16, "each of the 8 nodes starts once and ends once");
  assert.equal(mostAtOnce(order), 3);
  assert.deepEqual(order.slice(0, 2), ["NodeStarted numbers", "NodeCompleted numbers"]);
  assert.deepEqual(order.slice(-2), ["NodeStarted together", "NodeCompleted together"]);
}

async function checkDataPipeline(): Promise<void> {
  const accepted: (string | null)[] = [];
  await using server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    accepted.push(request.headers.get("accept"));
    return Response.json({ planets: ["Mercury", "Venus"], moons: 0 });
  });
  const run = await runExample("data_pipeline.json", "--set", `url=http://127.0.0.1:${server.addr.port}/planets`);
  assertSucceeded(run);
  assert.deepEqual(accepted, ["application/json"]);
  assert.deepEqual(outputsOf(run, "parse"), { parsed: { planets: ["Mercury", "Venus"], moons: 0 } });
  assert.deepEqual(outputsOf(run, "settle"), { lines: 7 });
  assert.deepEqual(logsOf(run.events, "log").sort(), ["lines: 7", "status: 200"]);
}

async function checkBranching(): Promise<void> {
  const large = await runExample("branching.yaml", "--set", "order=42", "--set", "total=250", "--set", "express=true");
  assertSucceeded(large);
  assert.deepEqual(declaredOutputs(large), { order: 42, approved: true, courier: "succeeded" });
  const small = await runExample("branching.yaml", "--set", "order=7");
  assertSucceeded(small);
  assert.deepEqual(declaredOutputs(small), { order: 7, approved: false, courier: "skipped" });
  const none = await runFlow(["run", "examples/branching.yaml"]);
  assert.equal(none.code, 2);
  assert.match(none.stderr, /Input "order" is missing \(Number of the order\)[^]*--set order=1/);
}

async function checkBranchingTest(): Promise<void> {
  const { code, stdout } = await runFlow(["test", "examples/branching.test.yaml", "--coverage"]);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /coverage of examples\/branching\.yaml: 6 of 6 nodes ran\n4 passed\n$/);
}

function declaredOutputs({ events }: FlowRun): unknown {
  const last = events.at(-1);
  return last?.type === "WorkflowCompleted" ? last.outputs : undefined;
}

async function checkHello(): Promise<void> {
  assert.deepEqual(outputsOf(await runExample("hello.yaml"), "log"), { message: "Hello, world!" });
  assert.deepEqual(outputsOf(await runExample("hello.yaml", "--set", "stdin=Ada"), "log"), { message: "Hello, Ada!" });
}

async function checkMapItems(): Promise<void> {
  const run = await runExample("map_items.yaml");
  assertSucceeded(run);
  assert.deepEqual(JSON.parse((await runFlow(["run", "examples/map_items.yaml", "--quiet"])).stdout), {
    healthy: ["web-1", "web-2"],
    checked: 3,
  });
  const attempts = run.events.filter((event) => event.type === "NodeStarted" && event.index === 2);
  assert.equal(attempts.length, 2);
}

async function checkPollUntil(): Promise<void> {
  const run = await runExample("poll_until.yaml");
  assertSucceeded(run);
  assert.equal(run.events.filter((event) => event.type === "NodeRepeating").length, 2);
  const last = run.events.at(-1);
  assert.deepEqual(last?.type === "WorkflowCompleted" && last.outputs, { lines: 3 });
}

async function checkSubWorkflow(): Promise<void> {
  const run = await runExample("sub_workflow.yaml");
  assertSucceeded(run);
  const last = run.events.at(-1);
  assert.deepEqual(last?.type === "WorkflowCompleted" && last.outputs, {
    greetings: ["HELLO ADA", "HELLO GRACE"],
  });
}

async function checkSubWorkflowStep(): Promise<void> {
  const { stdout } = await runFlow(["run", "examples/sub_workflow_step.yaml", "--set", "name=Alan", "--quiet"]);
  assert.deepEqual(JSON.parse(stdout), { greeting: "HELLO ALAN" });
}

async function checkHandlers(): Promise<void> {
  const { stderr, code } = await runFlow(["run", "examples/handlers.yaml"]);
  assert.equal(code, 0);
  assert.match(stderr, /celebrate \| Saved 12 tables/);
  assert.match(stderr, /record \| backup: succeeded/);
  const failed = await runFlow(["run", "examples/handlers.yaml", "--set", "fail=true"]);
  assert.equal(failed.code, 3);
  assert.match(failed.stderr, /alert \| Backup failed: Node "dump" failed/);
  assert.match(failed.stderr, /record \| backup: failed/);
}

async function checkSecrets(): Promise<void> {
  const env = { FLOW_SECRET_SHOP_TOKEN: "correct-horse-battery" };
  const { code, stdout, stderr } = await runFlow(["run", "examples/secrets.yaml", "--verbose"], { env });
  assert.equal(code, 0, stderr);
  assert.deepEqual(JSON.parse(stdout), { told: "Logged in with ***", signature: "0c21ac72" });
  assert.match(stderr, /login \| Logged in with \*\*\*/);
  const missing = await runFlow(["run", "examples/secrets.yaml"]);
  assert.equal(missing.code, 2);
  assert.match(missing.stderr, /FLOW_SECRET_SHOP_TOKEN.*flow secrets set SHOP_TOKEN/);
}

async function checkCustomNode(): Promise<void> {
  const run = await runExample("custom_node.ts");
  assertSucceeded(run);
  assert.deepEqual(outputsOf(run, "shout"), { text: "TO BE, OR NOT TO BE!" });
  assert.deepEqual(outputsOf(run, "count"), { words: 6, longest: "not" });

  const script = new URL("../examples/custom_node.ts", import.meta.url).href;
  const { code, stdout } = await new Deno.Command(Deno.execPath(), { args: ["run", "-A", script] }).output();
  assert.equal(code, 0);
  assert.match(new TextDecoder().decode(stdout), /^count: 50 %$[\s\S]*^6 words, the longest is "not"$/m);
}

async function checkTypedWorkflow(): Promise<void> {
  const run = await runFlow(["run", "examples/typed_workflow.ts", "--no-store"]);
  assert.equal(run.code, 0, run.stderr);
  assert.deepEqual(JSON.parse(run.stdout), { advice: "Go to Reykjavik!", asked: 2 });
  assert.match(run.stderr, /Reykjavik is hot/);

  const script = fileURLToPath(new URL("../examples/typed_workflow.ts", import.meta.url));
  const own = await new Deno.Command(Deno.execPath(), { args: ["run", "-A", script] }).output();
  assert.equal(new TextDecoder().decode(own.stdout), 'succeeded { advice: "Go to Lisbon!", asked: 2 }\n');
}

async function checkEmbedding(): Promise<void> {
  const script = fileURLToPath(new URL("../examples/embedding.ts", import.meta.url));
  const pack = (folder: string) =>
    new Deno.Command(Deno.execPath(), { args: ["run", "-A", script, "orders.db"], cwd: folder, stdout: "piped" })
      .spawn();
  await withFiles({}, async (path) => {
    const first = pack(path(""));
    let told = "";
    for await (const chunk of first.stdout.pipeThrough(new TextDecoderStream())) {
      told += chunk;
      if (told.includes("packed apples\n")) first.kill("SIGKILL");
    }
    assert.equal((await first.status).signal, "SIGKILL");
    assert.equal(told, "starting\npacked apples\n");

    const second = pack(path(""));
    const rest = await second.stdout.text();
    assert.equal((await second.status).code, 0);
    assert.equal(rest, "going on\npacked bread\npacked cheese\nsucceeded: apples,bread,cheese\n");
  });
}

async function checkFlowengineV1(): Promise<void> {
  const run = await runExample("flowengine_v1.json");
  assertSucceeded(run);
  const [started] = run.events.filter((event): event is EventOf<"WorkflowStarted"> => event.type === "WorkflowStarted");
  assert.equal(started?.workflow_id, "3f0a8a52-51c9-4c1e-8f7a-6a1f3b0c9d10");
  assert.deepEqual(outputsOf(run, "886313e1-3b8a-5372-9b90-0c9aee199e5d"), {
    message: '{"planet":"Jupiter","moons":95}',
  });
  assert.deepEqual(linesOf(run.events, "7c9e6679-7425-40de-944b-e07fc1f90ae7"), ['{"planet": "Jupiter", "moons": 95}']);
}

async function checkSandboxExec(): Promise<void> {
  const run = await runExample("sandbox_exec.yaml");
  assertSucceeded(run);
  assert.deepEqual(outputsOf(run, "log"), { message: "0" });
  const greedy = await runFlow(["run", "examples/sandbox_exec.yaml", "--set", "code=bytearray(10**9)"]);
  assert.equal(greedy.code, 3);
  assert.match(greedy.stderr, /MemoryError/);
}

async function checkZypiSandbox(): Promise<void> {
  const { run, vms } = await runWithZypi("zypi_sandbox.yaml");
  assertSucceeded(run);
  assert.deepEqual(declaredOutputs(run), { words: 10, most_frequent: "be" });
  assert.deepEqual(linesOf(run.events, "count").slice(0, 3), ["      2 be", "      2 to", "      1 is"]);
  assert.equal(outputsOf(run, "leave")["output"], 0);
  assert.equal(vms, 0);
}

async function checkZypiParallel(): Promise<void> {
  const { run } = await runWithZypi("zypi_parallel.json");
  assertSucceeded(run);
  assert.deepEqual(declaredOutputs(run), { primes: 1229 });
  assert.equal(mostAtOnce(nodeOrder(run.events)), 4);
}

async function checkZypiFileInjection(): Promise<void> {
  const { run } = await runWithZypi("zypi_file_injection.yaml", "--set", "currency=CHF");
  assertSucceeded(run);
  assert.deepEqual(outputsOf(run, "log"), { message: { items: 6, total: "12.65 CHF" } });
}

async function checkMixedShellZypi(): Promise<void> {
  const { run } = await runWithZypi("mixed_shell_zypi.yaml");
  assertSucceeded(run);
  assert.deepEqual(declaredOutputs(run), { text: "HELL0 FR0M 0UTSIDE\nS0 L0NG", words: 5 });
}

/** Runs an example against a server with the limits of the real one; `vms`: how many are left after it. */
async function runWithZypi(file: string, ...args: string[]): Promise<{ run: FlowRun; vms: number }> {
  const server = openZypiServer({ mode: "strict" });
  try {
    const run = await runExample(file, "--set", `zypi_url=${server.url}`, ...args);
    return { run, vms: server.vms() };
  } finally {
    await server.close();
  }
}

async function checkDockerPipeline(): Promise<void> {
  const run = await runDockerExample("docker_pipeline.yaml", "--set", `shell_image=${docker().busybox}`);
  assertSucceeded(run);
  assert.deepEqual(declaredOutputs(run), { summary: { mean: 19.5, warmest: "Cairo" } });
  assert.deepEqual(linesOf(run.events, "measure"), ["Oslo:4", "Cairo:31", "Lima:19", "Perth:24"]);
  assert.ok(linesOf(run.events, "summarize").includes("averaging 4 cities"));
}

async function checkDockerFlatIo(): Promise<void> {
  const run = await runDockerExample("docker_flat_io.json", "--set", "value=14");
  assertSucceeded(run);
  assert.deepEqual(outputsOf(run, "flat")["output"], { doubled: 28 });
  assert.deepEqual(outputsOf(run, "wrapped")["output"], { tripled: 42, type: "Number" });
}

async function checkDockerFanOut(): Promise<void> {
  const run = await runDockerExample("docker_fan_out.yaml", "--set", "count=10");
  assertSucceeded(run);
  assert.deepEqual(outputsOf(run, "split")["output"], [[1, 2, 3, 4], [5, 6, 7, 8], [9, 10]]);
  assert.deepEqual(declaredOutputs(run), { total: { sum: 55, count: 10, smallest: 1, largest: 10 } });
  const indexes = run.events.flatMap((event) =>
    event.type === "NodeCompleted" && event.node_id === "measure" && event.index !== undefined ? [event.index] : []
  );
  assert.deepEqual(indexes.sort(), [0, 1, 2], "there is a container for each part");
}

/** Nothing is pulled: what the image is called is an input. */
async function runDockerExample(file: string, ...args: string[]): Promise<FlowRun> {
  const image = `image=${await docker().python()}`;
  return await runWith({ DOCKER_HOST: docker().host }, file, "--verbose", "--set", image, ...args);
}

async function runExample(file: string, ...args: string[]): Promise<FlowRun> {
  return await runWith({}, file, ...args);
}

async function runWith(env: Record<string, string>, file: string, ...args: string[]): Promise<FlowRun> {
  const finished = await runFlow(["run", `examples/${file}`, "--json", ...args], { env });
  const lines = finished.stdout.split("\n").filter((line) => line !== "");
  return { ...finished, events: lines.map((line) => JSON.parse(line) as ExecutionEvent) };
}

function assertSucceeded({ code, events, stderr }: FlowRun): void {
  assert.equal(code, 0, stderr);
  assert.deepEqual(events.map(({ seq }) => seq), events.map((_, index) => index + 1), "no event is missing");
  assert.equal(events[0]?.type, "WorkflowStarted");
  const last = events.at(-1);
  assert.ok(last?.type === "WorkflowCompleted" && last.success, JSON.stringify(last));
}

function outputsOf({ events, stderr }: FlowRun, nodeId: string): Values {
  const found = events.find((event) => event.type === "NodeCompleted" && event.node_id === nodeId);
  assert.ok(found?.type === "NodeCompleted", `"${nodeId}" did not complete: ${stderr}`);
  return found.outputs;
}

/** What a node wrote to stdout and stderr, as it came. */
function linesOf(events: readonly ExecutionEvent[], nodeId: string): string[] {
  return bodiesOf(events, nodeId).flatMap((body) => "line" in body ? [body.line] : []);
}

function logsOf(events: readonly ExecutionEvent[], nodeId: string): string[] {
  return bodiesOf(events, nodeId).flatMap((body) => body.event_type === "Info" ? [body.message] : []);
}

function bodiesOf(events: readonly ExecutionEvent[], nodeId: string): EventOf<"NodeEvent">["event"][] {
  return events.flatMap((event) => event.type === "NodeEvent" && event.node_id === nodeId ? [event.event] : []);
}

function indexOfLine(events: readonly ExecutionEvent[], nodeId: string, number: number): number {
  const line = linesOf(events, nodeId)[number];
  return events.findIndex((event) =>
    event.type === "NodeEvent" && event.node_id === nodeId && "line" in event.event && event.event.line === line
  );
}

function nodeOrder(events: readonly ExecutionEvent[]): string[] {
  return events.flatMap((event) =>
    event.type === "NodeStarted" || event.type === "NodeCompleted" ? [`${event.type} ${event.node_id}`] : []
  );
}

function assertOrder(order: readonly string[], before: string, after: string): void {
  assert.ok(order.includes(before) && order.indexOf(before) < order.indexOf(after), `${before} < ${after} in ${order}`);
}

function mostAtOnce(order: readonly string[]): number {
  let running = 0;
  return Math.max(...order.map((entry) => running += entry.startsWith("NodeStarted") ? 1 : -1));
}
