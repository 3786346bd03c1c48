/** What waits for a slot, first come, first served; adding and taking cost the same however long the line is. */
export class ReadyLine {
  #units: number[] = [];
  #next = 0;

  get isEmpty(): boolean {
    return this.#next >= this.#units.length;
  }

  push(unit: number): void {
    this.#units.push(unit);
  }

  take(): number | undefined {
    const unit = this.#units[this.#next++];
    if (unit !== undefined) return unit;
    this.#units = [];
    this.#next = 0;
    return undefined;
  }
}
