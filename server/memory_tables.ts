import type { AuditEntry, AuditLog, IdempotencyStore, KeyedRequest } from "./ports.ts";

const DAY_MS = 86_400_000;
const MAX_REQUESTS = 10_000;
const MAX_ENTRIES = 1000;

/** Remembers requests for a day, at most the last ten thousand, as long as the process lives. */
export class MemoryIdempotency implements IdempotencyStore {
  /** The oldest first. */
  readonly #requests = new Map<string, KeyedRequest & { at: number }>();

  claim(request: KeyedRequest, now: number): { hash: string; execution_id: string; isNew: boolean } {
    const name = nameOf(request.client, request.key);
    for (const [other, { at }] of this.#requests) {
      if (now - at < DAY_MS && this.#requests.size < MAX_REQUESTS) break;
      this.#requests.delete(other);
    }
    const known = this.#requests.get(name);
    if (known !== undefined) return { hash: known.hash, execution_id: known.execution_id, isNew: false };
    this.#requests.set(name, { ...request, at: now });
    return { hash: request.hash, execution_id: request.execution_id, isNew: true };
  }

  release(client: string, key: string): void {
    this.#requests.delete(nameOf(client, key));
  }
}

/** Remembers the last thousand changes, as long as the process lives. */
export class MemoryAudit implements AuditLog {
  readonly #entries: (AuditEntry & { id: number })[] = [];
  #lastId = 0;

  add(entry: AuditEntry): void {
    this.#entries.unshift({ ...entry, id: ++this.#lastId });
    if (this.#entries.length > MAX_ENTRIES) this.#entries.pop();
  }

  list({ before = Infinity, limit }: { before?: number | undefined; limit: number }): (AuditEntry & { id: number })[] {
    return this.#entries.filter(({ id }) => id < before).slice(0, limit);
  }
}

function nameOf(client: string, key: string): string {
  return JSON.stringify([client, key]);
}
