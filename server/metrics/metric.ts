/** One thing that is measured, in the text format of Prometheus (version 0.0.4). */
export interface Metric {
  /** All its lines, each with its end. */
  render(): string;
}

/** What a metric is, for people. */
export interface MetricHead {
  name: string;
  help: string;
}

/** The values of a metric's labels, in their order. All but few different ones: each costs a line, for ever. */
export type LabelValues = readonly string[];

/** Only grows. */
export class Counter implements Metric {
  readonly #head: MetricHead;
  readonly #labels: readonly string[];
  readonly #series = new Map<string, number>();

  constructor(head: MetricHead, labels: readonly string[] = []) {
    this.#head = head;
    this.#labels = labels;
    if (labels.length === 0) this.#series.set("", 0);
  }

  add(values: LabelValues = [], amount = 1): void {
    const key = values.join(SEPARATOR);
    this.#series.set(key, (this.#series.get(key) ?? 0) + amount);
  }

  render(): string {
    const lines = [...this.#series].map(([key, value]) => line(this.#head.name, labelsOf(this.#labels, key), value));
    return renderHead(this.#head, "counter") + lines.join("");
  }
}

/** Is read when somebody looks. */
export class Gauge implements Metric {
  readonly #head: MetricHead;
  readonly #read: () => number;
  readonly #labels: string[];

  constructor(head: MetricHead, read: () => number, labels: Readonly<Record<string, string>> = {}) {
    this.#head = head;
    this.#read = read;
    this.#labels = Object.entries(labels).map(([name, value]) => label(name, value));
  }

  render(): string {
    return renderHead(this.#head, "gauge") + line(this.#head.name, this.#labels, this.#read());
  }
}

interface Distribution {
  /** How many fell into each bucket alone; the last is for what is above all bounds. */
  counts: number[];
  sum: number;
}

/** How values are distributed, in buckets. */
export class Histogram implements Metric {
  readonly #head: MetricHead;
  readonly #bounds: readonly number[];
  readonly #labels: readonly string[];
  readonly #series = new Map<string, Distribution>();

  /** `bounds` ascend. */
  constructor(head: MetricHead, bounds: readonly number[], labels: readonly string[] = []) {
    this.#head = head;
    this.#bounds = bounds;
    this.#labels = labels;
    if (labels.length === 0) this.#series.set("", emptyDistribution(bounds));
  }

  observe(value: number, values: LabelValues = []): void {
    const key = values.join(SEPARATOR);
    let found = this.#series.get(key);
    if (found === undefined) this.#series.set(key, found = emptyDistribution(this.#bounds));
    const index = this.#bounds.findIndex((bound) => value <= bound);
    const bucket = index < 0 ? this.#bounds.length : index;
    found.counts[bucket] = (found.counts[bucket] ?? 0) + 1;
    found.sum += value;
  }

  render(): string {
    return renderHead(this.#head, "histogram") +
      [...this.#series].map(([key, found]) => this.#renderOne(labelsOf(this.#labels, key), found)).join("");
  }

  #renderOne(labels: readonly string[], { counts, sum }: Distribution): string {
    const { name } = this.#head;
    let total = 0;
    const buckets = counts.map((count, index) => {
      total += count;
      return line(`${name}_bucket`, [...labels, label("le", String(this.#bounds[index] ?? "+Inf"))], total);
    });
    return buckets.join("") + line(`${name}_sum`, labels, sum) + line(`${name}_count`, labels, total);
  }
}

/** Stands in no value: it is replaced there. */
const SEPARATOR = "\u0000";

function emptyDistribution(bounds: readonly number[]): Distribution {
  return { counts: Array(bounds.length + 1).fill(0), sum: 0 };
}

function renderHead({ name, help }: MetricHead, type: string): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`;
}

function labelsOf(names: readonly string[], key: string): string[] {
  const values = key.split(SEPARATOR);
  return names.map((name, index) => label(name, values[index] ?? ""));
}

function label(name: string, value: string): string {
  return `${name}="${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n")}"`;
}

function line(name: string, labels: readonly string[], value: number): string {
  return `${name}${labels.length === 0 ? "" : `{${labels.join(",")}}`} ${value}\n`;
}
