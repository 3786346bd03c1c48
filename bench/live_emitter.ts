/**
 * Prints lines that say when they were printed, in milliseconds since 1970 with three decimals.
 *
 * `deno run bench/live_emitter.ts COUNT LINES_PER_SECOND` (0: as fast as it can)
 */
const [count = 0, rate = 0] = Deno.args.map(Number);
const encoder = new TextEncoder();
const startedAt = performance.now();
for (let i = 1; i <= count; i++) {
  const dueIn = rate > 0 ? startedAt + i * 1000 / rate - performance.now() : 0;
  if (dueIn > 0) await new Promise((resolve) => setTimeout(resolve, dueIn));
  const now = (performance.timeOrigin + performance.now()).toFixed(3);
  Deno.stdout.writeSync(encoder.encode(`${now} line ${i} of ${count}, as long as lines of logs usually are\n`));
}
