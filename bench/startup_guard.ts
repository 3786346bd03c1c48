/**
 * Fails when a start of `flow` costs a fifth more than it did when `startup_baseline.json` was written, each relative to
 * a bare script in the same run. `deno task guard [--write]`; with `--write` what is measured becomes the baseline.
 */
import { summarize } from "./figure.ts";
import { measureStartup } from "./startup.ts";

const BASELINE = new URL("startup_baseline.json", import.meta.url);
const TOLERANCE = 1.2;

/** Multiples of the CPU that a bare script takes, by the name of the figure. */
type Ratios = Record<string, number>;

/** Looks more than once before it complains: other work on the machine slows large programs more than small ones. */
const LOOKS = 3;

async function measureRatios(): Promise<Ratios> {
  const figures = await measureStartup({ rounds: 7, runs: 6 });
  return Object.fromEntries(figures.map((figure) => [figure.name, round(summarize(figure).ratio?.best ?? NaN)]));
}

async function findLastingRegressions(baseline: Ratios): Promise<string[]> {
  let best: Ratios = {};
  let regressions: string[] = [];
  for (let look = 0; look < LOOKS; look++) {
    const measured = await measureRatios();
    console.log(JSON.stringify(measured, null, 2));
    best = Object.fromEntries(Object.entries(measured).map(([name, now]) => [name, Math.min(now, best[name] ?? now)]));
    regressions = findRegressions(baseline, best);
    if (regressions.length === 0) break;
  }
  return regressions;
}

/** What has become too slow, a line each. */
export function findRegressions(baseline: Ratios, measured: Ratios): string[] {
  return Object.entries(baseline).flatMap(([name, before]) => {
    const now = measured[name];
    if (now === undefined) return [`${name}: is no longer measured`];
    return now <= before * TOLERANCE ? [] : [`${name}: ${now} times a bare script, was ${before}`];
  });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

if (import.meta.main) {
  if (Deno.args.includes("--write")) {
    await Deno.writeTextFile(BASELINE, `${JSON.stringify(await measureRatios(), null, 2)}\n`);
  } else {
    const regressions = await findLastingRegressions(JSON.parse(await Deno.readTextFile(BASELINE)));
    for (const line of regressions) console.error(line);
    if (regressions.length > 0) Deno.exit(1);
  }
}
