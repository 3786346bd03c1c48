import type { Command, RouteMap } from "@stricli/core";
import type { Routes } from "../application.ts";
import type { ProgramContext } from "../route.ts";

/** A flag of a command. */
export interface FlagDescription {
  /** With its dashes. */
  readonly name: string;
  /** One letter, with its dash. */
  readonly alias?: string;
  /** What its value is, such as `FILE` or `text|json`; a switch has none. */
  readonly value?: string;
  readonly isRepeatable: boolean;
  readonly brief: string;
}

/** An argument of a command. */
export interface ArgumentDescription {
  readonly placeholder: string;
  readonly brief: string;
}

/** All that is to be said of a command. */
export interface CommandDescription {
  /** Such as `flow executions list`. */
  readonly name: string;
  /** Such as `flow executions list [options]`. */
  readonly usage: string;
  readonly brief: string;
  readonly description: string;
  readonly examples: readonly string[];
  readonly arguments: readonly ArgumentDescription[];
  readonly flags: readonly FlagDescription[];
  /** Whether the group of commands runs this one when none of them is named. */
  readonly isUsual: boolean;
}

type Target = Command<ProgramContext> | RouteMap<ProgramContext>;

/** Every command, in the order that help lists them, but for those that only programs call. */
export function describeCommands(routes: Routes, hidden: readonly string[]): CommandDescription[] {
  return Object.entries(routes).flatMap(([name, target]) =>
    hidden.includes(name) ? [] : describeTarget(`flow ${name}`, target, false)
  );
}

function describeTarget(name: string, target: Target, isUsual: boolean): CommandDescription[] {
  if (!("getAllEntries" in target)) return [describeCommand(name, target, isUsual)];
  const usual = target.getDefaultCommand();
  return target.getAllEntries().filter((entry) => !entry.hidden).flatMap((entry) =>
    describeTarget(`${name} ${entry.name["convert-camel-to-kebab"]}`, entry.target, entry.target === usual)
  );
}

function describeCommand(name: string, command: Command<ProgramContext>, isUsual: boolean): CommandDescription {
  const [text = "", examples = ""] = (command.fullDescription ?? command.brief).split(/\n+EXAMPLES\n/);
  const { positional, flags = {}, aliases = {} } = command.parameters;
  const parameters = positional === undefined
    ? []
    : positional.kind === "array"
    ? [positional.parameter]
    : positional.parameters;
  const isMany = positional?.kind === "array";
  const words = parameters.map(({ placeholder = "", optional }) => optional ? `[${placeholder}]` : placeholder);
  const isNoneFine = isMany && (positional.minimum ?? 0) === 0;
  const shown = isMany ? words.map((word) => isNoneFine ? `[${word}...]` : `${word}...`) : words;
  return {
    name,
    usage: [name, ...shown, "[options]"].join(" "),
    brief: command.brief,
    description: text,
    examples: examples.split("\n").map((line) => line.trim()).filter((line) => line !== ""),
    arguments: parameters.map(({ placeholder = "", brief }) => ({ placeholder, brief })),
    flags: Object.entries(flags).map(([flag, parameter]) => describeFlag(flag, parameter, aliases)),
    isUsual,
  };
}

type Flags = NonNullable<Command<ProgramContext>["parameters"]["flags"]>;

function describeFlag(
  name: string,
  flag: Flags[string],
  aliases: Readonly<Partial<Record<string, string>>>,
): FlagDescription {
  const alias = Object.entries(aliases).find(([, flagName]) => flagName === name)?.[0];
  const value = flag.kind === "enum" ? flag.values.join("|") : "placeholder" in flag ? flag.placeholder : undefined;
  const usual = flag.kind === "enum" && typeof flag.default === "string" ? ` (default: ${flag.default})` : "";
  return {
    name: `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`,
    ...(alias !== undefined && { alias: `-${alias}` }),
    ...(value !== undefined && { value }),
    isRepeatable: "variadic" in flag && flag.variadic === true,
    brief: flag.brief + usual,
  };
}
