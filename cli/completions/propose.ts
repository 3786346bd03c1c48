import {
  type Application,
  buildRouteMap,
  type Command,
  type InputCompletion,
  proposeCompletions,
  type RouteMap,
  text_en,
} from "@stricli/core";
import { createApplication, type Routes } from "../application.ts";
import type { CliContext } from "../context.ts";
import type { ProgramContext } from "../route.ts";
import { createSources, findSource, type Source, type SourceValue } from "./sources.ts";

/** What fits a command line that is being typed. */
export interface Proposal {
  /** In the order to show them. */
  readonly values: readonly SourceValue[];
  /** If files fit: their extensions; none means any. */
  readonly files?: readonly string[];
}

/** Words behind `flow`, and where what they bring goes. */
interface Request {
  readonly cli: CliContext;
  readonly words: readonly string[];
  readonly descriptions: Map<string, string>;
  files?: readonly string[];
}

type Parameters = Command<ProgramContext>["parameters"];

/** What fits in the place of the last word. Runs nothing of the user's, and waits for no other process. */
export async function propose(cli: CliContext, routes: Routes, words: readonly string[]): Promise<Proposal> {
  const [, flag = "", value] = /^(--[^=]+=)([^]*)$/.exec(words.at(-1) ?? "") ?? [];
  const asked = value === undefined ? words : [...words.slice(0, -1), flag.slice(0, -1), value];
  const request: Request = { cli, words: asked, descriptions: new Map() };
  const context: ProgramContext = { process: { stdout: cli.out, stderr: cli.err }, cli, exitCode: 0 };
  const found = await proposeCompletions(applicationFor(routes, request), asked, context);
  const values = withoutNoise(found, asked.at(-1) ?? "", request).map(({ completion, brief }) => ({
    value: flag + completion,
    description: request.descriptions.get(completion) ?? brief,
  }));
  return { values, ...(request.files !== undefined && values.length === 0 && { files: request.files }) };
}

/** Flags only where they are asked for, or where there is nothing else. */
function withoutNoise(found: readonly InputCompletion[], partial: string, request: Request): InputCompletion[] {
  const known = found.filter(({ completion }) => completion !== "--" && isWord(completion));
  if (partial.startsWith("-")) return [...known, ...everywhere(partial, request)];
  const values = known.filter(({ kind }) => kind !== "argument:flag");
  return values.length === 0 && request.files === undefined && partial === "" ? known : values;
}

/** What the parser takes without being told. */
function everywhere(partial: string, { words }: Request): InputCompletion[] {
  const flags = words.length === 1
    ? { help: "Show this help", version: "Show the version" }
    : { help: "Show this help" };
  return Object.entries(flags).map(([name, brief]) =>
    ({ kind: "argument:flag", completion: `--${name}`, brief }) as const
  )
    .filter(({ completion }) => completion.startsWith(partial));
}

/** A word with a line break cannot be typed. */
function isWord(completion: string): boolean {
  // deno-lint-ignore no-control-regex
  return !/[\u0000-\u001f\u007f]/.test(completion);
}

function applicationFor(routes: Routes, request: Request): Application<ProgramContext> {
  const sources = createSources(request.cli, request.words);
  const complete = Object.entries(routes).map(([name, target]) => [name, withProposals(target, request, sources)]);
  return createApplication(Object.fromEntries(complete), text_en, "");
}

type Target = Command<ProgramContext> | RouteMap<ProgramContext>;
type Sources = ReturnType<typeof createSources>;

function withProposals(target: Target, request: Request, sources: Sources): Target {
  if (!("getAllEntries" in target)) {
    return { ...target, parameters: extendParameters(target.parameters, request, sources) };
  }
  const entries = target.getAllEntries();
  const extended = entries.map(({ name, target: inner }) => [name.original, withProposals(inner, request, sources)]);
  // Its flags come after it, its place is that of any command.
  const isNamed = request.words.length > 2 || request.words[1]?.startsWith("-");
  const usual = isNamed ? entries.find((entry) => entry.target === target.getDefaultCommand()) : undefined;
  return buildRouteMap<string, ProgramContext>({
    routes: Object.fromEntries(extended),
    docs: { brief: target.brief },
    ...(usual !== undefined && { defaultCommand: usual.name.original }),
  });
}

function extendParameters(parameters: Parameters, request: Request, sources: Sources): Parameters {
  const flags = Object.entries(parameters.flags ?? {}).map(([name, flag]) => {
    const source = findSource(sources, flag, name);
    return [name, source === undefined ? flag : { ...flag, proposeCompletions: proposerOf(source, request) }];
  });
  const { positional } = parameters;
  const extend = <T extends object>(argument: T): T => {
    const source = findSource(sources, argument);
    return source === undefined ? argument : { ...argument, proposeCompletions: proposerOf(source, request) };
  };
  return {
    ...parameters,
    flags: Object.fromEntries(flags),
    ...(positional?.kind === "tuple" && {
      positional: { ...positional, parameters: positional.parameters.map((argument) => extend(argument)) },
    }),
    ...(positional?.kind === "array" && { positional: { ...positional, parameter: extend(positional.parameter) } }),
  };
}

function proposerOf(source: Source, request: Request): (partial: string) => Promise<string[]> {
  return async (partial) => {
    if ("files" in source) {
      request.files = source.files;
      return [];
    }
    // What cannot be read, such as a database of another version, proposes nothing.
    const values = await source.list(partial).catch(() => []);
    for (const { value, description } of values) request.descriptions.set(value, description);
    return values.map(({ value }) => value);
  };
}
