/**
 * Zod, which config and ports are declared with: the very copy that the engine checks them with.
 *
 * ```ts
 * import { z } from "flowengine";
 *
 * const config = z.object({ greeting: z.string(), times: z.int().default(1) });
 * const polite: z.input<typeof config> = { greeting: "Good morning" };
 * console.log(config.parse(polite).times); // 1
 * ```
 *
 * @internal for `deno doc --lint` only, which would ask for comments within zod: what is in it is described there.
 */
export * as z from "zod";
