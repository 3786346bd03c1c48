import { FlowError } from "../engine/errors.ts";
import { isPlainObject, setOwn, showValue } from "../engine/plain.ts";
import { decodeValue, decodeValues } from "../engine/tagged.ts";
import type { Value, Values } from "../engine/value.ts";
import type { CliContext } from "./context.ts";

/** Where inputs come from. */
export interface InputFlags {
  /** A JSON object, `@file`, or `-` for stdin. */
  readonly input?: string | undefined;
  /** `key=value`; win over `input`. */
  readonly set?: readonly string[] | undefined;
}

/** @throws {FlowError} `invalid_argument`, `not_found` */
export async function readInputs(context: CliContext, flags: InputFlags): Promise<Values> {
  const inputs: Values = {};
  if (flags.input !== undefined) Object.assign(inputs, await readInput(context, flags.input));
  for (const assignment of flags.set ?? []) {
    const [key, value] = readAssignment(assignment);
    setOwn(inputs, key, value);
  }
  return inputs;
}

async function readInput(context: CliContext, input: string): Promise<Values> {
  const { text, name, hint } = await readText(context, input);
  const json = parseJson(text, name, hint);
  if (isPlainObject(json)) return decodeValues(json);
  throw new FlowError("invalid_argument", `Cannot use ${name}: it is ${showValue(json)}, expected an object`, {
    hint: 'Name each input: {"name": "Ann"}.',
  });
}

interface NamedText {
  text: string;
  name: string;
  hint: string;
}

async function readText({ platform }: CliContext, input: string): Promise<NamedText> {
  const decoder = new TextDecoder();
  if (input === "-") {
    return { text: decoder.decode(await platform.readStdin()), name: "stdin", hint: "Pipe a JSON object into it." };
  }
  if (input.startsWith("@")) {
    const file = input.slice(1);
    const text = decoder.decode(await platform.readFile(file));
    return { text, name: `"${file}"`, hint: "Write a JSON object into the file." };
  }
  const hint = platform.os === "windows"
    ? "Put it into a file and use --input @FILE, or use --set name=Ann."
    : `Put it into single quotes: --input '{"name": "Ann"}', or use --set name=Ann.`;
  return { text: input, name: `--input ${JSON.stringify(input.slice(0, 80))}`, hint };
}

function parseJson(text: string, name: string, hint: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new FlowError("invalid_argument", `Cannot read ${name}: ${describeSyntaxError(reason, text)}`, {
      hint,
      cause,
    });
  }
}

/** The engine's words, with the place that they leave out at the end of a text. */
function describeSyntaxError(reason: string, text: string): string {
  if (/position \d+/.test(reason)) return reason.replace(/, "[^]*" is not valid JSON$/, "");
  const lines = text.split("\n");
  return `${reason.replace(/, [^]* is not valid JSON$/, "")} at line ${lines.length} column ${
    (lines.at(-1)?.length ?? 0) + 1
  }`;
}

/** JSON where it can be read as JSON, else text. */
function readAssignment(assignment: string): [key: string, value: Value] {
  const at = assignment.indexOf("=");
  if (at < 1) {
    throw new FlowError("invalid_argument", `Cannot use --set "${assignment}": it is not of the form key=value`, {
      hint: "Write it like --set name=Ann or --set 'names=[\"Ann\"]'.",
    });
  }
  const [key, text] = [assignment.slice(0, at), assignment.slice(at + 1)];
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return [key, text];
  }
  return [key, decodeValue(json)];
}
