/** What a measured value has to keep: itself, its ratio to the floor, or its difference from the floor. */
export interface Budget {
  of: "value" | "ratio" | "difference";
  limit: number;
}

/** One measured thing, and what the same machine could do at best in the same run. */
export interface Figure {
  name: string;
  unit: string;
  better: "higher" | "lower";
  /** One value per round. */
  rounds: number[];
  floor?: { name: string; rounds: number[] };
  budget?: Budget;
  /** How it was measured, where that is not plain. */
  note?: string;
}

/** What was asked for on the command line. */
export interface BenchMode {
  /** Tiny sizes, one round: shows that the bench works; its figures mean nothing. */
  smoke: boolean;
  stores: readonly StoreKind[];
  /** Installs Prefect to compare with. */
  prefect: boolean;
}

/** Where executions are kept while they are measured. */
export type StoreKind = "memory" | "sqlite-normal" | "sqlite-full";

/** One budget. */
export interface Bench {
  name: string;
  summary: string;
  run(mode: BenchMode): Promise<Figure[]>;
}

/** A figure with its rounds summed up. `best` is the least disturbed round: other work on the machine only ever adds. */
export interface Summary {
  name: string;
  unit: string;
  best: number;
  median: number;
  rounds: number[];
  floor?: { name: string; best: number; median: number; rounds: number[] };
  /** Best against best, median against median. */
  ratio?: { best: number; median: number };
  /** Judged on the best round. */
  budget?: Budget & { is: number; met: boolean };
  note?: string;
}

export function summarize(figure: Figure): Summary {
  const { name, unit, rounds, note } = figure;
  const summary: Summary = { name, unit, best: bestOf(figure, rounds), median: medianOf(rounds), rounds };
  if (figure.floor !== undefined) {
    const floor = figure.floor;
    summary.floor = { ...floor, best: bestOf(figure, floor.rounds), median: medianOf(floor.rounds) };
    summary.ratio = { best: summary.best / summary.floor.best, median: summary.median / summary.floor.median };
  }
  if (figure.budget !== undefined) summary.budget = judge(figure, figure.budget, summary);
  if (note !== undefined) summary.note = note;
  return summary;
}

function judge(figure: Figure, budget: Budget, summary: Summary): NonNullable<Summary["budget"]> {
  const floor = summary.floor?.best ?? NaN;
  const is = { value: summary.best, ratio: summary.best / floor, difference: summary.best - floor }[budget.of];
  return { ...budget, is, met: figure.better === "higher" ? is >= budget.limit : is <= budget.limit };
}

function bestOf(figure: Figure, rounds: readonly number[]): number {
  return figure.better === "higher" ? Math.max(...rounds) : Math.min(...rounds);
}

export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle)] ?? NaN)) / 2;
}
