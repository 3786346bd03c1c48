import { allNodes, type AstNode, itemPartsOf, partsOf } from "./expression_ast.ts";
import type { ExpressionProblem, ExpressionProblemCode } from "./expression_problem.ts";
import { isRootName, type NamePart, needsName, type Reference, ROOT_NAMES } from "./expression_reference.ts";
import { checkVariables } from "./expression_variables.ts";
import { quote } from "./plain.ts";
import { suggest } from "./suggest.ts";

/** What an expression uses, and what is wrong with it whatever the workflow is. */
export interface Analysis {
  readonly references: readonly Reference[];
  readonly problems: readonly ExpressionProblem[];
  /** Whether it may change the objects that it works on. */
  readonly changesObjects: boolean;
}

/** Functions that work on the context when they get fewer arguments than this. */
const CONTEXT_ARGUMENTS: Readonly<Record<string, number>> = {
  string: 1,
  boolean: 1,
  not: 1,
  keys: 1,
  spread: 1,
  clone: 1,
  lookup: 2,
  each: 2,
  sift: 2,
};

/**
 * Finds the references in a syntax tree. A name is one only if it heads a path in the context of the whole scope: in
 * filters, sort terms and the like it is a property of an item. `startOf` answers where the token that ends at an offset
 * starts.
 */
export function analyzeTree(tree: AstNode, startOf: (end: number) => number): Analysis {
  const analyzer = new Analyzer(tree, startOf);
  analyzer.visit(tree, true);
  return analyzer.result();
}

class Analyzer {
  readonly #nodes: readonly AstNode[];
  readonly #startOf: (end: number) => number;
  /** How often `%` is used: no use can lead further up than that. */
  readonly #parents: number;
  readonly #references = new Map<string, Reference>();
  readonly #problems = new Map<string, ExpressionProblem>();
  #changesObjects = false;

  constructor(tree: AstNode, startOf: (end: number) => number) {
    this.#nodes = [...allNodes(tree)];
    this.#startOf = startOf;
    this.#parents = this.#nodes.filter((node) => node.type === "parent").length;
  }

  result(): Analysis {
    for (const { node, ...problem } of checkVariables(this.#nodes)) this.#report(node, problem);
    return {
      references: [...this.#references.values()].sort((a, b) => a.offset - b.offset),
      problems: [...this.#problems.values()].sort((a, b) => a.offset - b.offset),
      changesObjects: this.#changesObjects,
    };
  }

  /** `isRoot`: whether the context is the whole scope. */
  visit(node: AstNode, isRoot: boolean): void {
    this.#changesObjects ||= mayChangeObjects(node, isRoot);
    if (node.type === "path") this.#visitPath(node, isRoot);
    else this.#checkWholeUse(node, isRoot);
    const isCallOfName = node.type === "function" && node.procedure?.type === "path";
    for (const part of partsOf(node)) {
      if (!(isCallOfName && part === node.procedure)) this.visit(part, isRoot);
    }
    for (const part of itemPartsOf(node)) this.visit(part, false);
  }

  #visitPath(path: AstNode, isRoot: boolean): void {
    const steps = path.steps ?? [];
    let atRoot = isRoot;
    for (const [index, step] of steps.entries()) {
      const isStart = index === 0 && isScopeVariable(step, isRoot) && steps.length > 1 && !hasStages(step);
      const isHead = atRoot && step.type === "name";
      if (isHead) this.#addReference(step, steps.slice(index + 1));
      if (!isStart) this.visit(step, atRoot && !isHead);
      // `@` binds a step to a variable, and leaves the context as it is.
      atRoot = isStart || (atRoot && step.focus !== undefined);
    }
  }

  #addReference(head: AstNode, rest: readonly AstNode[]): void {
    const { name: root, offset } = this.#nameOf(head);
    if (!isRootName(root)) {
      this.#report(head, {
        code: "unknown_name",
        message: `There is no ${quote(root)} in scope`,
        hint: hintName(root),
      });
      return;
    }
    const names: NamePart[] = [];
    for (let step = head, next = 0; step !== undefined && !hasStages(step) && step.focus === undefined; next++) {
      const following = rest[next];
      if (following?.type !== "name") break;
      names.push(this.#nameOf(following));
      step = following;
    }
    // Only what is named is there: going up to where names were left out would find too little.
    const distance = root === "nodes" ? 3 : 2;
    if (needsName(root) && names.length === 0) this.#reportDynamic(head, root);
    else if (this.#parents > 0 && 1 + names.length - this.#parents < distance) this.#reportParents(head);
    this.#references.set(`${offset}`, { root, offset, names });
  }

  #nameOf(node: AstNode): NamePart {
    return { name: String(node.value), offset: this.#offsetOf(node) };
  }

  #offsetOf(node: AstNode): number {
    for (
      let at = node.procedure ?? node as AstNode | undefined;
      at !== undefined;
      at = partsOf(at)[0] ?? at.steps?.[0]
    ) {
      if (at.position !== undefined) return this.#startOf(at.position);
    }
    return 0;
  }

  /** The scope as a whole may not be used: what an expression depends on has to be known. */
  #checkWholeUse(node: AstNode, isRoot: boolean): void {
    const isWildcard = isRoot && (node.type === "wildcard" || node.type === "descendant");
    const isWhole = isWildcard || isScopeVariable(node, isRoot);
    const name = node.type === "function" ? String(node.procedure?.value) : "";
    const wanted = isRoot && Object.hasOwn(CONTEXT_ARGUMENTS, name) ? CONTEXT_ARGUMENTS[name] ?? 0 : 0;
    const isCallOfContext = node.procedure?.type === "variable" && (node.arguments?.length ?? 0) < wanted;
    if (!isWhole && !isCallOfContext) return;
    this.#report(node, {
      code: "dynamic_reference",
      message: isWhole ? "Expression uses the whole scope" : `$${name} without an argument uses the whole scope`,
      hint: "Name what you need, such as inputs.name or nodes.fetch.body.",
    });
  }

  #reportDynamic(head: AstNode, root: string): void {
    const example = root === "nodes" ? "nodes.fetch.body, or nodes.`my-node`.body" : `${root}.NAME`;
    this.#report(head, {
      code: "dynamic_reference",
      message: `Expression uses ${quote(root)} without a plain name after it: what it depends on has to be known`,
      hint: `Write ${example}.`,
    });
  }

  #reportParents(head: AstNode): void {
    this.#report(head, {
      code: "dynamic_reference",
      message: `% may lead up from ${quote(String(head.value))} to the whole scope`,
      hint: "Bind what you need to a variable first, such as ($order := inputs.order; ...).",
    });
  }

  #report(node: AstNode, problem: { code: ExpressionProblemCode; message: string; hint?: string | undefined }): void {
    const offset = this.#offsetOf(node);
    // The language copies parts of its tree: the same mistake may be met twice.
    this.#problems.set(`${offset} ${problem.message}`, { ...problem, offset });
  }
}

/**
 * A transformation may match more than its copy; `[]` marks lists, and objects that are built from an empty list put
 * something into it.
 */
function mayChangeObjects(node: AstNode, isRoot: boolean): boolean {
  const buildsObject = node.type === "unary" && node.value === "{" && !isRoot;
  return node.type === "transform" || node.keepSingletonArray === true || node.group !== undefined || buildsObject;
}

/** `$$`, or `$` where it is the scope. */
function isScopeVariable(node: AstNode, isRoot: boolean): boolean {
  return node.type === "variable" && (node.value === "$" || (isRoot && node.value === ""));
}

function hasStages(node: AstNode): boolean {
  return (node.stages ?? node.predicate) !== undefined || node.index !== undefined;
}

/** Names to begin with; `outputs` has a place of its own. */
const OFFERED = ROOT_NAMES.filter((name) => name !== "outputs");

function hintName(name: string): string {
  const match = suggest(name, OFFERED);
  if (match !== undefined) return `Did you mean "${match}"?`;
  return `Start with one of ${OFFERED.join(", ")}; put text in quotes.`;
}
