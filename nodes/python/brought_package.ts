/**
 * The Python package `flowengine` by path, such as `flowengine/__init__.py`, where flow brings it along: in what the
 * bundler makes, which puts the files here. Undefined from source, where the package is a folder beside.
 */
export const broughtPackage: Readonly<Record<string, string>> | undefined = undefined;
