import { testWalkthrough } from "./support/walkthrough.ts";

// The alias is for clones; here `flow` is a program.
testWalkthrough("docs/quick_start.md", ["text"]);
