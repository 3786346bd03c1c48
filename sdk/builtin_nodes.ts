import { type ApiCallNode, createApiCall } from "../nodes/api_call.ts";
import { type BrowserRenderNode, createBrowserRender } from "../nodes/browser_render.ts";
import { createDockerRun, type DockerRunNode } from "../nodes/docker_run.ts";
import { createFlowCall, type FlowCallNode } from "../nodes/flow_call.ts";
import { createPythonTask, type PythonTaskNode } from "../nodes/python_task.ts";
import { createSandboxExec, type SandboxExecNode } from "../nodes/sandbox_exec.ts";
import { createShellExec, type ShellExecNode } from "../nodes/shell_exec.ts";
import { getPlatform } from "../platform/mod.ts";
import type { Platform } from "../platform/types.ts";

export { controlIf } from "../nodes/control_if.ts";
export { controlSwitch } from "../nodes/control_switch.ts";
export { debugLog } from "../nodes/debug_log.ts";
export { delay } from "../nodes/delay.ts";
export { httpRequest } from "../nodes/http_request.ts";
export { jsonParse } from "../nodes/json_parse.ts";
export { jsonStringify } from "../nodes/json_stringify.ts";
export { zypiExec } from "../nodes/zypi_exec.ts";
export { zypiSessionClose, zypiSessionCreate } from "../nodes/zypi_session.ts";

/** This machine, which is looked at when a node runs: importing a module must not fail for want of a platform. */
const here = new Proxy({} as Platform, { get: (_, name) => Reflect.get(getPlatform(), name) });

/**
 * Runs a command: `shell.exec`.
 *
 * ```ts
 * import { shellExec, workflow } from "flowengine";
 *
 * workflow("example").add("a", shellExec({ command: "echo", args: ["hello"] }));
 * ```
 */
export const shellExec: ShellExecNode = createShellExec(here);
/**
 * Runs a command apart from the rest of the machine: `sandbox.exec`.
 *
 * ```ts
 * import { sandboxExec, workflow } from "flowengine";
 *
 * workflow("example").add("a", sandboxExec({ command: "id" }));
 * ```
 */
export const sandboxExec: SandboxExecNode = createSandboxExec(here);
/**
 * Runs a container: `docker.run`.
 *
 * ```ts
 * import { dockerRun, workflow } from "flowengine";
 *
 * workflow("example").add("a", dockerRun({ image: "alpine:3.22", command: ["echo", "hello"] }));
 * ```
 */
export const dockerRun: DockerRunNode = createDockerRun(here);
/**
 * Runs another workflow, as an execution of its own: `flow.call`.
 *
 * ```ts
 * import { flowCall, workflow } from "flowengine";
 *
 * workflow("example").add("a", flowCall({ file: "other.yaml" }));
 * ```
 */
export const flowCall: FlowCallNode = createFlowCall(here);
/**
 * Renders a page in a headless browser: `browser.render`.
 *
 * ```ts
 * import { browserRender, workflow } from "flowengine";
 *
 * workflow("example").add("a", browserRender({ url: "https://example.com", sandbox: "local" }));
 * ```
 */
export const browserRender: BrowserRenderNode = createBrowserRender(here);
/**
 * Runs a Python script in a sandbox: `api.call`.
 *
 * ```ts
 * import { apiCall, workflow } from "flowengine";
 *
 * workflow("example").add("a", apiCall({ script: "print(1)", sandbox: "local" }));
 * ```
 */
export const apiCall: ApiCallNode = createApiCall(here);
/**
 * Calls a Python function: `python.task`.
 *
 * ```ts
 * import { pythonTask, workflow } from "flowengine";
 *
 * workflow("example").add("a", pythonTask({ module: "reports", function: "daily" }));
 * ```
 */
export const pythonTask: PythonTaskNode = createPythonTask(here);
