import type { Platform } from "../platform/types.ts";

/** What a stream needs of the machine. */
export type OutputPlatform = Pick<Platform, "write" | "isTerminal">;

/** Characters that may wait for a slow reader. */
const MAX_PENDING = 1024 * 1024;

/**
 * Text on its way to stdout or stderr. Writes keep their order and are joined while an earlier one is under way. When
 * the reader has gone (`flow run x | head -1`) everything more is dropped and `onClosed` is told, once.
 */
export class OutputStream {
  readonly isTerminal: boolean;
  readonly #platform: OutputPlatform;
  readonly #stream: "stdout" | "stderr";
  readonly #closedListeners: (() => void)[] = [];
  #pending: string[] = [];
  #pendingLength = 0;
  #pump: Promise<void> | undefined;
  #isClosed = false;
  #failure: unknown;

  constructor(platform: OutputPlatform, stream: "stdout" | "stderr") {
    this.#platform = platform;
    this.#stream = stream;
    this.isTerminal = platform.isTerminal(stream);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Why text was lost, if not because its reader has gone. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Whether the reader is so slow that whoever writes should `flush` before going on. */
  get isBehind(): boolean {
    return this.#pendingLength > MAX_PENDING;
  }

  write(text: string): void {
    if (this.#isClosed || text === "") return;
    this.#pending.push(text);
    this.#pendingLength += text.length;
    this.#pump ??= this.#drain();
  }

  /** Resolves when all that was written so far has left, or never can. */
  async flush(): Promise<void> {
    while (this.#pump !== undefined) await this.#pump;
  }

  onClosed(listener: () => void): void {
    this.#closedListeners.push(listener);
  }

  async #drain(): Promise<void> {
    try {
      while (this.#pending.length > 0) {
        const text = this.#pending.join("");
        this.#pending = [];
        this.#pendingLength = 0;
        await this.#platform.write(this.#stream, text);
      }
    } catch (error) {
      this.#isClosed = true;
      if (!isBrokenPipe(error)) this.#failure = error;
      this.#pending = [];
      for (const listener of this.#closedListeners) listener();
    } finally {
      this.#pump = undefined;
    }
  }
}

function isBrokenPipe(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause ?? error : error;
  return cause instanceof Error && "code" in cause && cause.code === "EPIPE";
}
