import { type ErrorInfo, toFlowError } from "./errors.ts";
import { compileConfig, type CompiledConfig } from "./expression_config.ts";
import { findTemplates } from "./expression_place.ts";
import { needsName, type Reference, type RootName } from "./expression_reference.ts";
import type { ExpressionScope } from "./expression_scope.ts";
import { formatPath, type Path } from "./issue.ts";
import { isPlainObject, setOwn } from "./plain.ts";
import type { Value, Values } from "./value.ts";

/** An expression whose value only the run can tell. */
export interface UnknownPart {
  /** Where it stands, such as `config.url`. */
  path: string;
  /** What has to be there first: `nodes.fetch`, `secrets.TOKEN`, `attempt` ... */
  needs: string[];
}

/** What expressions can be evaluated with before a run. */
export interface Foresight {
  readonly scope: ExpressionScope;
  /** What expressions may start with to be known. */
  readonly roots: ReadonlySet<RootName>;
}

/** Values as far as they are known before a run. */
export interface KnownParts {
  /** What is not known stands there as it is written. */
  values: Values;
  unknown: UnknownPart[];
  /** The first expression that fails. */
  error?: ErrorInfo;
}

/** Values with each of their expressions evaluated on its own, if it can be. */
export async function resolveParts(
  values: Values,
  { scope, roots }: Foresight,
  base: Path,
): Promise<KnownParts> {
  const resolved = structuredClone(values);
  const unknown: UnknownPart[] = [];
  let error: ErrorInfo | undefined;
  for (const { path, text } of findTemplates(values)) {
    const part = compileConfig({ value: text });
    const needs = listNeeds(part?.references ?? [], roots);
    if (needs.length > 0 || part === undefined) unknown.push({ path: formatPath([...base, ...path]), needs });
    else {
      const outcome = await evaluatePart(part, scope, [...base, ...path]);
      if ("error" in outcome) error ??= outcome.error;
      else setAt(resolved, path, outcome.value);
    }
  }
  return { values: resolved, unknown, ...(error === undefined ? {} : { error }) };
}

async function evaluatePart(
  part: CompiledConfig,
  scope: ExpressionScope,
  path: Path,
): Promise<{ value: Value } | { error: ErrorInfo }> {
  try {
    const { value = null } = await part.evaluate(scope);
    return { value };
  } catch (thrown) {
    const info = toFlowError(thrown).toInfo();
    return { error: { ...info, message: info.message.replace(/^value\b/, formatPath(path)) } };
  }
}

function setAt(root: Values, path: Path, value: Value): void {
  const last = path.at(-1);
  let container: Value | undefined = root;
  for (const part of path.slice(0, -1)) container = (container as Record<string | number, Value>)[part];
  if (last === undefined || container === undefined) return;
  if (Array.isArray(container)) container[Number(last)] = value;
  else if (isPlainObject(container)) setOwn(container as Values, String(last), value);
}

/** What an expression refers to that is not there before the run; each once. */
export function listNeeds(references: readonly Reference[], roots: ReadonlySet<RootName>): string[] {
  const needs = references.flatMap(({ root, names: [name] }) => {
    if (roots.has(root)) return [];
    return [needsName(root) ? formatPath([root, name?.name ?? ""]) : root];
  });
  return [...new Set(needs)];
}
