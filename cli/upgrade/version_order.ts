const VERSION = /^(\d{1,9})\.(\d{1,9})\.(\d{1,9})(?:-([0-9A-Za-z.-]{1,100}))?$/;

/** Whether `text` is a version such as `1.2.3` or `1.2.3-beta.1`. */
export function isVersion(text: string): boolean {
  return VERSION.test(text);
}

/** Whether a version is one for everybody: neither a beta nor anything else before the release. */
export function isFinal(version: string): boolean {
  return !version.includes("-");
}

/** Negative if `a` is older than `b`, by the rules of semver.org (2.0.0, item 11). */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [parse(a), parse(b)];
  for (let index = 0; index < 3; index++) {
    const difference = (left.numbers[index] ?? 0) - (right.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  if (left.labels.length === 0 || right.labels.length === 0) return right.labels.length - left.labels.length;
  return compareLabels(left.labels, right.labels);
}

function parse(version: string): { numbers: number[]; labels: string[] } {
  const [, major, minor, patch, labels] = VERSION.exec(version) ?? [];
  return { numbers: [Number(major), Number(minor), Number(patch)], labels: labels?.split(".") ?? [] };
}

function compareLabels(left: readonly string[], right: readonly string[]): number {
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const difference = compareLabel(left[index] ?? "", right[index] ?? "");
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function compareLabel(a: string, b: string): number {
  const [aIsNumber, bIsNumber] = [/^\d+$/.test(a), /^\d+$/.test(b)];
  if (aIsNumber && bIsNumber) return Number(a) - Number(b);
  if (aIsNumber !== bIsNumber) return aIsNumber ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}
