import { runCommand, writeFile } from "./zypi_agent.ts";
import { type Answer, answer, crash, type Fields, hexId, refuse, type ZypiWorld } from "./zypi_world.ts";
import type { Vm } from "./zypi_vm.ts";

interface Session {
  session_id: string;
  container_id: string;
  ip: string;
  image: string;
  agent_id: string | null;
  status: "running";
  created_at: string;
  last_used_at: string;
}

/** After so long a request to the busy session manager crashes. */
const CALL_TIMEOUT_MS = 5000;

/** The sessions of one server, as its single session manager treats them. */
export class ZypiSessions {
  readonly #world: ZypiWorld;
  readonly #sessions = new Map<string, { session: Session; vm: Vm }>();
  /** All of the manager's work is done one after the other. */
  #work: Promise<unknown> = Promise.resolve();

  constructor(world: ZypiWorld) {
    this.#world = world;
  }

  /** How many sessions it knows. */
  get size(): number {
    return this.#sessions.size;
  }

  async create(fields: Fields): Promise<Answer> {
    const image = typeof fields.image === "string" ? fields.image : "ubuntu:24.04";
    if (!this.#world.hasImage(image)) return refuse(500, ":image_not_found");
    const container = await this.#world.boot("sess_", 12, image);
    if (container === undefined) return refuse(500, ":pool_exhausted");
    const now = this.#world.now();
    const session: Session = {
      session_id: `fabric_${hexId(16)}`,
      container_id: container.id,
      ip: container.ip,
      image,
      agent_id: typeof fields.agent_id === "string" ? fields.agent_id : null,
      status: "running",
      created_at: now,
      last_used_at: now,
    };
    this.#sessions.set(session.session_id, { session, vm: container.vm });
    const { last_used_at: _, ...told } = session;
    return answer(201, told);
  }

  async list(): Promise<Answer> {
    if (!await this.#isFree()) return crash();
    if (this.#world.isStrict && this.#sessions.size >= 2) return this.#forgetAll();
    const sessions = [...this.#sessions.values()].map(({ session: { session_id: id, ...rest } }) => {
      const idle_seconds = Math.floor((Date.now() - Date.parse(rest.last_used_at)) / 1000);
      return { id, ...rest, idle_seconds };
    });
    return answer(200, { sessions, count: sessions.length });
  }

  async get(id: string): Promise<Answer> {
    if (!await this.#isFree()) return crash();
    const found = this.#sessions.get(id);
    return found === undefined ? refuse(404, "session not found") : answer(200, { ...found.session });
  }

  /** Closes the VM. The real server crashes over it, and forgets all sessions. */
  async close(id: string): Promise<Answer> {
    const isFree = await this.#isFree();
    const found = this.#sessions.get(id);
    if (found === undefined) return refuse(404, "session not found");
    // A manager that is busy closes the session when it gets to it.
    if (!isFree) await this.#work;
    this.#sessions.delete(id);
    await this.#world.destroy(found.session.container_id);
    return this.#world.isStrict ? this.#forgetAll() : answer(200, { status: "closed" });
  }

  async exec(id: string, fields: Fields): Promise<Answer> {
    if (fields.stream === true) return await this.#stream(id, fields);
    if (!Array.isArray(fields.cmd)) return refuse(400, "cmd must be a list of strings");
    if (!this.#sessions.has(id)) return refuse(404, ":session_not_found");
    const outcome = await this.#run(id, fields);
    return "body" in outcome ? answer(200, outcome.body) : outcome.answer;
  }

  async #stream(id: string, fields: Fields): Promise<Answer> {
    const found = this.#sessions.get(id);
    const failed = (error: unknown) => ({ events: [{ event: "error", data: { context_id: id, error } }] });
    if (found === undefined) return failed(":session_not_found");
    const outcome = await this.#run(id, fields);
    if (!("body" in outcome)) return failed(outcome.reason);
    const { exit_code, stdout, stderr, container_id } = outcome.body;
    const data = { exit_code, stdout, stderr, duration_ms: null, container_id, context_id: id };
    return { events: [{ event: "result", data }, { event: "done", data: undefined }] };
  }

  async #run(id: string, fields: Fields): Promise<{ body: Fields } | { answer: Answer; reason: string }> {
    const { timeout = 30 } = fields;
    if (!Number.isInteger(timeout) && this.#world.isStrict) return { answer: crash(), reason: "" };
    const outcome = await this.#inTurn(() => this.#execNow(id, fields, Number(timeout) * 1000));
    if ("reason" in outcome) return { answer: refuse(500, outcome.reason), reason: outcome.reason };
    const container_id = this.#sessions.get(id)?.session.container_id ?? "";
    return { body: { ...outcome.fields, timed_out: outcome.isTimeout, session_id: id, container_id } };
  }

  async #execNow(id: string, fields: Fields, timeoutMs: number) {
    const found = this.#sessions.get(id);
    if (found === undefined) return { reason: ":session_not_found" };
    found.session.last_used_at = this.#world.now();
    const files = this.#world.isStrict ? {} : (fields.files ?? {}) as Record<string, string>;
    for (const [path, content] of Object.entries(files)) {
      const reason = await writeFile(found.vm, path, content);
      if (reason !== undefined) return { reason };
    }
    const request = { cmd: fields.cmd as unknown[], env: fields.env, workdir: fields.workdir };
    return await this.#world.limit(runCommand(found.vm, request), timeoutMs);
  }

  /** On the real server one command runs after the other, whichever session it is for. */
  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (!this.#world.isStrict) return await work();
    const turn = this.#work.then(work);
    this.#work = turn.catch(() => {});
    return await turn;
  }

  async #isFree(): Promise<boolean> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), CALL_TIMEOUT_MS);
    });
    try {
      return await Promise.race([this.#work.then(() => true), late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #forgetAll(): Answer {
    this.#sessions.clear();
    return crash();
  }
}
