import assert from "node:assert/strict";
import { databasePath } from "./open_store.ts";

function pathOn(os: "linux" | "darwin" | "windows", variables: Record<string, string>, db?: string): string {
  return databasePath({ os, env: (name) => variables[name] }, { db });
}

Deno.test("databasePath() is where each system keeps the state of programs", () => {
  assert.equal(pathOn("linux", { HOME: "/home/ann" }), "/home/ann/.local/state/flow/flow.db");
  assert.equal(pathOn("darwin", { HOME: "/Users/ann" }), "/Users/ann/Library/Application Support/flow/flow.db");
  assert.equal(pathOn("windows", { LOCALAPPDATA: "C:\\Ann\\Local" }), "C:\\Ann\\Local\\flow\\flow.db");
});

Deno.test("databasePath() follows --db, then FLOW_DB, then XDG_STATE_HOME; an empty variable counts as none", () => {
  const variables = { HOME: "/home/ann", XDG_STATE_HOME: "/state", FLOW_DB: "/mine.db" };
  assert.equal(pathOn("linux", variables, "here.db"), "here.db");
  assert.equal(pathOn("linux", variables), "/mine.db");
  assert.equal(pathOn("darwin", { ...variables, FLOW_DB: "" }), "/state/flow/flow.db");
  assert.equal(
    pathOn("linux", { ...variables, FLOW_DB: "", XDG_STATE_HOME: "" }),
    "/home/ann/.local/state/flow/flow.db",
  );
  assert.throws(() => pathOn("linux", {}), { code: "unavailable" });
});
