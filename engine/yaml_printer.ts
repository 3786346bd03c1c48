import type { Document, ParsedNode, Scalar, ScalarTag, YAMLMap, YAMLSeq } from "yaml";
import { LINE_WIDTH } from "./json_printer.ts";
import { parseYaml } from "./yaml_source.ts";

type Yaml = typeof import("yaml");
type Stringify = NonNullable<ScalarTag["stringify"]>;
type Context = Parameters<Stringify>[1];
type Flow = YAMLMap | YAMLSeq;

/** Longer than any line. */
const NEVER_BREAK = 0;
const ALWAYS_BREAK = 1;

/**
 * Writes a YAML text, known to be good, in the one way: two spaces per level, lists in brackets in one line where they fit and were
 * not broken, one space around what needs some. Scalars stay as they are, letter by letter.
 */
export async function printYaml(source: string): Promise<string> {
  const [yaml, document] = [await import("yaml"), await parseYaml(source)];
  return document === undefined ? source : new Printer(source, yaml).print(document);
}

class Printer {
  readonly #source: string;
  readonly #yaml: Yaml;
  /** How many collections are being tried in one line. */
  #flatDepth = 0;

  constructor(source: string, yaml: Yaml) {
    this.#source = source;
    this.#yaml = yaml;
  }

  print(document: Document.Parsed<ParsedNode>): string {
    const { schema } = document;
    schema.tags = schema.tags.map((tag) => tag.collection === undefined ? this.#scalarTag(tag) : tag);
    this.#yaml.visit(document, {
      Collection: (_, node, path) => {
        const pair = path.at(-1);
        const key = this.#yaml.isPair(pair) ? this.#widthOf(pair.key) : 0;
        // An empty collection is written with brackets in any case.
        if (node.flow) this.#refine(node as Flow, key);
      },
    });
    return document.toString({ lineWidth: NEVER_BREAK });
  }

  #widthOf(node: unknown): number {
    const range = this.#yaml.isNode(node) ? node.range ?? undefined : undefined;
    return range === undefined ? 0 : range[1] - range[0];
  }

  /** Makes a collection in brackets choose by itself whether it is written in one line. */
  #refine(node: Flow, keyWidth: number): void {
    const write = node.toString.bind(node);
    const isBroken = this.#isBroken(node);
    const padding = this.#yaml.isMap(node) ? " " : "";
    node.toString = (given, ...done) => {
      if (given === undefined) return write();
      const context: Context = { ...given, flowCollectionPadding: padding };
      const withWidth = (lineWidth: number) =>
        write({ ...context, options: { ...context.options, lineWidth } } as Context, ...done);
      if (!isBroken) {
        this.#flatDepth++;
        const flat = withWidth(NEVER_BREAK);
        this.#flatDepth--;
        const width = LINE_WIDTH - context.indent.length - keyWidth;
        if (this.#flatDepth > 0 || (!flat.includes("\n") && flat.length <= width)) return flat;
      }
      return node.items.length === 0 ? withWidth(NEVER_BREAK) : withWidth(ALWAYS_BREAK);
    };
  }

  /** Whether the first element stands on a line of its own. */
  #isBroken({ range, items: [first] }: Flow): boolean {
    const node: unknown = this.#yaml.isPair(first) ? first.key : first;
    const start = this.#yaml.isNode(node) ? node.range?.[0] : undefined;
    if (!range || start === undefined) return false;
    return this.#source.slice(range[0], start).includes("\n");
  }

  #scalarTag(tag: ScalarTag): ScalarTag {
    const stringify: Stringify = tag.stringify ?? (({ value }) => String(value));
    return {
      ...tag,
      stringify: (item, context, ...done) => this.#rewrite(item, context, done[0]) ?? stringify(item, context, ...done),
    };
  }

  /** The scalar as it stands in the source, indented anew; undefined if that takes more than moving lines. */
  #rewrite({ range, comment }: Scalar, context: Context, onComment?: () => void): string | undefined {
    if (!range) return undefined;
    const [first = "", ...rest] = this.#source.slice(range[0], range[1]).split(/\r?\n/);
    if (rest.length === 0) return first;
    if (!/^[|>]/.test(first)) return rewriteLines(first, rest, context.indent);
    const [, header] = /^([|>]-?)\s*(#.*)?$/.exec(first) ?? [];
    if (header === undefined) return undefined;
    const lines = withoutLastGap(rest);
    const [indent = ""] = /^ */.exec(lines.find((line) => line.trim() !== "") ?? "") ?? [];
    if (indent === "" || lines.some((line) => line.trim() !== "" && !line.startsWith(indent))) return undefined;
    const remark = comment ? ` #${comment.replaceAll("\n", " ")}` : "";
    if (comment) onComment?.();
    const body = lines.map((line) => line.length > indent.length ? context.indent + line.slice(indent.length) : "");
    return [`${header}${remark}`, ...body].join("\n");
  }
}

/** Plain or quoted text over several lines: white space at their ends is not part of it. */
function rewriteLines(first: string, rest: readonly string[], indent: string): string {
  const last = rest.length - 1;
  const lines = rest.map((line, index) => {
    const text = index === last ? line.trimStart() : trimLine(line.trimStart());
    return text === "" ? "" : indent + text;
  });
  return [trimLine(first), ...lines].join("\n");
}

/** Keeps a space that a backslash makes part of the text. */
function trimLine(line: string): string {
  return line.replace(/(?<!\\)[ \t]+$/, "");
}

function withoutLastGap(lines: readonly string[]): string[] {
  return lines.slice(0, lines.findLastIndex((line) => line.trim() !== "") + 1);
}
