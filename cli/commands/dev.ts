import { FlowError } from "../../engine/errors.ts";
import { outcomeOf, success } from "../../server/outcome.ts";
import type { CliContext, CommonFlags } from "../context.ts";
import { DevSession, type Force, type SessionFlags } from "../dev/dev_session.ts";
import { DevSource, type Snapshot, type SourceFlags } from "../dev/dev_source.ts";
import { FileWatch } from "../dev/file_watch.ts";
import { watchInterrupts } from "../interrupt.ts";
import { type NoStoreFlags, openStore, type StoreFlags, withStore } from "../open_store.ts";
import { reportError } from "../report_error.ts";

/** Flags of `flow dev`. */
export interface DevFlags extends CommonFlags, SourceFlags, SessionFlags, StoreFlags, NoStoreFlags {}

/** `flow dev`: runs a workflow whenever it changes, and of it only what has changed. Ends when it is interrupted. */
export async function developWorkflow(context: CliContext, flags: DevFlags, file: string): Promise<number> {
  const { platform } = context;
  if (file === "-") {
    throw new FlowError("invalid_argument", "Cannot watch stdin", { hint: "Give the path of a file." });
  }
  return await withStore(openStore(platform, flags), async (store) => {
    const source = new DevSource(context, file, flags);
    const [path = ""] = source.files;
    const watch = await openWatch(context, source);
    const interrupted = Promise.withResolvers<void>();
    const stopInterrupts = watchInterrupts(platform, { first: () => interrupted.resolve(), again: () => {} });
    context.out.onClosed(() => interrupted.resolve());
    const loop = new DevLoop(context, flags, source, new DevSession(context, store, flags, path), watch);
    try {
      await loop.run(interrupted.promise);
    } finally {
      stopInterrupts();
      watch.stop();
    }
    return context.out.isClosed ? success.exit_code : outcomeOf("cancelled").exit_code;
  });
}

async function openWatch({ platform }: CliContext, source: DevSource): Promise<FileWatch> {
  const watch = new FileWatch(platform);
  const files = [...source.files];
  for (const path of source.others) {
    if ((await platform.stat(path))?.isDirectory) watch.addFolder(path);
    else files.push(path);
  }
  watch.addFiles(files);
  return watch;
}

const NOTHING: Force = { all: false, code: false, called: new Set() };

class DevLoop {
  readonly #context: CliContext;
  readonly #flags: DevFlags;
  readonly #source: DevSource;
  readonly #session: DevSession;
  readonly #watch: FileWatch;
  /** Changes that no execution has taken in yet. */
  #force = NOTHING;
  /** Documents that the workflow called when it was read last. */
  #called = new Set<string>();

  constructor(context: CliContext, flags: DevFlags, source: DevSource, session: DevSession, watch: FileWatch) {
    this.#context = context;
    this.#flags = flags;
    this.#source = source;
    this.#session = session;
    this.#watch = watch;
  }

  async run(interrupted: Promise<void>): Promise<void> {
    let isOver = false;
    const end = interrupted.then(() => {
      isOver = true;
      return "end" as const;
    });
    let next = await this.#read();
    for (;;) {
      if (next !== undefined) await this.#runToEnd(next, end);
      if (isOver) return;
      this.#context.err.write("Waiting for changes; Ctrl-C ends\n");
      next = await this.#awaitChange(end);
      if (next === undefined) return;
    }
  }

  /** Runs a state, and each that takes its place while it runs, until one comes to its end. */
  async #runToEnd(first: Snapshot, end: Promise<"end">): Promise<void> {
    for (let next: Snapshot | undefined = first; next !== undefined;) {
      const force = this.#force;
      this.#force = NOTHING;
      const running = this.#execute(next, force).then(() => "ended" as const);
      next = await this.#awaitReplacement(running, end);
      await running;
    }
  }

  /** Cancels what runs as soon as there is something else to run, which is answered. */
  async #awaitReplacement(running: Promise<"ended">, end: Promise<"end">): Promise<Snapshot | undefined> {
    for (;;) {
      const happened = await Promise.race([running, end, this.#watch.changed]);
      if (happened === "end") this.#session.cancel("Interrupted");
      if (happened !== undefined) return undefined;
      const next = await this.#readChange();
      if (next === undefined || !this.#session.isNew(next, this.#force)) continue;
      this.#session.cancel("The workflow has changed");
      return next;
    }
  }

  /** Waits for a change that makes a difference; undefined if the end comes first. */
  async #awaitChange(end: Promise<"end">): Promise<Snapshot | undefined> {
    for (;;) {
      if (await Promise.race([end, this.#watch.changed]) === "end") return undefined;
      const next = await this.#readChange();
      if (next === undefined) continue;
      if (this.#session.isNew(next, this.#force) || !this.#session.hasSucceeded) return next;
      this.#context.err.write("Nothing that matters has changed\n");
    }
  }

  /** Undefined if what there is now cannot be read, which is told. */
  #readChange(): Promise<Snapshot | undefined> {
    const changed = this.#watch.take();
    const others = new Set(this.#source.others);
    const { modules } = this.#source;
    const { all, code, called } = this.#force;
    this.#force = {
      all: all || !changed.isDisjointFrom(others),
      code: code || !changed.isDisjointFrom(modules),
      called: called.union(changed.intersection(this.#called)),
    };
    return this.#read();
  }

  async #read(): Promise<Snapshot | undefined> {
    try {
      const snapshot = await this.#source.read();
      const called = new Set(snapshot.called.keys());
      this.#watch.addFiles([...called.difference(this.#called)]);
      this.#called = this.#called.union(called);
      return snapshot;
    } catch (error) {
      this.#complain(error);
      return undefined;
    }
  }

  async #execute(snapshot: Snapshot, force: Force): Promise<void> {
    try {
      await this.#session.run(snapshot, force);
    } catch (error) {
      this.#complain(error);
    }
  }

  #complain(error: unknown): void {
    reportError(this.#context, error, this.#flags.debug ?? false);
  }
}
