import { type AgentAnswer, findLineTooLong } from "./zypi_agent.ts";
import { Vm } from "./zypi_vm.ts";

/** A JSON object from the wire, or for it. */
export type Fields = Record<string, unknown>;

/** What a route answers. */
export type Answer =
  | { status: number; body: Fields }
  /** The handler crashed: a status, no body, and the connection is closed. */
  | { status: number; body: undefined }
  | { events: { event: string; data: Fields | undefined }[] };

export function answer(status: number, body: Fields): Answer {
  return { status, body };
}

export function refuse(status: number, error: string): Answer {
  return { status, body: { error } };
}

export function crash(status = 500): Answer {
  return { status, body: undefined };
}

export function hexId(length: number): string {
  return crypto.randomUUID().replaceAll("-", "").slice(0, length);
}

/** How a server is set up. */
export interface ZypiWorldOptions {
  /** `strict`: with all that is wrong with the real one; `lenient`: as it is meant to be. */
  mode: "strict" | "lenient";
  images?: string[];
  /** How many VMs there may be; the real one has 253 addresses. */
  maxVms?: number;
  /** Whether commands may use the host's network. */
  hasNetwork?: boolean;
}

interface Container {
  id: string;
  ip: string;
  image: string;
  created_at: string;
  vm: Vm;
}

/** What an execution came to. */
export type Outcome =
  | { reason: string }
  | { fields: { exit_code: number; stdout: string; stderr: string }; isTimeout: boolean };

const TIMED_OUT: Outcome = { fields: { exit_code: -1, stdout: "", stderr: "" }, isTimeout: true };

/** The VMs and images of one server. */
export class ZypiWorld {
  readonly isStrict: boolean;
  readonly images: Set<string>;
  /** As the server lists them: the real one never lets go of a VM that was booted for one command. */
  readonly containers = new Map<string, Omit<Container, "vm">>();
  /** When they failed, by name. */
  readonly failedImports = new Map<string, string>();
  readonly #options: ZypiWorldOptions;
  readonly #vms = new Map<string, Vm>();
  readonly #booting = new Set<Promise<Vm>>();
  readonly #running = new Set<Promise<unknown>>();
  #isClosed = false;
  #boots = 0;

  constructor(options: ZypiWorldOptions) {
    this.#options = options;
    this.isStrict = options.mode === "strict";
    this.images = new Set(options.images ?? ["ubuntu:24.04"]);
  }

  /** How many VMs are alive. */
  get vms(): number {
    return this.#vms.size;
  }

  hasImage(image: string): boolean {
    return this.images.has(image);
  }

  poolStats(): Fields {
    const metrics = { total_boots: 0, warm_hits: 0, cold_misses: this.#boots, recycles: 0, unhealthy_removed: 0 };
    return {
      warm: 0,
      assigned: 0,
      total: 0,
      pending_boots: 0,
      metrics,
      by_image: Object.fromEntries([...this.images].map((image) => [image, 0])),
    };
  }

  now(): string {
    return new Date().toISOString().replace("Z", "000Z");
  }

  /** Answers undefined if there is no address left. */
  async boot(prefix: string, digits: number, image: string): Promise<Container | undefined> {
    const { maxVms = 253, hasNetwork = false } = this.#options;
    if (this.containers.size >= maxVms || this.#isClosed) return undefined;
    const id = `${prefix}${hexId(digits)}`;
    const container = { id, ip: `10.0.0.${2 + this.#boots++ % 253}`, image, created_at: this.now() };
    this.containers.set(id, container);
    const booting = Vm.boot({ hasNetwork }).then((vm) => (this.#vms.set(id, vm), vm));
    this.#booting.add(booting);
    const vm = await booting.finally(() => this.#booting.delete(booting));
    return { ...container, vm };
  }

  /** Ends a VM; `isListed`: as far as the server knows, it still runs. */
  async destroy(id: string, { isListed = false } = {}): Promise<void> {
    if (!isListed) this.containers.delete(id);
    const vm = this.#vms.get(id);
    this.#vms.delete(id);
    await vm?.destroy();
  }

  /** What comes of a command within its time. After it the command is left running until the VM ends. */
  async limit(running: Promise<AgentAnswer>, timeoutMs: number): Promise<Outcome> {
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running)).catch(() => {});
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<"late">((resolve) => {
      timer = setTimeout(() => resolve("late"), timeoutMs);
    });
    const first = await Promise.race([running, late]).finally(() => clearTimeout(timer));
    if (first === "late") return this.isStrict ? { reason: ":timeout" } : TIMED_OUT;
    if ("reason" in first) return first;
    const tooLong = this.isStrict ? findLineTooLong(first.result) : undefined;
    if (tooLong !== undefined) return { reason: tooLong };
    const { exit_code, stdout, stderr } = first.result;
    const text = (bytes: Uint8Array) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
    return { fields: { exit_code, stdout: text(stdout), stderr: text(stderr) }, isTimeout: false };
  }

  /** Ends all VMs. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.allSettled([...this.#booting]);
    await Promise.all([...this.#vms.keys()].map((id) => this.destroy(id)));
    await Promise.allSettled([...this.#running]);
  }
}
