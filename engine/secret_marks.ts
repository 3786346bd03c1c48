import { setOwn } from "./plain.ts";
import type { Value, Values } from "./value.ts";

const MARK = /\$\{\{ secrets\.(\w+) \}\}/g;

/** Values in whose texts each of `secrets` is replaced by a mark with its name: {@link revealSecrets} undoes it. */
export function concealSecrets(values: Values, secrets: Values): Values {
  const known = Object.entries(secrets).sort(([, a], [, b]) => String(b).length - String(a).length);
  return mapTexts(
    values,
    (text) =>
      known.reduce((shown, [name, value]) => shown.replaceAll(String(value), () => `\${{ secrets.${name} }}`), text),
  );
}

export function revealSecrets(values: Values, secrets: Values): Values {
  return mapTexts(
    values,
    (text) =>
      text.replaceAll(MARK, (mark, name: string) => Object.hasOwn(secrets, name) ? String(secrets[name]) : mark),
  );
}

function mapTexts(values: Values, change: (text: string) => string): Values {
  const changed: Values = {};
  for (const name of Object.keys(values)) setOwn(changed, name, mapText(values[name] ?? null, change));
  return changed;
}

function mapText(value: Value, change: (text: string) => string): Value {
  if (typeof value === "string") return change(value);
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return value;
  return Array.isArray(value) ? value.map((item) => mapText(item, change)) : mapTexts(value, change);
}
