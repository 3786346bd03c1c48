/** Why a program cannot be used here; undefined if it can. */
export function whyNoProgram(name: string): string | undefined {
  try {
    // Not every program knows the flag; what counts is that it starts.
    new Deno.Command(name, { args: ["--version"], stdin: "null", stdout: "null", stderr: "null" }).outputSync();
    return undefined;
  } catch {
    return `${name} is not installed`;
  }
}
