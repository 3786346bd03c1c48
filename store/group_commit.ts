import { toFlowError } from "../engine/errors.ts";
import type { Connection } from "./connection.ts";
import type { Batch, JournalWriter } from "./journal.ts";

interface Waiting {
  batch: Batch;
  resolve(): void;
  reject(error: unknown): void;
}

/**
 * Commits what several executions append in the same turn of the event loop together. It pays where a commit is dear
 * (`full`: an fsync). While the disk writes, the process stands still, and all that has happened meanwhile is ready in
 * the next turn: the busier, the larger the groups, and one execution alone does not wait for anyone.
 */
export class GroupCommit {
  readonly #connection: Connection;
  readonly #writer: JournalWriter;
  #waiting: Waiting[] = [];
  /** Appends that are not settled, so that `drain` can wait for them. */
  #committing: Promise<void> | undefined;

  constructor(connection: Connection, writer: JournalWriter) {
    this.#connection = connection;
    this.#writer = writer;
  }

  append(batch: Batch): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ batch, resolve, reject });
      this.#committing ??= this.#commitSoon();
    });
  }

  /** Resolves when nothing is waiting any more. */
  async drain(): Promise<void> {
    while (this.#committing !== undefined) await this.#committing;
  }

  async #commitSoon(): Promise<void> {
    while (this.#waiting.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      await this.#commit();
    }
    this.#committing = undefined;
  }

  async #commit(): Promise<void> {
    const group = this.#waiting;
    this.#waiting = [];
    try {
      const batches = group.map(({ batch }) => batch);
      const refusals = await this.#connection.run("append events", () => this.#writer.appendAll(batches));
      for (const [i, { resolve, reject }] of group.entries()) {
        if (refusals[i] === undefined) resolve();
        else reject(refusals[i]);
      }
    } catch (error) {
      for (const { reject } of group) reject(toFlowError(error));
    }
  }
}
