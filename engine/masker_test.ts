import assert from "node:assert/strict";
import { encodeBase64 } from "./base64.ts";
import { FlowError } from "./errors.ts";
import { SHORTEST_PART } from "./mask_automaton.ts";
import { Masker } from "./masker.ts";
import { Random } from "../tests/support/random.ts";

const SECRET = `pa"ss/wörd &'1'`;
const { maskText } = bind(new Masker([SECRET]));

function bind(masker: Masker) {
  return {
    maskText: (text: string) => masker.maskText(text),
    maskValue: (value: Parameters<Masker["maskValue"]>[0]) => masker.maskValue(value),
    openLines: () => masker.openLines(),
  };
}

function base64(text: string): string {
  return encodeBase64(new TextEncoder().encode(text));
}

Deno.test("Masker: a secret is found wherever it stands, as often as it stands there", () => {
  assert.equal(maskText(SECRET), "***");
  assert.equal(maskText(`a${SECRET}b${SECRET}${SECRET}`), "a***b***");
  assert.equal(maskText("nothing"), "nothing");
  assert.equal(maskText(SECRET.slice(1)), SECRET.slice(1));
  const overlapping = new Masker(["abcdef", "cdefgh", "efgh"]);
  assert.equal(overlapping.maskText("-abcdefgh-abcdef-efgh-"), "-***-***-***-");
});

Deno.test("Masker: a secret is found in the encodings in which programs print it", () => {
  const json = JSON.stringify(SECRET).slice(1, -1);
  const forms: Record<string, string> = {
    json,
    "JSON in JSON": JSON.stringify(json).slice(1, -1),
    "JSON of Python": json.replace("ö", "\\u00f6"),
    "JSON of PHP": json.replace("/", "\\/"),
    "JSON of Go": json.replace("&", "\\u0026"),
    "URL component": encodeURIComponent(SECRET),
    "URL component in lower case": encodeURIComponent(SECRET).replaceAll(/%../g, (escape) => escape.toLowerCase()),
    "form": new URLSearchParams({ a: SECRET }).toString().slice(2),
    base64: base64(SECRET),
    "base64 for URLs": base64(SECRET).replaceAll("+", "-").replaceAll("/", "_"),
    hex: Array.from(new TextEncoder().encode(SECRET), (byte) => byte.toString(16).padStart(2, "0")).join(""),
    html: "pa&quot;ss/wörd &amp;&#39;1&#39;",
    shell: `pa"ss/wörd &'\\''1'\\''`,
  };
  for (const [name, form] of Object.entries(forms)) assert.equal(maskText(`<${form}>`), "<***>", name);
});

Deno.test("Masker: a secret with backslashes is found as shells, Python and GNU print it", () => {
  const { maskText } = bind(new Masker([String.raw`it's a\\b\t"c"`]));
  const forms: Record<string, string> = {
    "echo of sh": `it's a\\b\t"c"`,
    "printf %q of bash": String.raw`it\'s\ a\\\\b\\t\"c\"`,
    "trace of dash": String.raw`it'"'"'s a\\b\t"c"`,
    "repr of Python": String.raw`it\'s a\\\\b\\t"c"`,
    "message of GNU": String.raw`it's a\\\\b\\t"c"`,
  };
  for (const [name, form] of Object.entries(forms)) assert.equal(maskText(`<${form}>`), "<***>", name);
});

Deno.test("Masker: nothing of a secret is left in Base64, whatever stands before and after it", () => {
  const secret = "s3cr3t-t0ken";
  const { maskText } = bind(new Masker([secret]));
  for (let before = 0; before < 7; before++) {
    for (let after = 0; after < 7; after++) {
      const encoded = base64("x".repeat(before) + secret + "y".repeat(after));
      const [left = "", right = "", ...more] = maskText(encoded).split("***");
      assert.deepEqual(more, []);
      assert.ok(left.length * 6 <= before * 8, `${before}, ${after}: ${left}`);
      assert.ok(right.replace(/=+$/, "").length * 6 <= after * 8 + 4, `${before}, ${after}: ${right}`);
    }
  }
});

Deno.test("Masker: Base64 and hexadecimal numbers are found when they are wrapped into lines", () => {
  const secret = "0123456789abcdef".repeat(8);
  const { maskText, openLines } = bind(new Masker([secret]));
  const wrapped = base64(secret).replaceAll(/.{76}/g, "$&\n");
  assert.equal(maskText(`-\n${wrapped}\n-`), "-\n***\n-");
  assert.equal(wrapped.split("\n").map(openLines()).join(","), "***,***,***");
});

Deno.test("Masker: a secret of several lines is found as a whole, and each of its lines on its own", () => {
  const key = "-----BEGIN KEY-----\n  Zmlyc3Q\r\nc2Vjb25k\n-----END KEY-----\n";
  const { maskText, openLines } = bind(new Masker([key]));
  assert.equal(maskText(`key: ${key}.`), "key: ***\n.");
  assert.equal(maskText(JSON.stringify({ key })), '{"key":"***"}');
  assert.equal(maskText("only c2Vjb25k"), "only ***");
  assert.deepEqual(key.trim().split(/\r?\n/).map(openLines()), ["***", "***", "***", "***"]);
  assert.equal(maskText("------+-----"), "------+-----", "what many texts have is no part of it");
});

Deno.test("Masker: a secret that comes in pieces, line by line, shows no more than its first characters", () => {
  const secret = "correct-horse";
  for (let size = 1; size < secret.length; size++) {
    const mask = bind(new Masker([secret])).openLines();
    const pieces = secret.match(new RegExp(`.{1,${size}}`, "g")) ?? [];
    const shown = pieces.map(mask).join("").replaceAll("***", "");
    assert.ok(shown.length < SHORTEST_PART, `${size}: ${shown}`);
  }
  const mask = bind(new Masker([secret])).openLines();
  assert.deepEqual(["so corr", "ect-horse it", "is"].map(mask), ["so ***", "*** it", "is"]);
});

Deno.test("Masker: what is left of a secret where a text was cut is masked too", () => {
  const { maskText } = bind(new Masker(["correct-horse-battery"]));
  assert.equal(maskText('got "correct-hor...", sorry'), 'got "***...", sorry');
  assert.equal(maskText("a correct-h… b"), "a ***… b");
  assert.equal(maskText("corr\n[... 99 bytes truncated ...]\nse-battery"), "***\n[... 99 bytes truncated ...]\n***");
  assert.equal(maskText("correct me"), "correct me", "elsewhere a part is no secret");
  assert.equal(maskText("... ".repeat(5000)), "... ".repeat(5000));
});

Deno.test("Masker: errors are masked in all their parts; their texts may begin and end within a secret", () => {
  const masker = new Masker(["correct-horse"]);
  const details = { exit_code: 3, stderr_tail: "ct-horse\nfailed with correct-horse", "correct-horse": [1] };
  const error = new FlowError("exit_code", "Failed: correct-ho", {
    hint: "Do not use correct-horse.",
    retryable: false,
    details,
    cause: new Error("correct-horse"),
  });
  const masked = masker.maskError(error);
  assert.deepEqual(masked.toInfo(), {
    code: "exit_code",
    message: "Failed: ***",
    hint: "Do not use ***.",
    details: { exit_code: 3, stderr_tail: "***\nfailed with ***", "***": [1] },
  });
  assert.equal(masked.retryable, false);
  assert.equal(masked.cause, undefined);
});

Deno.test("Masker: values are masked at any depth: texts, keys, bytes and numbers", () => {
  const { maskValue } = bind(new Masker(["12345678", "wörd"]));
  const bytes = new TextEncoder().encode("a wörd");
  assert.deepEqual(maskValue({ a: ["x12345678", 12345678, 512345678.5, 1234, true, null], b: { c: bytes } }), {
    a: ["x***", "***", "5***.5", 1234, true, null],
    b: { c: new TextEncoder().encode("a ***") },
  });
  assert.deepEqual(maskValue({ wörd: 1, "***": 2, "12345678": 3 }), { "*** (2)": 3, "*** (3)": 1, "***": 2 });
  const clean = { a: [1, { b: new Uint8Array([255, 0]) }], c: Number.MAX_VALUE };
  assert.equal(maskValue(clean), clean, "what holds no secret is not copied");
});

Deno.test("Masker: a number that has lost digits on its way through JSON is found", () => {
  const digits = "12345678901234567890123";
  const { maskValue } = bind(new Masker([digits]));
  assert.equal(maskValue(JSON.parse(digits)), "***");
});

Deno.test("Masker: random secrets in random texts are found exactly where they are", () => {
  const random = new Random(7);
  const word = (length: number) => Array.from({ length }, () => random.pick(["a", "b", "\n"])).join("");
  for (let round = 0; round < 2000; round++) {
    const secrets = Array.from({ length: random.int(1, 3) }, () => word(6).replaceAll("\n", "b"));
    const text = word(40);
    const bare = text.replaceAll("\n", "");
    const isHidden = new Array(bare.length).fill(false);
    for (const secret of secrets) {
      for (let at = bare.indexOf(secret); at >= 0; at = bare.indexOf(secret, at + 1)) {
        isHidden.fill(true, at, at + secret.length);
      }
    }
    const expected = [...bare].map((letter, index) => isHidden[index] ? "*" : letter).join("").replaceAll(
      /\*+/g,
      "***",
    );
    assert.equal(new Masker(secrets).maskText(text).replaceAll("\n", ""), expected, JSON.stringify({ secrets, text }));
  }
});
