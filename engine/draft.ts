import type * as z from "zod";
import { findProblem } from "./declared_inputs.ts";
import { HANDLERS } from "./events.ts";
import type { IssueList, Path } from "./issue.ts";
import { formatPath } from "./issue.ts";
import { isPlainObject, quote, showValue } from "./plain.ts";
import { readPlainConnection, readPlainHead, readPlainNode, readPlainSettings } from "./plain_parts.ts";
import { reportProblem, reportUnknownKey } from "./report.ts";
import { decodeValue, decodeValues, type OnProblem } from "./tagged.ts";
import type { Value, Values } from "./value.ts";
import type {
  Connection,
  InputSpec,
  MapSpec,
  NodeSpec,
  RetryPolicy,
  TriggerSpec,
  Workflow,
  WorkflowSettings,
} from "./workflow.ts";
import * as schemas from "./workflow_schema.ts";
import { parseWith } from "./zod_issues.ts";

/** A document in its checked form as far as it goes: what is broken has been reported and must not be looked into. */
export interface Draft {
  workflow: Workflow;
  /** Paths of the nodes whose config or inputs are broken. */
  brokenConfigs: ReadonlySet<string>;
  brokenConnections: ReadonlySet<number>;
}

/** Reads plain data as a workflow, adding everything that does not fit to `issues`. */
export function readDraft(raw: unknown, issues: IssueList): Draft {
  return new DraftReader(issues).read(raw);
}

/** More than this is a mistake, and would not fit into memory. */
const MAX_ELEMENTS = 1_000_000;

const DEFAULT_SETTINGS: WorkflowSettings = {
  max_parallel_nodes: 10,
  on_error: "StopWorkflow",
  max_execution_time_ms: null,
};

class DraftReader {
  readonly #issues: IssueList;
  /** Paths of nodes whose config or inputs are broken. */
  readonly #broken = new Set<string>();
  readonly #brokenConnections = new Set<number>();

  constructor(issues: IssueList) {
    this.#issues = issues;
  }

  read(raw: unknown): Draft {
    const head = readPlainHead(raw) ?? this.#parse(schemas.workflowSchema(), raw, [], "Workflow");
    // Lists and settings are looked into even if something else is wrong.
    const parts = isPlainObject(raw) ? raw : {};
    const settings = this.#readSettings(parts.settings);
    const id = head?.id ?? crypto.randomUUID();
    const workflow: Workflow = {
      id,
      name: head?.name ?? id,
      nodes: this.#listOf(parts, "nodes").map((node, index) => this.#readNode(node, ["nodes", index])),
      connections: this.#listOf(parts, "connections").map((connection, index) =>
        this.#readConnection(connection, index)
      ),
      triggers: this.#listOf(parts, "triggers").flatMap((trigger, index) => this.#readTrigger(trigger, index)),
      settings,
    };
    if (typeof head?.description === "string") workflow.description = head.description;
    if (isPlainObject(parts.inputs)) workflow.inputs = this.#readInputs(parts.inputs);
    const outputs = isPlainObject(parts.outputs) ? this.#readValues(parts, "outputs", [], "Workflow") : undefined;
    if (outputs !== undefined) workflow.outputs = outputs;
    return { workflow, brokenConfigs: this.#broken, brokenConnections: this.#brokenConnections };
  }

  #listOf(parts: Record<string, unknown>, key: "nodes" | "connections" | "triggers"): readonly unknown[] {
    const list = parts[key];
    if (!Array.isArray(list)) return [];
    // Lists that were built in code may have holes, which `map` would skip.
    if (list.length <= MAX_ELEMENTS) return Array.from(list);
    this.#issues.error("too_large", [key], () => `Workflow has ${list.length} ${key}: ${MAX_ELEMENTS} is the limit`);
    return [];
  }

  #readNode(raw: unknown, path: Path): NodeSpec {
    const subject = nameElement("Node", raw, path);
    const plain = readPlainNode(raw);
    const parsed = plain ?? this.#parse(schemas.nodeSchema(), raw, path, subject);
    const parts = isPlainObject(raw) ? raw : {};
    const config = this.#readValues(parts, "config", path, subject) ?? {};
    if (parsed === undefined) return { ...salvageNode(raw, path), config };
    const spec = toNodeSpec(parsed, config, decoder(this.#reporter(path, subject), [...path, "map", "items"]));
    if (plain !== undefined) return spec;
    this.#checkNodeKeys(parts, path, subject);
    const inputs = this.#readValues(parts, "inputs", path, subject);
    return inputs === undefined ? spec : { ...spec, inputs };
  }

  #checkNodeKeys(raw: Record<string, unknown>, path: Path, subject: string): void {
    this.#checkKeys(schemas.retryPolicySchema(), raw.retry_policy, path, ["retry_policy"], subject);
    this.#checkKeys(schemas.positionSchema(), raw.position, path, ["position"], subject);
    this.#checkKeys(schemas.cacheSchema(), raw.cache, path, ["cache"], subject);
    this.#checkKeys(schemas.mapSchema(), raw.map, path, ["map"], subject);
    this.#checkKeys(schemas.repeatSchema(), raw.repeat, path, ["repeat"], subject);
  }

  #readValues(parts: Record<string, unknown>, key: "config" | "inputs" | "outputs", base: Path, subject: string) {
    const raw = parts[key];
    if (raw === undefined || raw === null) return undefined;
    return decodeValues(raw, this.#reporter(base, subject), [...base, key]);
  }

  /** Takes down what is no value, under `base`. */
  #reporter(base: Path, subject: string): OnProblem {
    return (path, message, hint) => {
      this.#broken.add(formatPath(base));
      const place = formatPath(path.slice(base.length));
      this.#issues.error("invalid_config", path, () => `${subject}: ${place} ${message}`, () => hint);
    };
  }

  #readConnection(raw: unknown, index: number): Connection {
    const path = ["connections", index];
    const parsed = readPlainConnection(raw) ?? this.#parse(schemas.connectionSchema(), raw, path, formatPath(path));
    if (parsed !== undefined) return parsed;
    this.#brokenConnections.add(index);
    return { from_node: "", from_port: "", to_node: "", to_port: "" };
  }

  #readTrigger(raw: unknown, index: number): TriggerSpec[] {
    const path = ["triggers", index];
    const subject = nameElement("Trigger", raw, path);
    const parsed = this.#parse(schemas.triggerSchema(), raw, path, subject);
    if (parsed === undefined || !isPlainObject(raw)) return [];
    const { type } = parsed.trigger_type;
    const schema = schemas.triggerTypeSchema().options.find((option) => option.shape.type.value === type);
    if (schema !== undefined) this.#checkKeys(schema, raw.trigger_type, path, ["trigger_type"], subject);
    return [{ ...parsed, id: parsed.id ?? crypto.randomUUID() }];
  }

  #readInputs(raw: Record<string, unknown>): Record<string, InputSpec> {
    const specs: Record<string, InputSpec> = {};
    for (const [name, declaration] of Object.entries(raw)) {
      const path = ["inputs", name];
      const parsed = this.#parse(schemas.inputSchema(), declaration, path, `Input ${quote(name)}`);
      if (parsed === undefined || name === "__proto__") continue;
      const spec = toInputSpec(parsed, decoder(this.#reporter(path, `Input ${quote(name)}`), path));
      specs[name] = spec;
      this.#checkChoices(spec, name);
      const problem = spec.default === undefined ? undefined : findProblem(spec, spec.default);
      if (problem === undefined) continue;
      this.#issues.error(
        "invalid_default",
        [...path, "default"],
        () => `Input ${quote(name)}: the default is ${showValue(spec.default)}, expected ${problem}`,
      );
    }
    return specs;
  }

  /** What nobody could ever pass is no choice. */
  #checkChoices({ enum: choices = [], ...spec }: InputSpec, name: string): void {
    for (const [index, choice] of choices.entries()) {
      const problem = findProblem(spec, choice);
      if (problem === undefined) continue;
      this.#issues.error(
        "wrong_value",
        ["inputs", name, "enum", index],
        () => `Input ${quote(name)}: enum has ${showValue(choice)}, expected ${problem}`,
      );
    }
  }

  #readSettings(raw: unknown): WorkflowSettings {
    if (raw === undefined || raw === null) return { ...DEFAULT_SETTINGS };
    const parsed = readPlainSettings(raw) ?? this.#parse(schemas.settingsSchema(), raw, ["settings"], "settings");
    if (isPlainObject(raw) && isPlainObject(raw.on_error)) {
      const path = ["on_error", "RetryWorkflow"];
      this.#checkKeys(schemas.retryWorkflowSchema(), raw.on_error.RetryWorkflow, ["settings"], path, "settings");
      this.#checkKnownKeys(raw.on_error, ["RetryWorkflow"], ["settings"], ["on_error"], "settings");
    }
    if (parsed === undefined) return { ...DEFAULT_SETTINGS };
    const { max_parallel_nodes, on_error, max_execution_time_ms, env } = parsed;
    const settings: WorkflowSettings = { max_parallel_nodes, on_error, max_execution_time_ms };
    if (isGiven(env)) settings.env = env;
    for (const handler of HANDLERS) {
      const list = parsed[handler];
      if (!isGiven(list) || list.length === 0) continue;
      settings[handler] = list.map((node, index) => this.#readNode(node, ["settings", handler, index]));
    }
    return settings;
  }

  #parse<S extends z.ZodObject>(schema: S, raw: unknown, path: Path, subject: string): z.output<S> | undefined {
    this.#checkKeys(schema, raw, path, [], subject);
    const result = parseWith(schema, raw);
    if (result.ok) return result.value;
    for (const problem of result.problems) {
      reportProblem(this.#issues, problem, { subject, root: raw, path, shownPath: [], knownKeys: [] });
    }
    return undefined;
  }

  #checkKeys(schema: z.ZodObject, raw: unknown, base: Path, inside: Path, subject: string): void {
    this.#checkKnownKeys(raw, Object.keys(schema.shape), base, inside, subject);
  }

  #checkKnownKeys(raw: unknown, known: readonly string[], base: Path, inside: Path, subject: string): void {
    if (!isPlainObject(raw)) return;
    for (const key of Object.keys(raw)) {
      if (known.includes(key) || key === "$schema" || key.startsWith("x-")) continue;
      reportUnknownKey(this.#issues, subject, [...base, ...inside, key], [...inside, key], known);
    }
  }
}

/** What is left of a broken node for the checks that follow: an id that others may be connected to, and a type. */
function salvageNode(raw: unknown, path: Path): { id: string; node_type: string } {
  const { id, node_type } = isPlainObject(raw) ? raw : {};
  // No id that passes the schema has a control character in it.
  const salvagedId = typeof id === "string" && id !== "" ? id : `\0${formatPath(path)}`;
  return { id: salvagedId, node_type: typeof node_type === "string" ? node_type : "" };
}

function nameElement(noun: string, raw: unknown, path: Path): string {
  const id = isPlainObject(raw) ? raw.id : undefined;
  if (typeof id === "string" && id !== "") return `${noun} ${quote(id)}`;
  return typeof id === "number" ? `${noun} ${showValue(id)}` : formatPath(path);
}

type Decode = (raw: unknown, ...place: Path) => Value;

function decoder(onProblem: OnProblem, base: Path): Decode {
  return (raw, ...place) => decodeValue(raw, onProblem, [...base, ...place]);
}

function toNodeSpec(parsed: z.output<ReturnType<typeof schemas.nodeSchema>>, config: Values, decode: Decode): NodeSpec {
  const { id, node_type, name, position, timeout_ms, retry_policy, on_interrupt, cache } = parsed;
  const { depends_on, run_if, when, continue_on_error, map, repeat } = parsed;
  const spec: NodeSpec = { id, node_type, config };
  if (isGiven(name)) spec.name = name;
  if (isGiven(position)) spec.position = position;
  if (isGiven(timeout_ms)) spec.timeout_ms = timeout_ms;
  if (isGiven(retry_policy)) spec.retry_policy = toRetryPolicy(retry_policy);
  if (isGiven(on_interrupt)) spec.on_interrupt = on_interrupt;
  if (isGiven(cache)) spec.cache = cache;
  if (isGiven(depends_on)) spec.depends_on = depends_on;
  if (isGiven(run_if)) spec.run_if = run_if;
  if (isGiven(when)) spec.when = when;
  if (isGiven(continue_on_error)) spec.continue_on_error = continue_on_error;
  if (isGiven(map)) spec.map = toMapSpec(map, decode);
  if (isGiven(repeat)) spec.repeat = repeat;
  return spec;
}

function toMapSpec(map: z.output<ReturnType<typeof schemas.mapSchema>>, decode: Decode): MapSpec {
  const { items, max_parallel, on_error } = map;
  const list = typeof items === "string" ? items : items.map((item, index) => decode(item, index));
  return { items: list, on_error, ...(isGiven(max_parallel) ? { max_parallel } : {}) };
}

function toInputSpec(parsed: z.output<ReturnType<typeof schemas.inputSchema>>, decode: Decode): InputSpec {
  const fallback = parsed.default === undefined ? undefined : decode(parsed.default, "default");
  const spec: InputSpec = { type: parsed.type, required: parsed.required ?? fallback === undefined };
  if (fallback !== undefined) spec.default = fallback;
  if (isGiven(parsed.description)) spec.description = parsed.description;
  if (isGiven(parsed.enum)) spec.enum = parsed.enum.map((allowed, index) => decode(allowed, "enum", index));
  if (isGiven(parsed.format)) spec.format = parsed.format;
  return spec;
}

function toRetryPolicy(parsed: z.output<ReturnType<typeof schemas.retryPolicySchema>>): RetryPolicy {
  const { retry_on, no_retry_on, ...policy } = parsed;
  return { ...policy, ...(isGiven(retry_on) ? { retry_on } : {}), ...(isGiven(no_retry_on) ? { no_retry_on } : {}) };
}

function isGiven<T>(value: T | null | undefined): value is T {
  return value !== null && value !== undefined;
}
