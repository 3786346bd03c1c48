import * as z from "zod";
import { FlowError } from "../engine/errors.ts";
import { splitShellWords } from "./_shell_words.ts";
import { anyValue } from "./_value.ts";

/** Text, with a hint for those who write a bare number. */
export const textField = (): z.ZodString =>
  z.string({ error: 'expected text; write numbers and booleans in quotes, such as "8080"' });

const variableName = () => z.string().regex(/^[^=\0]+$/, 'a variable name is not empty and has no "="');

/** Words of a command line: a list, or one string that `splitShellWords` splits. */
export const wordsField = () => z.union([z.array(textField()), z.string().superRefine(checkWords)]);

/** The arguments of a command. */
export const argsField = () =>
  wordsField().default([]).describe(
    "Arguments: a list, or one string that is split by the quoting rules of the shell (nothing is expanded)",
  );

/** Environment variables. */
export const envField = () =>
  z.record(variableName(), textField()).default({}).describe(
    "Environment variables for the command; they win over others",
  );

/** What becomes of the output of a command; for `CommandOutput`. */
export const outputFields = () => ({
  stream_output: z.boolean().optional().describe("Emit each line as it comes; default: only with --verbose"),
  capture_stdout: z.boolean().default(true).describe("Keep stdout for the ports stdout and output"),
  capture_stderr: z.boolean().default(true).describe("Keep stderr for the port stderr and for error messages"),
  strip_trailing_newline: z.boolean().default(true).describe(
    "Remove newlines at the end of stdout and stderr, as $() does",
  ),
  fail_on_error: z.boolean().default(true).describe("Fail if the exit code is not 0 or a signal ended the command"),
  stdin: anyValue().optional().describe("Standard input: text and bytes as they are, other values as JSON"),
  max_output_bytes: z.int().min(1024).max(1024 ** 3).default(10 * 1024 * 1024).describe(
    "How much of stdout and of stderr is kept (its beginning and its end) and emitted as lines",
  ),
});

/** The output ports of a command. */
export const commandOutputs = () => ({
  output: anyValue().describe("stdout, parsed if it is JSON, else as text"),
  stdout: z.string(),
  stderr: z.string(),
  exit_code: z.int().describe("128 + n if signal n ended the command"),
  success: z.boolean(),
});

function checkWords(text: string, context: z.RefinementCtx): void {
  try {
    splitShellWords(text);
  } catch (error) {
    const state = error instanceof FlowError ? error.details?.state : undefined;
    context.addIssue({ code: "custom", message: String(state ?? error) });
  }
}
