import type * as esbuild from "esbuild";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** Sources of ours that name the parts of Zod which they use; `engine/zod.ts` hands on all of it. */
const OURS = /[\\/](cli|engine|nodes|platform|sdk|store)[\\/](?!zod\.ts)[^@]*\.ts$/;

/** Modules of Zod that hold others as objects; so does `core/index.js`, if it is asked for as `?whole`. */
const HOLDERS = /[\\/]zod[\\/]v4[\\/]classic[\\/](external|from-json-schema|coerce)\.js$/;

/** In Zod's list of exports, what is an object of a module, or needs one. `iso` is small, and used. */
const OBJECTS = /^export (\* as (?!iso)|\{ (fromJSONSchema|deepPartial|input, output) \}).*$/gm;

/**
 * Keeps from the way of every run what only those need who have all of Zod in hand, as `import { z }` and `z.core` do:
 * objects with a property for each of its thousand parts. That is 2 to 3 ms of CPU.
 *
 * The bundler makes such an object where the module is whose exports it has, so wherever that is loaded. Hence who asks
 * for objects gets them of modules that only hand on (`?whole`), and our sources get Zod's list of exports without
 * objects (`?parts`). The parts are the same for both.
 */
export const zodInParts: esbuild.Plugin = {
  name: "Zod in parts",
  setup(build) {
    build.onResolve({ filter: /^zod$/ }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      if (pluginData === "found" || !OURS.test(importer)) return undefined;
      const { path: index } = await build.resolve(path, { kind, resolveDir, pluginData: "found" });
      return { path: join(dirname(index), "v4/classic/external.js"), suffix: "?parts", sideEffects: false };
    });
    build.onResolve({ filter: /^\.\.?\/.*\.js$/ }, ({ path, resolveDir, pluginData }) => {
      if (pluginData !== "whole") return undefined;
      return { path: join(resolveDir, path), suffix: "?whole", sideEffects: false };
    });
    build.onLoad({ filter: /[\\/]zod[\\/].*\.js$/ }, async ({ path, suffix }) => {
      const resolveDir = dirname(path);
      const isHolder = suffix === "?whole" ? /core[\\/]index\.js$/.test(path) : HOLDERS.test(path);
      if (!isHolder) {
        return suffix === "?whole" ? { contents: `export * from ${JSON.stringify(path)};`, resolveDir } : null;
      }
      const contents = await readFile(path, "utf8");
      if (suffix === "?parts") return { contents: contents.replaceAll(OBJECTS, ""), resolveDir };
      return { contents, resolveDir, pluginData: "whole" };
    });
  },
};
