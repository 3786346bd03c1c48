import { FlowError } from "../../engine/errors.ts";
import type { Value, Values } from "../../engine/value.ts";
import { toBytes, toJsonText } from "../_value.ts";

const FILE_PORT = "file:";

/** Inputs as environment variables: upper-cased names, text as it is, all else as JSON; null and bytes are left out. */
export function inputVariables(inputs: Values, except: readonly string[]): Record<string, string> {
  const entries = Object.entries(inputs).filter(([name, value]) =>
    !except.includes(name) && !name.startsWith(FILE_PORT) && isVariable(value)
  );
  return Object.fromEntries(entries.map(([name, value]) => [variableName(name), variableText(name, value)]));
}

/** The name of the variable of a port: `order-id` becomes `ORDER_ID`. */
export function variableName(port: string): string {
  return port.toUpperCase().replaceAll(/[^A-Z0-9_]/g, "_").replace(/^(?=\d|$)/, "_");
}

/**
 * The files that `files` and the ports `file:<path>` name; later ones win.
 *
 * @throws {FlowError} `invalid_input` for a path that is not absolute
 */
export function inputFiles(files: Readonly<Record<string, Value>>, inputs: Values): Map<string, Uint8Array> {
  const ports = Object.entries(inputs).filter(([name]) => name.startsWith(FILE_PORT));
  const all = [
    ...Object.entries(files),
    ...ports.map(([name, value]) => [name.slice(FILE_PORT.length), value] as const),
  ];
  return new Map(all.map(([path, value]) => {
    if (/^\/[^\0]*[^/\0]$/.test(path) && !path.split("/").includes("..")) return [path, toBytes(value)];
    throw new FlowError("invalid_input", `Cannot put a file at "${path}": it is not the absolute path of a file`, {
      hint: 'Name a path such as "/tmp/data.json".',
      retryable: false,
    });
  }));
}

function isVariable(value: Value): boolean {
  return value !== undefined && value !== null && !(value instanceof Uint8Array);
}

function variableText(port: string, value: Value): string {
  const text = typeof value === "string" ? value : toJsonText(value);
  if (!text.includes("\0")) return text;
  throw new FlowError("invalid_input", `Cannot pass the input "${port}" as a variable: it has a NUL character`, {
    hint: "Pass such data by stdin or as a file.",
    retryable: false,
  });
}
