import type { CommandDescription, FlagDescription } from "./describe_commands.ts";

/** What a manual page says besides its commands. */
export interface ManPageFacts {
  readonly version: string;
  readonly commands: readonly CommandDescription[];
}

/**
 * The manual page flow(1), in the macros of man(7): `flow man > flow.1`.
 * https://man7.org/linux/man-pages/man7/man.7.html
 */
export function formatManPage({ version, commands }: ManPageFacts): string {
  return [
    `.TH FLOW 1 "" "flow ${escape(version)}" "User Commands"`,
    ".SH NAME",
    "flow \\- run workflows of commands, containers, HTTP calls and code",
    ".SH SYNOPSIS",
    ".B flow",
    ".I COMMAND",
    "[\\fIoptions\\fR]",
    ".SH DESCRIPTION",
    paragraph(DESCRIPTION),
    ".SH COMMANDS",
    ...commands.flatMap(formatCommand),
    ".SH EXIT STATUS",
    ...EXIT_CODES.flatMap(([code, meaning]) => [".TP", `.B ${code}`, paragraph(meaning)]),
    ".SH ENVIRONMENT",
    ...VARIABLES.flatMap(([name, meaning]) => [".TP", `.B ${name}`, paragraph(meaning)]),
    ".SH EXAMPLES",
    ...EXAMPLES.flatMap((
      [text, line],
      index,
    ) => [...(index === 0 ? [] : [".PP"]), paragraph(text), ...formatExamples([line])]),
    "",
  ].join("\n");
}

const MAX_LINE = 78;

const DESCRIPTION = "Runs workflows: graphs of nodes that are written as JSON, YAML or TypeScript. What can run in" +
  " parallel does. Every execution is kept in a database, event by event, and can be resumed, rerun and explained." +
  " Results go to standard output, all else to standard error.";

const EXIT_CODES = [
  ["0", "ok"],
  ["1", "a bug in flow"],
  ["2", "invalid input"],
  ["3", "a node failed"],
  ["4", "not found"],
  ["5", "conflict"],
  ["6", "unavailable"],
  ["124", "out of time"],
  ["130", "cancelled"],
] as const;

const VARIABLES = [
  ["FLOW_DB", "The database, in place of flow/flow.db where programs keep their state."],
  ["FLOW_SERVER", "The server to work on, unless --db is given."],
  ["FLOW_TOKEN", "The token of the server."],
  ["FLOW_TOKEN_FILE", "Tokens with their roles, for flow serve."],
  ["FLOW_LOG_FORMAT", "How flow serve writes its log, text or json."],
  ["BIND_ADDRESS", "Where flow serve listens, host:port."],
  ["FLOW_SECRETS_FILE", "A dotenv file with secrets."],
  ["FLOW_SECRET_KEY", "What the stored secrets are encrypted with, in place of the key file beside the database."],
  ["FLOW_CACHE_DIR", "Where Python packages and the like are kept, in place of ~/.cache/flow."],
  ["FLOW_RELEASES_URL", "The feed of releases of flow upgrade, in place of that of the build."],
  ["FLOW_RELEASES_KEY", "The minisign key that they are signed with, in place of that of the build."],
  ["FLOW_INSTALLED_BY", "Who looks after this flow: then flow upgrade leaves it to them."],
  ["FLOW_END_WITH_PARENT", "With 1, flow run is cancelled when the program that has started it is gone."],
  ["NO_COLOR", "If it is set to anything, there are no colors."],
  ["FORCE_COLOR", "If it is set, and not to 0, there are colors also in files and pipes."],
] as const;

const EXAMPLES = [
  ["Write a first workflow, and run it:", "flow init && flow run workflow.yaml"],
  ["Go on with what a crash has cut off:", "flow resume last"],
  ["Run it again from one node on, with a fixed document:", "flow rerun last --from parse --with fixed.yaml"],
] as const;

function formatCommand(command: CommandDescription): string[] {
  const { usage, description, flags, arguments: parameters, examples, isUsual, name } = command;
  const group = name.split(" ").slice(0, -1).join(" ");
  return [
    `.SS ${escape(usage)}`,
    paragraph(isUsual ? `${description} This is what ${group} does without a command.` : description),
    ...parameters.flatMap(({ placeholder, brief }) => [".TP", `.I ${escape(placeholder)}`, paragraph(brief)]),
    ...flags.flatMap(formatFlag),
    ...(examples.length === 0 ? [] : [".PP", "Examples:", ...formatExamples(examples)]),
  ];
}

function formatFlag({ name, alias, value, isRepeatable, brief }: FlagDescription): string[] {
  const names = [...(alias === undefined ? [] : [alias]), name].map((it) => `\\fB${escape(it)}\\fR`).join(", ");
  const shown = value === undefined ? "" : ` \\fI${escape(value)}\\fR`;
  return [".TP", names + shown + (isRepeatable ? " ..." : ""), paragraph(brief)];
}

function formatExamples(lines: readonly string[]): string[] {
  return [".PP", ".RS 4", ".nf", ...lines.map((line) => protect(escape(line))), ".fi", ".RE"];
}

/** One sentence a line, as man(7) wants it, so that spaces after it are right. */
function paragraph(text: string): string {
  const sentences = escape(text.replaceAll(/\s+/g, " ")).split(/(?<=[.:?!]) (?=[A-Z`])/);
  return sentences.flatMap(fold).map(protect).join("\n");
}

/** At spaces, so that lines stay short where it can be done. */
function fold(sentence: string): string[] {
  return sentence.match(new RegExp(`.{1,${MAX_LINE}}(?= |$)|\\S+`, "g"))?.map((line) => line.trim()) ?? [];
}

/** Backslashes begin a request anywhere; dashes and quotes would be turned into others that cannot be pasted. */
function escape(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("`", "\\(ga").replaceAll("'", "\\(aq")
    .replaceAll("^", "\\(ha").replaceAll("~", "\\(ti").replaceAll(/[^\u0020-\u007e]/gu, toCharacterName);
}

function toCharacterName(character: string): string {
  return `\\[u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}]`;
}

/** A dot at the beginning of a line would make it a request. */
function protect(line: string): string {
  return line.startsWith(".") ? `\\&${line}` : line;
}
