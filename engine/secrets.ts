import { FlowError } from "./errors.ts";
import { IssueList, type Path } from "./issue.ts";
import { quote } from "./plain.ts";
import type { PreparedNode, PreparedWorkflow } from "./prepare.ts";
import type { SecretGuard } from "./secret_guard.ts";
import { SECRET_PREFIX, type SecretSource } from "./secret_source.ts";
import type { Values } from "./value.ts";

/** Shorter secrets would be masked everywhere, and are no secrets. */
const SHORTEST_SECRET = 4;

/** In characters; secrets are looked for in all that nodes tell, in some twenty forms. */
const LONGEST_SECRET = 64 * 1024;

/**
 * Gets the secrets that a workflow uses, with what keeps them out of the history; undefined if it uses none. `inputs`
 * are those that are about to be recorded.
 *
 * @throws {WorkflowError} `invalid_workflow` if secrets are missing
 * @throws {FlowError} `invalid_argument` if one cannot be masked; `invalid_input` if an input holds one
 */
export async function resolveSecrets(
  prepared: PreparedWorkflow,
  source: SecretSource | undefined,
  inputs: Values,
): Promise<SecretGuard | undefined> {
  const uses = findUses(prepared);
  if (uses.size === 0) return undefined;
  const known = await source?.read([...uses.keys()]) ?? new Map<string, string>();
  const secrets = new Map<string, string>();
  const issues = new IssueList();
  for (const [name, use] of uses) {
    const value = known.get(name);
    if (value === undefined) reportMissing(name, use, issues);
    else secrets.set(name, checkSecret(name, value));
  }
  issues.throwIfErrors();
  const { SecretGuard } = await import("./secret_guard.ts");
  const guard = new SecretGuard(secrets);
  guard.checkInputs(inputs);
  return guard;
}

/** Where a secret is used for the first time. */
interface Use {
  readonly node_id: string;
  readonly path: Path;
}

function findUses({ nodes, handlers }: PreparedWorkflow): Map<string, Use> {
  const uses = new Map<string, Use>();
  addUses(nodes, ["nodes"], uses);
  for (const [name, handler] of handlers) addUses(handler.nodes, ["settings", name], uses);
  return uses;
}

function addUses(nodes: readonly PreparedNode[], base: Path, uses: Map<string, Use>): void {
  for (const [index, { spec, expressions }] of nodes.entries()) {
    for (const { name, path } of secretsIn(expressions)) {
      if (!uses.has(name)) uses.set(name, { node_id: spec.id, path: [...base, index, ...path] });
    }
  }
}

/** Where a node uses secrets, by their names: in its config and in the values for its ports. */
export function secretsIn(expressions: PreparedNode["expressions"]): { name: string; path: Path }[] {
  return (["config", "inputs"] as const).flatMap((part) =>
    (expressions?.[part]?.references ?? []).flatMap(({ root, names: [name], path }) =>
      root === "secrets" && name !== undefined ? [{ name: name.name, path: [part, ...path] }] : []
    )
  );
}

function reportMissing(name: string, { node_id, path }: Use, issues: IssueList): void {
  issues.error(
    "missing_secret",
    path,
    () => `Secret ${quote(name)} is not set, and node ${quote(node_id)} uses it`,
    () => `Set the environment variable ${SECRET_PREFIX}${name}, or run "flow secrets set ${name}".`,
  );
}

/** @throws {FlowError} `invalid_argument` if the value is so short or so long that it cannot be masked */
export function checkSecret(name: string, value: string): string {
  const length = value.replaceAll(/[\r\n]/g, "").length;
  if (length >= SHORTEST_SECRET && length <= LONGEST_SECRET) return value;
  const isShort = length < SHORTEST_SECRET;
  const limit = isShort ? `fewer than ${SHORTEST_SECRET}` : `more than ${LONGEST_SECRET}`;
  throw new FlowError("invalid_argument", `Cannot use secret ${quote(name)}: it has ${limit} characters`, {
    hint: isShort
      ? "Use a longer secret: this one could not be hidden without hiding much else."
      : "Put it into a file, and give the node the path of that file.",
  });
}
