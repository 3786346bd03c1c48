#!/usr/bin/env node
// On its own and in old words, so that an old Node can say what is wrong instead of failing to read the program.
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  console.error(`Error: Cannot run flow: it needs Node 22.13 or later, and this is Node ${process.versions.node}`);
  console.error("Hint: Install a newer Node, or use the flow program, which needs none.");
  process.exit(6);
}
import("../lib/main.js");
