import assert from "node:assert/strict";
import { systemClock } from "../../engine/clock.ts";
import { createEngine } from "../../engine/engine.ts";
import { parseWorkflow } from "../../engine/parse.ts";
import { debugLog } from "../../nodes/debug_log.ts";
import type { Frame } from "./frame.ts";
import type { Notice, Sink } from "./sink.ts";
import { LiveStreams } from "./streams.ts";
import { until } from "../../tests/support/until.ts";

/** A client that takes everything at once, or nothing. */
class FakeSink implements Sink {
  readonly frames: Frame[] = [];
  notice: Notice | undefined;
  isOpen = true;

  isReady(): boolean {
    return this.isOpen;
  }

  send(frame: Frame): void {
    this.frames.push(frame);
  }

  beat(): void {}

  end(notice: Notice): void {
    this.notice = notice;
  }

  abort(): void {}
}

const soon = { withinMs: 2500 };

async function startOne() {
  const engine = createEngine({ nodes: [debugLog] });
  const document = { nodes: [{ id: "a", node_type: "debug.log", inputs: { message: "hi" } }] };
  const workflow = await parseWorkflow(document, { registry: engine.registry });
  return { engine, run: () => engine.start(workflow) };
}

Deno.test("LiveStreams keeps nothing of a stream that nobody reads any more", async () => {
  const { engine, run } = await startOne();
  const streams = new LiveStreams(engine, systemClock);
  for (let i = 0; i < 5; i++) {
    const { execution_id } = await run();
    const [first, second] = [new FakeSink(), new FakeSink()];
    await Promise.all([
      streams.follow(first, { executionId: execution_id }),
      streams.follow(second, { executionId: execution_id, after: 1 }),
    ]);
    await until(() => first.notice !== undefined && second.notice !== undefined, soon);
    assert.equal(first.notice?.reason, "completed");
    assert.deepEqual(second.frames.map(({ id }) => id), first.frames.slice(1).map(({ id }) => id));
  }
  await until(() => streams.feedCount === 0, soon);
  assert.equal(streams.clientCount, 0);
  const all = await streams.follow(new FakeSink(), {});
  assert.equal(streams.feedCount, 1);
  all.detach();
  await until(() => streams.feedCount === 0, soon);
  streams.close();
  await engine.close();
});

Deno.test("LiveStreams lets go of a client that takes nothing, and says where to go on", async () => {
  const { engine, run } = await startOne();
  const streams = new LiveStreams(engine, systemClock, { stallMs: 20 });
  const handle = await run();
  await handle.result;
  const sink = new FakeSink();
  sink.isOpen = false;
  await streams.follow(sink, { executionId: handle.execution_id, after: 2 });
  await until(() => sink.notice !== undefined, soon);
  assert.deepEqual([sink.notice?.reason, sink.notice?.after], ["too_slow", 2]);
  streams.close();
  await engine.close();
});
