import * as module from "node:module";

/** The modules by name; found by the text of {@link sourceOf}, which is all that a loader may hand over. */
const PROVIDED = Symbol.for("flowengine.provided_modules");
const PREFIX = "flowengine-provided:";

const provided: Record<string, object> = {};

/** See {@link Platform.provideModules}. What a program has installed under such a name is not looked at. */
export function provideModules(modules: Readonly<Record<string, object>>): void {
  const fresh = Object.keys(modules).filter((name) => !(name in provided));
  if (fresh.length === 0) return;
  Object.assign(provided, modules);
  Reflect.set(globalThis, PROVIDED, provided);
  const sources = Object.fromEntries(fresh.map((name) => [name, sourceOf(name, modules[name] ?? {})]));
  if (module.registerHooks === undefined) return registerThread(sources);
  module.registerHooks({
    resolve: (specifier, context, next) =>
      Object.hasOwn(sources, specifier) ? { url: PREFIX + specifier, shortCircuit: true } : next(specifier, context),
    load: (url, context, next) => {
      const source = url.startsWith(PREFIX) ? sources[url.slice(PREFIX.length)] : undefined;
      return source === undefined ? next(url, context) : { format: "module", source, shortCircuit: true };
    },
  });
}

/** A module that exports what `exports` has. */
function sourceOf(name: string, exports: object): string {
  const names = Object.keys(exports).filter((key) => key !== "default");
  const from = `globalThis[Symbol.for(${JSON.stringify(PROVIDED.description)})][${JSON.stringify(name)}]`;
  // Under names of ours, because some exports are reserved words (`null`, `enum`).
  const variables = names.map((key, index) => `${key}: export${index}`);
  return `const { ${variables} } = ${from};\nexport { ${names.map((key, index) => `export${index} as ${key}`)} };`;
}

/** Before 22.15 Node asks such questions in a thread of its own, which sees nothing of this one. */
function registerThread(sources: Readonly<Record<string, string>>): void {
  const code = `
    const sources = ${JSON.stringify(sources)}, prefix = ${JSON.stringify(PREFIX)};
    export const resolve = (specifier, context, next) =>
      Object.hasOwn(sources, specifier) ? { url: prefix + specifier, shortCircuit: true } : next(specifier, context);
    export const load = (url, context, next) => url.startsWith(prefix)
      ? { format: "module", source: sources[url.slice(prefix.length)], shortCircuit: true } : next(url, context);
  `;
  module.register(`data:text/javascript,${encodeURIComponent(code)}`);
}
