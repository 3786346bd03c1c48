import assert from "node:assert/strict";
import { scanSource } from "./source_scan.ts";

function specifiers(text: string): string[] {
  return scanSource(text).references.map(({ specifier, kind }) => `${kind} ${specifier}`);
}

Deno.test("scanSource() sees every form of import and export", () => {
  assert.deepEqual(
    specifiers(`
      import a, { b } from "./static.ts";
      import * as c from "./namespace.ts";
      import "./side_effect.ts";
      import type { D } from "./type.ts";
      export * from "./star.ts";
      export { e } from "./named.ts";
      export type { F } from "./type_export.ts";
      const g: import("./import_type.ts").G = await import("./dynamic.ts");
      const h = await import(\`./template.ts\`);
      import i = require("./require.ts");
    `).sort(),
    [
      "dynamic ./dynamic.ts",
      "dynamic ./template.ts",
      "static ./named.ts",
      "static ./namespace.ts",
      "static ./require.ts",
      "static ./side_effect.ts",
      "static ./star.ts",
      "static ./static.ts",
      "type ./import_type.ts",
      "type ./type.ts",
      "type ./type_export.ts",
    ],
  );
});

Deno.test("scanSource() is not fooled by comments, strings, templates and regular expressions", () => {
  const scan = scanSource(`
    // import "./comment.ts"; Deno.exit(1);
    /* export default 1; import("./block.ts") */
    const text = 'import "./string.ts"; Deno.cwd()' + \`import("./template.ts") Deno\`;
    const pattern = /import "a" Deno/;
  `);
  assert.deepEqual(scan.references, []);
  assert.deepEqual(scan.denoLines, []);
  assert.deepEqual(scan.defaultExportLines, []);
});

Deno.test("scanSource() reports a computed import as one without a specifier", () => {
  assert.deepEqual(specifiers("export const load = (path: string) => import(path);"), ["dynamic null"]);
  assert.deepEqual(specifiers("export const load = (name: string) => import(`./${name}.ts`);"), ["dynamic null"]);
});

Deno.test("scanSource() finds Deno behind aliases and in types", () => {
  const scan = scanSource(
    "const { env } = Deno;\nglobalThis.Deno.exit();\ntype C = Deno.Command;\nconst x = typeof Deno;\n",
  );
  assert.deepEqual([...new Set(scan.denoLines)], [1, 2, 3, 4]);
});

Deno.test("scanSource() finds default exports in both forms", () => {
  assert.deepEqual(scanSource("export default 1;").defaultExportLines, [1]);
  assert.deepEqual(scanSource("const a = 1;\nexport { a as default };").defaultExportLines, [2]);
});

Deno.test("scanSource() measures functions, methods, getters and arrows by name", () => {
  const scan = scanSource(`function a() {
}
class C {
  b() {

  }
  get c() { return 1; }
  #d = () => {
    return 1;
  };
}
const e = () => [
  1,
  2,
  3,
];
`);
  assert.deepEqual(scan.functions.map(({ name, line, lines }) => `${name} ${line} ${lines}`), [
    "a 1 2",
    "b 4 3",
    "c 7 1",
    "#d 8 3",
    "e 12 5",
  ]);
});

Deno.test("scanSource() counts lines with and without a newline at the end", () => {
  assert.equal(scanSource("1;\n2;\n").lines, 2);
  assert.equal(scanSource("1;\n2;").lines, 2);
});
