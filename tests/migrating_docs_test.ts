import { testWalkthrough } from "./support/walkthrough.ts";

// The documents of the others are shown, not run.
testWalkthrough("docs/migrating/flowengine.md");
testWalkthrough("docs/migrating/dagu.md", ["yaml dagu"]);
testWalkthrough("docs/migrating/n8n.md", ["json n8n"]);
testWalkthrough("docs/migrating/prefect.md", ["python prefect"]);
testWalkthrough("docs/migrating/airflow.md", ["python airflow"]);
