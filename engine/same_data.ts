/** Whether two documents hold the same: values, their types, and the order of keys. */
export function isSameData(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b);
  if (a instanceof Uint8Array || b instanceof Uint8Array) return isSameBytes(a, b);
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [keysOfA, keysOfB] = [Object.keys(a), Object.keys(b)];
  if (keysOfA.length !== keysOfB.length) return false;
  const [partsOfA, partsOfB] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return keysOfA.every((key, index) => key === keysOfB[index] && isSameData(partsOfA[key], partsOfB[key]));
}

function isSameBytes(a: object, b: object): boolean {
  return a instanceof Uint8Array && b instanceof Uint8Array && a.length === b.length &&
    a.every((byte, index) => byte === b[index]);
}
