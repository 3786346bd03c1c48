import { compileExpression } from "./expression.ts";
import type { ExpressionProblem } from "./expression_problem.ts";
import type { Reference } from "./expression_reference.ts";
import { quote } from "./plain.ts";
import { findNameProblem, SECRET_PREFIX } from "./secret_source.ts";
import { didYouMean, quoteList } from "./suggest.ts";

/** The names that exist where an expression stands; `"any"` where they cannot be known. */
export interface KnownNames {
  readonly inputs: readonly string[] | "any";
  /** By id. A `Map`, or anything that can look up; `keys` is asked only after a mistake. */
  readonly nodes: {
    get(id: string): { readonly outputs: readonly string[] | "any" } | undefined;
    keys(): Iterable<string>;
  };
  /** The handler that a node belongs to which cannot be referred to from here. */
  readonly handlerOf?: (id: string) => string | undefined;
  readonly env: readonly string[] | "any";
  readonly secrets: readonly string[] | "any";
  /** Whether `secrets` is there; default true. */
  readonly hasSecrets?: boolean;
  /** Whether `item` and `index` are there: in a map. */
  readonly hasItem: boolean;
  /** The outputs of the run before, in `repeat.until`; default: there are none. */
  readonly outputs?: readonly string[] | "any" | undefined;
  /** Whether `attempt` is there; default true. */
  readonly hasAttempt?: boolean;
  /** Default: any. */
  readonly execution?: readonly string[] | "any";
  /** Default: any. */
  readonly workflow?: readonly string[] | "any";
}

/** What every node has besides its outputs; an output of the same name hides it. */
const NODE_NAMES = ["status", "error"];

/** All that is wrong with an expression where these names exist. */
export function checkExpression(text: string, known: KnownNames): ExpressionProblem[] {
  const { problems, references } = compileExpression(text);
  return [...problems, ...references.flatMap((reference) => checkReference(reference, known))];
}

/** What is wrong with a single reference, if anything. */
export function checkReference(reference: Reference, known: KnownNames): ExpressionProblem[] {
  switch (reference.root) {
    case "nodes":
      return checkNode(reference, known);
    case "inputs":
      return checkName(reference, known.inputs, "input", "inputs");
    case "env":
      return checkVariable(reference, known);
    case "secrets":
      return checkSecret(reference, known);
    case "execution":
      return checkName(reference, known.execution ?? "any", "property of the execution", "properties");
    case "workflow":
      return checkName(reference, known.workflow ?? "any", "property of the workflow", "properties");
    case "item":
    case "index":
      return known.hasItem ? [] : [outOfPlace(reference, "Use it in the config or the inputs of a node with map.")];
    case "outputs":
      if (known.outputs === undefined) return [outOfPlace(reference, "Use it in repeat.until, or name a node.")];
      return checkName(reference, known.outputs, "output", "outputs");
    case "attempt":
      return known.hasAttempt ?? true ? [] : [outOfPlace(reference, "Use it in the config of a node.")];
  }
}

function checkNode({ names }: Reference, known: KnownNames): ExpressionProblem[] {
  const [id, port] = names;
  if (id === undefined) return [];
  const node = known.nodes.get(id.name);
  const handler = node === undefined ? known.handlerOf?.(id.name) : undefined;
  if (handler !== undefined) {
    return [{
      code: "unknown_node",
      message: `Node ${quote(id.name)} is one of ${handler}: only nodes behind it there can refer to it`,
      hint: `Refer to a node of the workflow itself, or put what needs this into ${handler}.`,
      offset: id.offset,
    }];
  }
  if (node === undefined) {
    return [{
      code: "unknown_node",
      message: `There is no node ${quote(id.name)}`,
      hint: hintNode(names.map(({ name }) => name), known),
      offset: id.offset,
    }];
  }
  if (port === undefined || node.outputs === "any") return [];
  if (node.outputs.includes(port.name) || NODE_NAMES.includes(port.name)) return [];
  const has = node.outputs.length === 0 ? "it has no outputs" : `it has ${quoteList(node.outputs)}`;
  return [{
    code: "unknown_port",
    message: `Node ${quote(id.name)} has no output ${quote(port.name)}: ${has}`,
    hint: didYouMean(port.name, [...node.outputs, ...NODE_NAMES], "outputs"),
    offset: port.offset,
  }];
}

/** `nodes.my-node.body` subtracts `node.body` from `nodes.my`. */
function hintNode([id = ""]: readonly string[], known: KnownNames): string | undefined {
  const ids = [...known.nodes.keys()];
  const dashed = ids.find((other) => other.startsWith(`${id}-`));
  if (dashed !== undefined) return `Put a name with other characters than letters in backticks: nodes.\`${dashed}\`.`;
  return didYouMean(id, ids, "nodes");
}

function checkName(
  { names: [name] }: Reference,
  known: readonly string[] | "any",
  noun: string,
  plural: string,
  advice?: string,
): ExpressionProblem[] {
  if (name === undefined || known === "any" || known.includes(name.name)) return [];
  const hint = didYouMean(name.name, known, plural);
  return [{
    code: noun === "input" ? "unknown_input" : "unknown_name",
    message: `There is no ${noun} ${quote(name.name)}`,
    hint: hint?.startsWith("Did") ? hint : advice ?? hint,
    offset: name.offset,
  }];
}

function checkVariable(reference: Reference, known: KnownNames): ExpressionProblem[] {
  const [name] = reference.names;
  if (name === undefined || !name.name.startsWith(SECRET_PREFIX)) {
    return checkName(reference, known.env, "environment variable", "names", "List it in settings.env.");
  }
  const message = `${quote(name.name)} is a secret, not an environment variable: its value would not be masked`;
  const hint = `Write secrets.${name.name.slice(SECRET_PREFIX.length)}.`;
  return [{ code: "unknown_name", message, hint, offset: name.offset }];
}

function checkSecret(reference: Reference, known: KnownNames): ExpressionProblem[] {
  if (known.hasSecrets === false) return [outOfPlace(reference, "Use it in the config of a node.")];
  const [name] = reference.names;
  const state = name && findNameProblem(name.name);
  if (name === undefined || state === undefined) return checkName(reference, known.secrets, "secret", "secrets");
  const message = `No secret can have the name ${quote(name.name)}: ${state}`;
  return [{ code: "unknown_name", message, hint: "Choose another name, such as API_TOKEN.", offset: name.offset }];
}

function outOfPlace({ root, offset }: Reference, hint: string): ExpressionProblem {
  return { code: "unknown_name", message: `There is no ${quote(root)} here`, hint, offset };
}
