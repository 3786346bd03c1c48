import { HIDDEN_ROUTES } from "../cli/application.ts";
import { type CommandDescription, describeCommands, type FlagDescription } from "../cli/reference/describe_commands.ts";
import { routes } from "../cli/routes.ts";
import { formatMarkdownTable } from "./markdown_table.ts";

/** `docs/cli_reference.md`: every command as the program itself describes it. */
export function formatCliReference(): string {
  const commands = describeCommands(routes, HIDDEN_ROUTES);
  return `<!-- Made by \`deno task docs\` from the program; changes are made there. -->

# Reference of the command line

Every command with all that it takes, as \`flow COMMAND --help\` and \`flow man\` tell it too. How they belong together is
in [the command line](cli.md).

${commands.map(({ name, brief }) => `- [\`${name}\`](#${name.replaceAll(" ", "-")}): ${brief}`).join("\n")}

${commands.map(formatCommand).join("\n")}`;
}

function formatCommand(command: CommandDescription): string {
  const { name, usage, description, examples, flags, arguments: parameters, isUsual } = command;
  const group = name.split(" ").slice(0, -1).join(" ");
  const parts = [
    `## ${name}`,
    `\`${usage}\``,
    isUsual ? `${description} This is what \`${group}\` does alone.` : description,
    ...(examples.length === 0 ? [] : [`\`\`\`text\n${examples.join("\n")}\n\`\`\``]),
    ...(parameters.length === 0 ? [] : [
      formatMarkdownTable(
        ["argument", "meaning"],
        parameters.map(({ placeholder, brief }) => [code(placeholder), cell(brief)]),
      ),
    ]),
    formatMarkdownTable(["flag", "meaning"], flags.map((flag) => [formatFlag(flag), cell(flag.brief)])),
  ];
  return `${parts.join("\n\n")}\n`;
}

function formatFlag({ name, alias, value, isRepeatable }: FlagDescription): string {
  const names = [name, ...(alias === undefined ? [] : [alias])].map(code).join(", ");
  return names + (value === undefined ? "" : ` ${code(value)}`) + (isRepeatable ? ", more than once" : "");
}

function code(text: string): string {
  return `\`${text.replaceAll("|", "\\|")}\``;
}

/** Briefs are plain text but for backticks; the rest must not become markup. */
function cell(text: string): string {
  return text.split("`").map((part, index) => index % 2 === 0 ? part.replaceAll(/[*_<>|\\]/g, "\\$&") : `\`${part}\``)
    .join("");
}
