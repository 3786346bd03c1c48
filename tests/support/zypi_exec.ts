import { runCommand, writeFile } from "./zypi_agent.ts";
import { type Answer, answer, crash, type Fields, refuse, type ZypiWorld } from "./zypi_world.ts";

/** `POST /exec`: one command in a VM of its own. */
export async function execOnce(world: ZypiWorld, fields: Fields): Promise<Answer> {
  if (!Array.isArray(fields.cmd)) return refuse(400, "cmd must be a list of strings");
  const isStream = fields.stream === true;
  const { image, agent_id } = fields;
  const fail = (error: string): Answer =>
    isStream ? { events: [{ event: "error", data: { context_id: agent_id, error } }] } : refuse(500, error);
  if (typeof image !== "string") return world.isStrict ? crash() : refuse(400, "image is required");
  if (!world.hasImage(image)) return fail(`{:image_not_found, ${JSON.stringify(image)}}`);
  const started = performance.now();
  const container = await world.boot("exec_", 16, image);
  if (container === undefined) return fail(":pool_exhausted");
  let isLate = false;
  try {
    const wrong = findWrongField(fields, world.isStrict);
    if (wrong !== undefined) return world.isStrict ? crash() : refuse(400, wrong);
    for (const [path, content] of Object.entries((fields.files ?? {}) as Record<string, string>)) {
      const reason = await writeFile(container.vm, path, content);
      if (reason !== undefined) return fail(reason);
    }
    const request = { cmd: fields.cmd, env: fields.env, workdir: fields.workdir };
    const timeoutMs = Number(fields.timeout ?? 60) * 1000;
    const outcome = await world.limit(runCommand(container.vm, request), timeoutMs);
    isLate = "reason" in outcome ? outcome.reason === ":timeout" : outcome.isTimeout;
    if ("reason" in outcome) return fail(outcome.reason);
    // The handler of the real server crashes over a result that it should stream: the stream just ends.
    if (isStream && world.isStrict) return { events: [] };
    const duration_ms = Math.round(performance.now() - started);
    const ending = { ...outcome.fields, duration_ms, container_id: container.id };
    const more = { ...(agent_id === undefined ? {} : { agent_id }), ...(outcome.isTimeout ? { timed_out: true } : {}) };
    return answer(200, { ...ending, ...more });
  } finally {
    // Nobody can look into it again, so nobody sees that only the list still has it. What was late runs on in the real one.
    if (!isLate || !world.isStrict) await world.destroy(container.id, { isListed: world.isStrict });
  }
}

function findWrongField({ timeout = 60, files = {} }: Fields, isStrict: boolean): string | undefined {
  if (typeof timeout !== "number" || (isStrict && !Number.isInteger(timeout))) return "timeout must be a number";
  if (typeof files !== "object" || files === null) return "files must be an object";
  return Object.values(files).every((content) => typeof content === "string") ? undefined : "files must be texts";
}
