import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "./shell.ts";

/** The modules that users import. */
export const ENTRIES = ["mod.ts", "sdk/testing/mod.ts", "server/mod.ts"];

/** The parts of `deno doc --json` that are looked at. */
export interface ModuleDoc {
  module_doc?: { doc?: string };
  symbols: { name: string; declarations: Declaration[] }[];
}

/** One of the declarations of a symbol. */
export interface Declaration {
  kind: string;
  jsDoc?: { doc?: string; tags?: { kind: string }[] };
}

/** What `deno doc` reads in a module, by its path in the project. */
export async function readModuleDoc(entry: string): Promise<ModuleDoc> {
  const args = ["doc", "--json", join(ROOT, entry)];
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout)) as { nodes: Record<string, ModuleDoc> };
  const [module] = Object.values(nodes);
  assert.ok(module !== undefined);
  return module;
}
