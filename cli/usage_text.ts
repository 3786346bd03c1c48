import {
  type ApplicationText,
  ArgumentParseError,
  ArgumentScannerError,
  EnumValidationError,
  FlagNotFoundError,
  formatMessageForArgumentScannerError,
  text_en,
  UnexpectedPositionalError,
  UnsatisfiedFlagError,
  UnsatisfiedPositionalError,
} from "@stricli/core";
import { FlowError, toFlowError } from "../engine/errors.ts";
import { quoteList, suggest } from "../engine/suggest.ts";
import { type Complaint, formatComplaint } from "./report_error.ts";
import type { Style } from "./style.ts";

/** What the command line parser says, in the words and the form of all other errors. `prefix`: such as `flow run`. */
export function createUsageText(style: Style, prefix: () => readonly string[]): ApplicationText {
  const seeHelp = () => `Run "${prefix().join(" ")} --help" to see what it takes.`;
  const format = ({ message, hint = seeHelp() }: Complaint) => formatComplaint({ message, hint }, style).trimEnd();
  return {
    ...text_en,
    briefs: {
      ...text_en.briefs,
      help: "Show this help",
      version: "Show the version",
      argumentEscapeSequence: "Everything after it is an argument, also if it starts with a dash",
    },
    noCommandRegisteredForInput: ({ input, corrections }) =>
      format({
        message: `Cannot run "${input}": there is no such command`,
        hint: suggestion(input, corrections.map((correction) => correction.replaceAll("`", ""))),
      }),
    exceptionWhileParsingArguments: (thrown) => format(explain(thrown)),
    exceptionWhileLoadingCommandFunction: (thrown) =>
      format({ message: `Internal error: ${toFlowError(thrown).message}`, hint: "This is a bug: report it." }),
  };
}

function explain(thrown: unknown): Complaint {
  if (thrown instanceof ArgumentParseError) return explainValue(thrown);
  if (thrown instanceof FlagNotFoundError) {
    const hint = suggestion(toFlag(thrown.input), thrown.corrections.map(toFlag));
    return { message: `Cannot use the flag "${toFlag(thrown.input)}": there is no such flag`, hint };
  }
  if (thrown instanceof EnumValidationError) {
    return {
      message: `Cannot use "${thrown.input}" for ${toFlag(thrown.externalFlagName)}: it is not one of its values`,
      hint: `Use one of ${quoteList(thrown.values)}.`,
    };
  }
  if (thrown instanceof UnsatisfiedFlagError) {
    return { message: `The flag ${toFlag(thrown.externalFlagName)} needs a value` };
  }
  if (thrown instanceof UnexpectedPositionalError) {
    return { message: `Cannot use the argument "${thrown.input}": there is one too many` };
  }
  if (thrown instanceof UnsatisfiedPositionalError) return { message: `The argument ${thrown.placeholder} is missing` };
  if (thrown instanceof ArgumentScannerError) return { message: formatMessageForArgumentScannerError(thrown, {}) };
  return toFlowError(thrown);
}

function explainValue({ exception, externalFlagNameOrPlaceholder, input }: ArgumentParseError): Complaint {
  if (exception instanceof FlowError) return exception;
  const isArgument = /^[A-Z]+$/.test(externalFlagNameOrPlaceholder);
  const name = isArgument ? externalFlagNameOrPlaceholder : toFlag(externalFlagNameOrPlaceholder);
  const message = `Cannot use "${input}" for ${name}: ${toFlowError(exception).message}`;
  return input === "" ? { message, hint: "Give it a value, or leave it out." } : { message };
}

function toFlag(name: string): string {
  return name.startsWith("-") ? name : `--${name}`;
}

/** The parser's idea of what is alike is wide: `--bogus` is no `--nodes`. */
function suggestion(input: string, corrections: readonly string[]): string | undefined {
  const close = corrections.filter((correction) => suggest(input, [correction]) !== undefined);
  return close.length === 0 ? undefined : `Did you mean ${quoteList(close, "or")}?`;
}
