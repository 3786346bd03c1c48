import type { CST, Document, ParsedNode, YAMLError } from "yaml";
import { type Issue, MAX_ISSUES, type Path } from "./issue.ts";
import { MAX_DOCUMENT_DEPTH } from "./json_source.ts";
import { LineIndex, type Position, type SourceDocument, syntaxIssue, unreadable } from "./source.ts";

/** YAML is read some fifty times slower than JSON, so that less of it is let in. */
const MAX_YAML_LENGTH = 16 * 1024 * 1024;

/** Words and signs of a document; each takes some 400 bytes of memory while it is read. */
const MAX_LEXEMES = 7_000_000;

/** How many values the aliases of a document may add up to, so that a few lines cannot fill the memory. */
const MAX_VALUES = 5_000_000;

/** Reads a YAML document: 1.2 with merge keys and binary values; dates stay text. */
export async function readYaml(text: string): Promise<SourceDocument> {
  if (text.length > MAX_YAML_LENGTH) return tooLarge();
  const yaml = await import("yaml");
  const lines = new LineIndex(text);
  const tokens = parseTokens(text, yaml);
  if (tokens === undefined) return tooLarge();
  const deep = findTooDeep(tokens);
  if (deep !== undefined) {
    const message = `Document is nested deeper than ${MAX_DOCUMENT_DEPTH} levels`;
    return unreadable(syntaxIssue("too_deep", message, lines.at(deep), "Make it flatter."));
  }
  const [document, second] = composeDocuments(tokens, text, yaml);
  if (document === undefined) return { raw: null, issues: [], locate: (paths) => paths.map(() => undefined) };
  if (second !== undefined) {
    const position = lines.at(second.range[0]);
    const hint = "Put each workflow into a file of its own.";
    return unreadable(syntaxIssue("invalid_syntax", "File has several YAML documents: expected one", position, hint));
  }
  return convertDocument(document, lines, yaml);
}

function composeDocuments(
  tokens: CST.Token[],
  text: string,
  yaml: typeof import("yaml"),
): Document.Parsed<ParsedNode>[] {
  const composer = new yaml.Composer({ merge: true, customTags: ["binary"], logLevel: "error" });
  return [...composer.compose(tokens, true, text.length)];
}

/** The syntax tree, with its comments, of a text that {@link readYaml} can read. */
export async function parseYaml(text: string): Promise<Document.Parsed<ParsedNode> | undefined> {
  const yaml = await import("yaml");
  return composeDocuments(parseTokens(text, yaml) ?? [], text, yaml)[0];
}

function tooLarge(): SourceDocument {
  const hint = "Write it as JSON, which may be larger.";
  return unreadable(
    syntaxIssue("too_large", "YAML document is larger than 16 MiB or 7 million signs", undefined, hint),
  );
}

/** Undefined if there are too many. */
function parseTokens(text: string, yaml: typeof import("yaml")): CST.Token[] | undefined {
  const parser = new yaml.Parser();
  const tokens: CST.Token[] = [];
  let count = 0;
  for (const lexeme of new yaml.Lexer().lex(text)) {
    if (++count > MAX_LEXEMES) return undefined;
    for (const token of parser.next(lexeme)) tokens.push(token);
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens;
}

function convertDocument(
  document: Document.Parsed<ParsedNode>,
  lines: LineIndex,
  yaml: typeof import("yaml"),
): SourceDocument {
  const locate: SourceDocument["locate"] = (paths) => paths.map((place) => locateNode(document, place, lines, yaml));
  const warnings = document.warnings.slice(0, MAX_ISSUES).map((warning) => toIssue(warning, lines, "warning"));
  if (document.errors.length > 0) {
    const errors = document.errors.slice(0, MAX_ISSUES).map((e) => toIssue(e, lines, "error"));
    return { raw: undefined, issues: [...errors, ...warnings], locate };
  }
  try {
    // Aliases share what they stand for, so that only walking it can be endless.
    const raw: unknown = document.toJS({ maxAliasCount: -1 });
    if (countValues(raw) <= MAX_VALUES) return { raw, issues: warnings, locate };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const offset = findUnknownAlias(document, yaml);
    const position = offset === undefined ? undefined : lines.at(offset);
    return unreadable(syntaxIssue("invalid_syntax", `Cannot read the YAML: ${lowerFirst(error.message)}`, position));
  }
  const message = "YAML aliases add up to more than a document may hold, or refer to themselves";
  return unreadable(syntaxIssue("too_large", message, undefined, "Write out what they stand for."));
}

/** The offset of the first alias without an anchor before it. */
function findUnknownAlias(document: Document.Parsed<ParsedNode>, yaml: typeof import("yaml")): number | undefined {
  const anchors = new Set<string>();
  let offset: number | undefined;
  yaml.visit(document, {
    Node(_, node) {
      if (!yaml.isAlias(node)) {
        if (node.anchor !== undefined) anchors.add(node.anchor);
      } else if (!anchors.has(node.source)) {
        offset = node.range?.[0];
        return yaml.visit.BREAK;
      }
      return undefined;
    },
  });
  return offset;
}

/** The offset of the first list or object beyond the deepest level. Visits the tokens in order, without recursion. */
function findTooDeep(tokens: readonly CST.Token[]): number | undefined {
  const open: { token: CST.Token; depth: number }[] = tokens.map((token) => ({ token, depth: 0 })).reverse();
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { token, depth } = next;
    if (token.type === "document" && token.value !== undefined) open.push({ token: token.value, depth: depth + 1 });
    if (!("items" in token)) continue;
    // A document is a level of its own here.
    if (depth > MAX_DOCUMENT_DEPTH) return token.offset;
    for (const { key, value } of token.items.toReversed()) {
      if (value) open.push({ token: value, depth: depth + 1 });
      if (key) open.push({ token: key, depth: depth + 1 });
    }
  }
  return undefined;
}

/** Counts what aliases expand to, and stops at the limit. */
function countValues(raw: unknown): number {
  const open: unknown[] = [raw];
  let count = 0;
  while (open.length > 0 && count <= MAX_VALUES) {
    const value = open.pop();
    count++;
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) continue;
    for (const part of Object.values(value)) open.push(part);
  }
  return count;
}

function toIssue(error: YAMLError, lines: LineIndex, severity: Issue["severity"]): Issue {
  const duplicate = error.code === "DUPLICATE_KEY";
  const reason = duplicate ? "a key is there twice" : explain(error);
  const message = severity === "error" ? `Cannot read the YAML: ${reason}` : `YAML: ${reason}`;
  return { ...syntaxIssue(duplicate ? "duplicate_key" : "invalid_syntax", message, lines.at(error.pos[0])), severity };
}

const EXPLANATIONS: Partial<Record<YAMLError["code"], string>> = {
  TAB_AS_INDENT: "a tab cannot indent, expected spaces",
  BAD_INDENT: "this line is indented differently from its neighbours",
  BAD_ALIAS: "an alias has no anchor",
  MISSING_CHAR: "a character is missing",
  MULTIPLE_DOCS: "the file has several documents, expected one",
  BLOCK_IN_FLOW: "an indented block cannot stand inside of brackets",
};

/** How the parser names a bracket that it has not seen closed where it had to be. */
const UNCLOSED = /^Flow (?:sequence|map) .*end with a ([\]}])/;

function explain(error: YAMLError): string {
  const reason = (error.message.split("\n")[0] ?? "").replace(/ at line \d+, column \d+:?$/, "");
  const [, bracket] = UNCLOSED.exec(reason) ?? [];
  if (bracket !== undefined) return `a bracket is not closed: expected "${bracket}", indented like what is inside`;
  const explanation = EXPLANATIONS[error.code];
  return explanation === undefined ? lowerFirst(reason) : `${explanation} (${reason})`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

function locateNode(
  document: Document.Parsed<ParsedNode>,
  { path, key }: { path: Path; key: boolean },
  lines: LineIndex,
  yaml: typeof import("yaml"),
): Position | undefined {
  let node: unknown = document.contents;
  let keyOffset: number | undefined;
  let offset = offsetOf(node, yaml);
  for (const part of path) {
    if (yaml.isAlias(node)) node = node.resolve(document);
    let child: unknown;
    keyOffset = undefined;
    if (yaml.isMap(node)) {
      const pair = node.items.find((item) => yaml.isScalar(item.key) && String(item.key.value) === part);
      keyOffset = offsetOf(pair?.key, yaml);
      child = pair?.value;
    } else if (yaml.isSeq(node)) child = node.items[Number(part)];
    const childOffset = offsetOf(child, yaml) ?? keyOffset;
    if (childOffset === undefined) break;
    offset = childOffset;
    node = child;
  }
  const best = key ? keyOffset ?? offset : offset;
  return best === undefined ? undefined : lines.at(best);
}

function offsetOf(node: unknown, yaml: typeof import("yaml")): number | undefined {
  return yaml.isNode(node) ? node.range?.[0] : undefined;
}
