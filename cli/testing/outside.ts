/** How much goes on that real time decides about: code that really runs, and is not waiting on the fake clock. */
export class Outside {
  #count = 0;
  #changed = Promise.withResolvers<void>();

  enter(): void {
    this.#count++;
    this.#tell();
  }

  leave(): void {
    this.#count--;
    this.#tell();
  }

  /** Resolves at the next change; undefined while nothing goes on. */
  get change(): Promise<void> | undefined {
    return this.#count === 0 ? undefined : this.#changed.promise;
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}
