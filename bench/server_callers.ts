/**
 * Runs a saved workflow many times over HTTP, in a process of its own.
 *
 * `deno run bench/server_callers.ts URL WORKFLOW COUNT CONCURRENCY`: prints a {@link CallerReport} at the end.
 */

/** How the calls went. */
export interface CallerReport {
  seconds: number;
  failures: number;
  /** Milliseconds from the request to its answer, sorted. */
  times: number[];
}

if (import.meta.main) {
  const [url, workflow = "", countText, concurrencyText] = Deno.args;
  const address = `${url}/api/workflows/${encodeURIComponent(workflow)}/execute`;
  const times: number[] = [];
  let left = Number(countText);
  let failures = 0;
  const call = async () => {
    while (left-- > 0) {
      const startedAt = performance.now();
      const response = await fetch(address, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: "{}",
      });
      const { status } = await response.json();
      if (status !== "succeeded") failures++;
      times.push(performance.now() - startedAt);
    }
  };
  const startedAt = performance.now();
  await Promise.all(Array.from({ length: Number(concurrencyText) }, call));
  const seconds = (performance.now() - startedAt) / 1000;
  const report: CallerReport = { seconds, failures, times: times.sort((a, b) => a - b) };
  console.log(JSON.stringify(report));
}
