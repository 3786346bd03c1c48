/** Resolves when something has come true; fails if it does not within `withinMs`. */
export async function until(
  isTrue: () => boolean | Promise<boolean>,
  { what = "what a test waited for", withinMs = 30_000 }: { what?: string; withinMs?: number } = {},
): Promise<void> {
  const deadline = performance.now() + withinMs;
  while (!(await isTrue())) {
    if (performance.now() > deadline) throw new Error(`${what} did not happen within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
