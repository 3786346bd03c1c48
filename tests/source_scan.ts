/** How one module names another. */
export interface ModuleReference {
  /** The specifier as written; null if it is computed at run time. */
  specifier: string | null;
  /** `dynamic` is loaded when it is reached; `type` is erased and costs nothing at run time. */
  kind: "static" | "dynamic" | "type";
  line: number;
}

/** What the architecture rules need to know about one source file. */
export interface SourceScan {
  /** Lines of the file. */
  lines: number;
  references: ModuleReference[];
  /** Every function, nested ones included. */
  functions: { name: string; line: number; lines: number }[];
  /** Lines on which `Deno` is named in code (types included), not in comments or strings. */
  denoLines: number[];
  defaultExportLines: number[];
}

type FunctionNode = Deno.lint.FunctionDeclaration | Deno.lint.FunctionExpression | Deno.lint.ArrowFunctionExpression;

/** Parses `text` with Deno's own parser (the one of its linter) and collects what matters. Works in `deno test` only. */
export function scanSource(text: string): SourceScan {
  const scan: SourceScan = {
    lines: countLines(text),
    references: [],
    functions: [],
    denoLines: [],
    defaultExportLines: [],
  };
  const visitor = { ...referenceVisitor(text, scan), ...functionVisitor(text, scan), ...nameVisitor(text, scan) };
  const rule: Deno.lint.Rule = { create: () => visitor };
  Deno.lint.runPlugin({ name: "scan", rules: { collect: rule } }, "scanned.ts", text);
  return scan;
}

function referenceVisitor(text: string, scan: SourceScan): Deno.lint.LintVisitor {
  const add = (node: { range: [number, number] }, specifier: string | null, kind: ModuleReference["kind"]) =>
    scan.references.push({ specifier, kind, line: lineAt(text, node.range[0]) });
  return {
    ImportDeclaration: (node) => add(node, node.source.value, node.importKind === "type" ? "type" : "static"),
    ExportAllDeclaration: (node) => add(node, node.source.value, node.exportKind === "type" ? "type" : "static"),
    ExportNamedDeclaration(node) {
      if (node.source !== null) add(node, node.source.value, node.exportKind === "type" ? "type" : "static");
      if (node.specifiers.some((one) => nameOf(one.exported) === "default")) {
        scan.defaultExportLines.push(lineAt(text, node.range[0]));
      }
    },
    ImportExpression: (node) => add(node, literalText(node.source), "dynamic"),
    TSImportType: (node) => add(node, literalText(node.argument), "type"),
    TSExternalModuleReference: (node) => add(node, literalText(node.expression), "static"),
  };
}

function functionVisitor(text: string, scan: SourceScan): Deno.lint.LintVisitor {
  const add = (node: FunctionNode) => {
    const first = lineAt(text, node.range[0]);
    scan.functions.push({ name: functionName(node), line: first, lines: lineAt(text, node.range[1]) - first + 1 });
  };
  return { FunctionDeclaration: add, FunctionExpression: add, ArrowFunctionExpression: add };
}

function nameVisitor(text: string, scan: SourceScan): Deno.lint.LintVisitor {
  return {
    "Identifier[name='Deno']": (node: Deno.lint.Identifier) => scan.denoLines.push(lineAt(text, node.range[0])),
    ExportDefaultDeclaration: (node) => scan.defaultExportLines.push(lineAt(text, node.range[0])),
  };
}

/** The text of a string literal or of a template without holes; null for anything else. */
function literalText(node: Deno.lint.Node): string | null {
  if (node.type === "Literal") return typeof node.value === "string" ? node.value : null;
  if (node.type === "TSLiteralType") return literalText(node.literal);
  if (node.type === "TemplateLiteral" && node.quasis.length === 1) return node.quasis[0]?.cooked ?? null;
  return null;
}

function functionName(node: FunctionNode): string {
  if (node.type !== "ArrowFunctionExpression" && node.id !== null) return node.id.name;
  const parent = node.parent;
  switch (parent.type) {
    case "MethodDefinition":
    case "PropertyDefinition":
    case "Property":
      return nameOf(parent.key);
    case "VariableDeclarator":
      return nameOf(parent.id);
    default:
      return "(anonymous)";
  }
}

function nameOf(node: Deno.lint.Node | null): string {
  if (node?.type === "Identifier") return node.name;
  if (node?.type === "PrivateIdentifier") return `#${node.name}`;
  return node?.type === "Literal" ? String(node.value) : "(computed)";
}

function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) line++;
  return line;
}

function countLines(text: string): number {
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}
