import assert from "node:assert/strict";
import { Validator } from "@seriousme/openapi-schema-validator";
import { withFlowServer } from "./support/flow_server.ts";
import { withFolder } from "./support/temp_folder.ts";

Deno.test("/openapi.json is a valid OpenAPI 3.1 document, and says what each operation does", async () => {
  await withFlowServer({}, async ({ url }) => {
    const document = await (await fetch(`${url}/openapi.json`)).json();
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone(document));
    assert.ok(valid, JSON.stringify(errors));
    assert.equal(validator.version, "3.1");
    const ids = new Set<string>();
    for (const [path, methods] of Object.entries(document.paths as Record<string, Record<string, Operation>>)) {
      for (const [method, operation] of Object.entries(methods)) {
        assert.ok(operation.summary && operation.tags?.length, `${method} ${path}`);
        assert.ok(operation.operationId && !ids.has(operation.operationId), `${method} ${path}`);
        ids.add(operation.operationId);
      }
    }
    const references = JSON.stringify(document).match(/"#\/components\/schemas\/[^"]+"/g) ?? [];
    for (const reference of new Set(references)) {
      assert.ok(document.components.schemas[JSON.parse(reference).split("/").at(-1)], `${reference} is there`);
    }
  });
});

interface Operation {
  summary?: string;
  tags?: string[];
  operationId?: string;
}

Deno.test("/api-docs shows every route, without scripts and without the network", async () => {
  await withFlowServer({}, async ({ url }) => {
    const response = await fetch(`${url}/api-docs`);
    assert.match(response.headers.get("content-security-policy") ?? "", /^default-src 'none'; style-src 'sha256-/);
    const page = await response.text();
    const { paths } = await (await fetch(`${url}/openapi.json`)).json();
    for (const path of Object.keys(paths)) assert.ok(page.includes(`<code>${path}</code>`), path);
    assert.doesNotMatch(page, /<script|src=|@import|url\(|https?:\/\/(?!json-schema)/);
  });
});

Deno.test("the agent card has what agents look for", async () => {
  await withFlowServer({}, async ({ url }) => {
    const card = await (await fetch(`${url}/.well-known/agent-card.json`)).json();
    for (const key of ["protocolVersion", "name", "description", "url", "version", "capabilities", "skills"]) {
      assert.ok(card[key] !== undefined, key);
    }
    assert.equal(card.documentationUrl, `${url}/api-docs`);
  });
});

const schemathesis = findSchemathesis();
if (schemathesis === undefined) {
  console.warn("Requests by schemathesis are skipped: it is neither in PATH nor SCHEMATHESIS");
}

// The nodes of this server only print lines: what is generated is run.
Deno.test({
  name: "requests that schemathesis generates from /openapi.json are answered as it says, and never with 5xx",
  ignore: schemathesis === undefined,
  fn: () =>
    withFlowServer({}, ({ url, internalErrors }) =>
      withFolder(async (folder) => {
        const checks = "not_a_server_error,content_type_conformance,response_schema_conformance";
        const command = new Deno.Command(schemathesis ?? "", {
          args: [
            ...["run", `${url}/openapi.json`, "--checks", checks, "--max-examples", "10", "--seed", "1"],
            // They have no end; tests/live_test.ts is for them.
            ...["--exclude-path-regex", "events$", "--request-timeout", "20", "--no-color"],
          ],
          cwd: folder,
        });
        const { success, stdout } = await command.output();
        assert.ok(success, new TextDecoder().decode(stdout));
        assert.match(new TextDecoder().decode(stdout), /\d{3,} generated, \d{3,} passed/);
        assert.deepEqual(internalErrors, []);
      })),
});

function findSchemathesis(): string | undefined {
  const command = Deno.env.get("SCHEMATHESIS") ?? "schemathesis";
  try {
    new Deno.Command(command, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync();
    return command;
  } catch {
    return undefined;
  }
}
