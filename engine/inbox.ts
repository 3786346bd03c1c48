/** Messages to one reader: senders never wait, the reader gets all that is there at once. */
export class Inbox<T> {
  #messages: T[] = [];
  #wake: (() => void) | undefined;

  send(message: T): void {
    this.#messages.push(message);
    this.#wake?.();
    this.#wake = undefined;
  }

  /** All messages so far, oldest first; waits for the first one if there is none. */
  async take(): Promise<T[]> {
    if (this.#messages.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
    return this.takeNow();
  }

  /** The messages that are there. */
  takeNow(): T[] {
    const messages = this.#messages;
    this.#messages = [];
    return messages;
  }
}
