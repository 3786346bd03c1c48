/** A node of JSONata's syntax tree: the parts of it that the analysis looks at. */
export interface AstNode {
  readonly type: string;
  readonly value?: unknown;
  /** Where its token ends in the expression. */
  readonly position?: number;
  readonly steps?: readonly AstNode[];
  /** Filters and the like on a step of a path. */
  readonly stages?: readonly AstNode[];
  /** Filters on anything else. */
  readonly predicate?: readonly AstNode[];
  readonly group?: { readonly lhs: readonly AstPair[] };
  /** Whether the path was marked by `[]`. */
  readonly keepSingletonArray?: boolean;
  /** The variable that a step is bound to by `@`. */
  readonly focus?: string;
  /** The variable that the place in a list is bound to by `#`. */
  readonly index?: string;
  readonly lhs?: AstNode | readonly AstPair[];
  readonly rhs?: AstNode;
  readonly expression?: AstNode;
  readonly expr?: AstNode;
  readonly expressions?: readonly AstNode[];
  readonly arguments?: readonly AstNode[];
  readonly procedure?: AstNode;
  readonly body?: AstNode;
  readonly condition?: AstNode;
  readonly then?: AstNode;
  readonly else?: AstNode;
  readonly pattern?: AstNode;
  readonly update?: AstNode;
  readonly delete?: AstNode;
  readonly terms?: readonly { readonly expression: AstNode }[];
}

/** Key and value of an object in an expression. */
export type AstPair = readonly [AstNode, AstNode];

/** The parts of a node that are evaluated in the same context as the node itself. */
export function partsOf(node: AstNode): AstNode[] {
  const parts = [
    ...(node.expressions ?? []),
    node.procedure,
    ...(node.arguments ?? []),
    node.lhs === undefined || isPairs(node.lhs) ? undefined : node.lhs,
    node.rhs,
    node.expression,
    node.body,
    node.condition,
    node.then,
    node.else,
    ...(node.lhs !== undefined && isPairs(node.lhs) ? node.lhs.flat() : []),
  ];
  return parts.filter((part) => part !== undefined);
}

/** The parts of a node that are evaluated once per item of something, in the context of that item. */
export function itemPartsOf(node: AstNode): AstNode[] {
  const filters = [...(node.stages ?? []), ...(node.predicate ?? [])].map((stage) => stage.expr);
  const parts = [
    ...filters,
    ...(node.group?.lhs.flat() ?? []),
    node.pattern,
    node.update,
    node.delete,
    ...(node.terms ?? []).map((term) => term.expression),
  ];
  return parts.filter((part) => part !== undefined);
}

/** Every node of a tree, each before its parts. */
export function* allNodes(root: AstNode): Generator<AstNode> {
  const open = [root];
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    yield node;
    open.push(...(node.steps ?? []), ...(node.stages ?? []), ...partsOf(node), ...itemPartsOf(node));
  }
}

function isPairs(lhs: AstNode | readonly AstPair[]): lhs is readonly AstPair[] {
  return Array.isArray(lhs);
}
