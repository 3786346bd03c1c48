import type { Bench, BenchMode, Figure } from "./figure.ts";
import { runNoop } from "./noop.ts";

/** What an expression in the config of a node costs, over the same chain without one. */
export const expressions: Bench = {
  name: "expressions",
  summary: "Expressions in the config of each node of a chain",
  async run(mode) {
    const figures: Figure[] = [];
    const plain = await measure(mode);
    for (const [name, note] of EXPRESSIONS) {
      figures.push({
        name: `a node of a chain, durable normal, ${name}`,
        unit: "µs",
        better: "lower",
        rounds: await measure(mode, note),
        floor: { name: "the same without", rounds: plain },
        note,
      });
    }
    return figures;
  },
};

const EXPRESSIONS = [
  ["a plain path in its config", "${{ inputs.value }}"],
  ["JSONata in its config", "${{ inputs.value & '-' & $uppercase('x') }}"],
] as const;

/** Microseconds per node. */
async function measure({ smoke }: BenchMode, note?: string): Promise<number[]> {
  const count = smoke ? 100 : 5000;
  const report = await runNoop({ shape: "chain", count, store: "sqlite-normal", rounds: smoke ? 1 : 7, note });
  return report.nodesPerSecond.map((perSecond) => 1_000_000 / perSecond);
}
