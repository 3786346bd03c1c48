/**
 * A workflow that is built in TypeScript: the compiler checks ports and config, functions are nodes.
 *
 *     flow run examples/typed_workflow.ts --input '{"cities": ["Paris", "Oslo"]}'
 *
 * It is also a program: `deno run -A examples/typed_workflow.ts`.
 */
import { debugLog, expression, shellExec, task, workflow } from "flowengine";

interface Weather {
  city: string;
  degrees: number;
}

const measure = task(async function measure({ city }: { city: string }, { sleep, log }): Promise<Weather> {
  log(`asking for ${city}`);
  await sleep(10);
  return { city, degrees: city.length * 4 };
}, { retry: 3, timeout: 10, cache: { ttl_seconds: 600 } });

const warmest = task(({ all }: { all: Weather[] }) => all.reduce((a, b) => b.degrees > a.degrees ? b : a), {
  name: "warmest",
});

const wf = workflow("weather", {
  inputs: { cities: { type: "array", default: ["Rome", "Reykjavik"] } },
  settings: { max_parallel_nodes: 4, on_error: "ContinueOnError" },
});

const cities = wf.input("cities");
const weather = wf.add("measure", measure, { city: "${{ item }}" }, { map: { items: cities } });
const best = wf.add("warmest", warmest, { all: weather.result });
const city = best.result.get("city");
const told = wf.add("tell", shellExec({ command: "echo", args: [`Go to ${city}!`] }));
wf.add("warn", debugLog({ level: "warning" }), { message: `${city} is hot` }, {
  when: expression`${best.result.get("degrees")} > 30`,
});
wf.onFailure("report", debugLog({ level: "error" }), { message: expression`execution.error.message` });
wf.output("advice", told.stdout).output("asked", expression`$count(${cities})`);

export { wf as workflow };

if (import.meta.main) {
  const { status, outputs } = await wf.run({ inputs: { cities: ["Bern", "Lisbon"] } });
  console.log(status, outputs);
}
