import { FlowError } from "../engine/errors.ts";

const MS_OF_UNIT: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Milliseconds of `1500ms`, `30s`, `1.5m`, `2h`, `1h30m`. A bare number is refused: to prune what is older than `30`
 * would be a costly misunderstanding.
 *
 * @throws {FlowError} `invalid_argument`
 */
export function parseDuration(text: string): number {
  const trimmed = text.trim();
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(trimmed)) throw invalidDuration(text);
  let total = 0;
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(amount) * (MS_OF_UNIT[unit ?? ""] ?? 0);
  }
  return toPositive(total, text);
}

/** A duration for people: `12ms`, `1.3s`, `2m 05s`, `1h 02m`. */
export function formatDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)}s`;
  const seconds = Math.round(ms / 1000);
  const two = (n: number) => String(n).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${two(seconds % 60)}s`;
  return `${Math.floor(seconds / 3600)}h ${two(Math.floor(seconds / 60) % 60)}m`;
}

function toPositive(ms: number, text: string): number {
  const rounded = Math.round(ms);
  if (rounded < 1 || !Number.isSafeInteger(rounded)) throw invalidDuration(text);
  return rounded;
}

function invalidDuration(text: string): FlowError {
  return new FlowError(
    "invalid_argument",
    `Cannot read the duration "${text}": it is not a positive time with a unit`,
    {
      hint: 'Write it like "500ms", "30s", "5m", "2h" or "1h30m".',
    },
  );
}
