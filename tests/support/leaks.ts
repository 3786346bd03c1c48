import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";

/** Something in which secrets may have been left. */
export interface Trace {
  name: string;
  bytes: Uint8Array;
}

/** All files of a folder, at any depth. */
export async function readFolder(folder: string): Promise<Trace[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return await Promise.all(files.map(async (name) => ({ name, bytes: await readFile(name) })));
}

/** Where a secret stands in some form, as it was or encoded: `flow.db: base64 of "..." at 1234`. */
export function findLeaks(traces: readonly Trace[], secrets: readonly string[]): string[] {
  const needles = secrets.flatMap((secret) => [...formsOf(secret)]);
  return traces.flatMap(({ name, bytes }) => {
    const raw = Buffer.from(bytes);
    // Base64 and hexadecimal numbers may be wrapped, and the line breaks be escaped.
    const joined = Buffer.from(raw.toString("latin1").replaceAll(/\\r|\\n|[\r\n]/g, ""), "latin1");
    return needles.flatMap(([form, needle]) => {
      const at = Math.max(raw.indexOf(needle), joined.indexOf(needle));
      return at < 0 ? [] : [`${name}: ${form} at ${at}: ${needle}`];
    });
  });
}

/** Written for the hunt, not taken from what is hunted. */
function* formsOf(secret: string): Generator<[form: string, needle: Buffer]> {
  const lines = secret.split("\n").filter((line) => line.length >= 8);
  for (const text of new Set([secret, ...lines])) {
    const bytes = Buffer.from(text);
    const json = JSON.stringify(text).slice(1, -1);
    const forms: Record<string, string> = {
      text,
      json,
      "json in json": JSON.stringify(json).slice(1, -1),
      "url component": encodeURIComponent(text),
      "form": new URLSearchParams({ "": text }).toString().slice(1),
      hex: bytes.toString("hex"),
      "upper case hex": bytes.toString("hex").toUpperCase(),
    };
    for (const [form, needle] of Object.entries(forms)) yield [form, Buffer.from(needle)];
    for (const [padding, cut] of [["", 0], ["x", 2], ["xx", 3]] as const) {
      const whole = Buffer.from(padding + text).toString("base64").replace(/=+$/, "");
      // Its last character depends on what follows.
      yield [`base64 after ${cut} characters`, Buffer.from(whole.slice(cut, -1))];
    }
    yield ["bytes of UTF-16", Buffer.from(text, "utf16le")];
  }
}
