import { parseDuration } from "./duration.ts";
import type { CommandContext } from "@stricli/core";
import type { CliContext, Command, CommonFlags } from "./context.ts";
import { reportError } from "./report_error.ts";

/** A command's context as the command line parser passes it on. */
export interface ProgramContext extends CommandContext {
  readonly cli: CliContext;
  /** What the command answered; the parser knows only of its own failures. */
  exitCode: number;
}

/** A command whose module is imported when it runs; what it throws is reported, not raised. */
export function lazily<Flags extends CommonFlags, Args extends readonly (string | undefined)[]>(
  load: () => Promise<Command<Flags, Args>>,
): () => Promise<(this: ProgramContext, flags: Flags, ...args: Args) => Promise<void>> {
  return async () => {
    const command = await load();
    return async function (flags, ...args) {
      try {
        this.exitCode = await command(this.cli, flags, ...args);
      } catch (error) {
        const json = "json" in flags && flags.json === true;
        this.exitCode = reportError(this.cli, error, flags.debug ?? false, json);
      }
    };
  };
}

/** The value of a parameter that names something. An empty one comes of a variable that is not set. @throws {RangeError} */
export function parseText(text: string): string {
  if (text === "") throw new RangeError("it is empty");
  return text;
}

/** The parameter that prints stacks. */
export const debugFlag = {
  debug: { kind: "boolean", optional: true, withNegated: false, brief: "Print stack traces of errors" },
} as const;

/** The parameter that swaps what people read for what programs read. */
export const jsonFlag = {
  json: { kind: "boolean", optional: true, withNegated: false, brief: "Print JSON" },
} as const;

/** The parameter that brings the user's own node types along. */
export const nodesFlag = {
  nodes: {
    kind: "parsed",
    parse: parseText,
    variadic: true,
    optional: true,
    placeholder: "FILE",
    brief: "TypeScript module whose exported `nodes` join the node types",
  },
} as const;

/** The parameter that names the database. */
export const databaseFlag = {
  db: {
    kind: "parsed",
    parse: parseText,
    optional: true,
    placeholder: "FILE",
    brief: "The database (default: FLOW_DB, or flow/flow.db where programs keep their state)",
  },
} as const;

/** The parameters that name a server. */
export const serverFlags = {
  server: {
    kind: "parsed",
    parse: parseText,
    optional: true,
    placeholder: "URL",
    brief: "Work on this server (default: FLOW_SERVER, unless --db is given)",
  },
  token: {
    kind: "parsed",
    parse: parseText,
    optional: true,
    placeholder: "TOKEN",
    brief: "The server's token (default: FLOW_TOKEN)",
  },
} as const;

/** The parameters of commands that run something. */
export const storeFlags = {
  ...databaseFlag,
  durability: {
    kind: "enum",
    values: ["normal", "full"],
    optional: true,
    brief: "What the history survives: crashes (normal, the default), or power loss too (full)",
  },
  secretsFile: {
    kind: "parsed",
    parse: parseText,
    optional: true,
    placeholder: "FILE",
    brief: "A dotenv file with secrets (default: FLOW_SECRETS_FILE)",
  },
} as const;

/** The argument that says which execution. */
export const executionArgument = {
  kind: "tuple",
  parameters: [{
    brief: "Id of the execution, at least its first 6 characters; `last` is the newest",
    parse: parseText,
    placeholder: "ID",
  }],
} as const;

/** A parameter with a text. */
export function textFlag<const Brief extends string>(brief: Brief, placeholder: string) {
  return { kind: "parsed", parse: parseText, optional: true, brief, placeholder } as const;
}

/** A parameter that is there or not. */
export function switchFlag<const Brief extends string>(brief: Brief) {
  return { kind: "boolean", optional: true, withNegated: false, brief } as const;
}

/** Lines under the heading that help texts close with. */
export function examples(...lines: string[]): string {
  return `\n\nEXAMPLES\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

/** Inputs, one by one. */
export const setFlag = {
  set: {
    kind: "parsed",
    parse: String,
    variadic: true,
    optional: true,
    placeholder: "key=value",
    brief: "One input; JSON if it can be read as JSON, else text. Wins over --input",
  },
} as const;

/** How long an execution may take. */
export const timeoutFlag = {
  timeout: {
    kind: "parsed",
    parse: parseDuration,
    optional: true,
    placeholder: "TIME",
    brief: "End the execution after this time, such as 30s or 5m",
  },
} as const;

/** How an execution is shown while it runs. */
export const watchFlags = {
  verbose: switchFlag("Show every line that nodes print"),
  json: switchFlag("Print every event as one line of JSON, and nothing else"),
  quiet: switchFlag("Print only the result"),
} as const;
