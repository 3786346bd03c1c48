import { type ErrorInfo, toFlowError } from "./errors.ts";
import { compileConfig, type CompiledConfig } from "./expression_config.ts";
import { findTemplates } from "./expression_place.ts";
import type { Reference } from "./expression_reference.ts";
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
  scope: ExpressionScope,
  base: Path,
): Promise<KnownParts> {
  const resolved = structuredClone(values);
  const unknown: UnknownPart[] = [];
  let error: ErrorInfo | undefined;
  for (const { path, text } of findTemplates(values)) {
    const part = compileConfig({ value: text });
    const needs = listNeeds(part?.references ?? []);
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
export function listNeeds(references: readonly Reference[]): string[] {
  const needs = references.flatMap(({ root, names: [name] }) => {
    if (root === "inputs" || root === "env" || root === "workflow") return [];
    return [root === "nodes" || root === "secrets" ? formatPath([root, name?.name ?? ""]) : root];
  });
  return [...new Set(needs)];
}
