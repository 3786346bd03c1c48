import { FlowError } from "../engine/errors.ts";
import { isPlainObject, setOwn, showValue } from "../engine/plain.ts";
import { MAX_DOCUMENT_BYTES, openSource, type SourceHints } from "../engine/read_source.ts";
import { decodeValue, decodeValues } from "../engine/tagged.ts";
import type { Value, Values } from "../engine/value.ts";
import type { Workflow } from "../engine/workflow.ts";
import type { CliContext } from "./context.ts";

/** Where inputs come from. */
export interface InputFlags {
  /** A JSON object, `@file` (JSON or YAML), or `-` for stdin. */
  readonly input?: string | undefined;
  /** `key=value`; win over `input`. */
  readonly set?: readonly string[] | undefined;
}

/** @throws {FlowError} `invalid_argument`, `not_found` */
export async function readInputs(
  context: CliContext,
  flags: InputFlags,
  declared: Workflow["inputs"] = {},
): Promise<Values> {
  const inputs: Values = {};
  if (flags.input !== undefined) Object.assign(inputs, await readInput(context, flags.input));
  for (const assignment of flags.set ?? []) {
    const [key, value] = readAssignment(assignment, declared);
    setOwn(inputs, key, value);
  }
  return inputs;
}

async function readInput(context: CliContext, input: string): Promise<Values> {
  const { source, name, hints, hint } = await readSource(context, input);
  const { raw, issues } = await openSource(source, hints);
  const problem = issues.find((issue) => issue.severity === "error");
  if (problem !== undefined) {
    const place = problem.line === undefined ? "" : `line ${problem.line} column ${problem.column}: `;
    const reason = problem.message.replace(/^Cannot read the \w+: /, "");
    throw new FlowError("invalid_argument", `Cannot read ${name}: ${place}${reason}`, { hint });
  }
  if (isPlainObject(raw)) return decodeValues(raw);
  throw new FlowError("invalid_argument", `Cannot use ${name}: it is ${showValue(raw)}, expected an object`, {
    hint: 'Name each input: {"name": "Ann"}.',
  });
}

interface NamedSource {
  source: string | Uint8Array;
  name: string;
  hints: SourceHints;
  hint: string;
}

async function readSource({ platform }: CliContext, input: string): Promise<NamedSource> {
  const hints = { format: "json" } as const;
  if (input === "-") {
    return {
      source: await platform.readStdin(MAX_DOCUMENT_BYTES),
      name: "stdin",
      hints,
      hint: "Pipe a JSON object into it.",
    };
  }
  if (input.startsWith("@")) {
    const filename = input.slice(1);
    const source = await platform.readFile(filename, MAX_DOCUMENT_BYTES);
    return { source, name: `"${filename}"`, hints: { filename }, hint: "Write a JSON object into the file." };
  }
  const hint = platform.os === "windows"
    ? "Put it into a file and use --input @FILE, or use --set name=Ann."
    : `Put it into single quotes: --input '{"name": "Ann"}', or use --set name=Ann.`;
  return { source: input, name: `--input ${JSON.stringify(input.slice(0, 80))}`, hints, hint };
}

/**
 * JSON where it can be read as JSON, else text. What is declared as text is text, and so is a number that a double
 * cannot hold, such as a long id.
 */
function readAssignment(assignment: string, declared: NonNullable<Workflow["inputs"]>): [key: string, value: Value] {
  const at = assignment.indexOf("=");
  if (at < 1) {
    throw new FlowError("invalid_argument", `Cannot use --set "${assignment}": it is not of the form key=value`, {
      hint: "Write it like --set name=Ann or --set 'names=[\"Ann\"]'.",
    });
  }
  const [key, text] = [assignment.slice(0, at), assignment.slice(at + 1)];
  if (Object.hasOwn(declared, key) && declared[key]?.type === "string") return [key, text];
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return [key, text];
  }
  const isLossy = typeof json === "number" &&
    (!Number.isFinite(json) || Number.isInteger(json) && !Number.isSafeInteger(json));
  return [key, isLossy ? text : decodeValue(json)];
}
