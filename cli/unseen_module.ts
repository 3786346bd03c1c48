/**
 * Imports the module `name` that lies beside the module at `url`, without the runtime having seen it before.
 *
 * The runtime reads all modules that it finds in imports before it runs any of them, also those that are imported later.
 * A name that is put together hides them, so that a command loads only what it needs. Whoever packs the program has to
 * name these modules. They end like the module that asks: `.ts` in the source, `.js` in a bundle.
 */
export function importUnseen<Module>(name: string, url: string): Promise<Module> {
  return import(new URL(name + url.slice(url.lastIndexOf(".")), url).href);
}
