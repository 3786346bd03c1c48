/**
 * For tests in other languages: starts what the first argument names (`docker`, `zypi`, `zypi-lenient`), says on stdout as a line of
 * JSON where it is, or why it cannot be, and closes it when stdin ends.
 */
import { openEngine, whyNoDocker } from "./docker_engine.ts";
import { openZypiServer, whyNoBubblewrap } from "./zypi_server.ts";

interface Service {
  facts: Record<string, string>;
  close(): Promise<void>;
}

async function openDocker(): Promise<Service> {
  const engine = await openEngine();
  return { facts: { host: engine.host, busybox: engine.busybox, python: await engine.python() }, close: engine.close };
}

function openZypi(mode: "strict" | "lenient"): Service {
  const server = openZypiServer({ mode, images: ["ubuntu:24.04", "python"] });
  return { facts: { url: server.url }, close: () => server.close() };
}

async function main([what = ""]: string[]): Promise<void> {
  const obstacle = what === "docker" ? whyNoDocker() : whyNoBubblewrap();
  if (obstacle !== undefined) return console.log(JSON.stringify({ obstacle }));
  const service = what === "docker" ? await openDocker() : openZypi(what === "zypi" ? "strict" : "lenient");
  console.log(JSON.stringify(service.facts));
  // deno-lint-ignore no-empty
  for await (const _ of Deno.stdin.readable) {}
  await service.close();
}

await main(Deno.args);
