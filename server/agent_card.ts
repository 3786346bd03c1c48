/** What agents read to find out what a server can do: https://a2a-protocol.org/latest/specification/#5-agent-discovery */
export function describeAgent(version: string, url: string) {
  return {
    protocolVersion: "0.3.0",
    name: "Flow Engine",
    description: "Runs workflows of commands, HTTP calls, containers and code. Its API is described in /openapi.json.",
    url: `${url}/api`,
    // None of A2A's own, which this server does not speak.
    preferredTransport: "OPENAPI",
    version,
    documentationUrl: `${url}/api-docs`,
    capabilities: { streaming: true, pushNotifications: false, stateTransitionHistory: true },
    defaultInputModes: ["application/json", "application/yaml"],
    defaultOutputModes: ["application/json", "text/event-stream", "application/x-ndjson"],
    securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
    security: [{ bearer: [] }],
    skills: SKILLS,
  };
}

const SKILLS = [
  {
    id: "run_workflow",
    name: "Run a workflow",
    description: "Runs a saved workflow, or a document that is sent along: POST /api/executions",
    tags: ["workflow", "execution"],
  },
  {
    id: "follow_execution",
    name: "Follow an execution",
    description: "Streams what happens, line by line: GET /api/executions/{id}/events",
    tags: ["execution", "events"],
  },
  {
    id: "save_workflow",
    name: "Save a workflow",
    description: "Checks a document and keeps it under its id: PUT /api/workflows/{id}",
    tags: ["workflow"],
  },
];
