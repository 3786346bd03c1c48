const METHODS = ["log", "info", "debug", "warn", "error"] as const;

/**
 * Hands each text that the user's code writes to the console to `print`, without a line break at its end, until the
 * answer is called: stdout is for results, and a live picture would be torn.
 */
export function redirectConsole(print: (text: string) => void): () => void {
  const write = (...values: unknown[]) => print(format(values));
  const before = METHODS.map((method) => console[method]);
  for (const method of METHODS) console[method] = write;
  return () => METHODS.forEach((method, i) => console[method] = before[i] ?? console[method]);
}

function format(values: unknown[]): string {
  // An import would cost every start 5 ms, and could not be waited for here.
  return globalThis.process.getBuiltinModule("node:util").format(...values);
}
