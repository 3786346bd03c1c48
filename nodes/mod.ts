import type { NodeDefinition } from "../engine/node.ts";
import { getPlatform } from "../platform/mod.ts";
import type { Platform } from "../platform/types.ts";
import { createApiCall } from "./api_call.ts";
import { createBrowserRender } from "./browser_render.ts";
import { controlIf } from "./control_if.ts";
import { controlSwitch } from "./control_switch.ts";
import { debugLog } from "./debug_log.ts";
import { delay } from "./delay.ts";
import { createDockerRun } from "./docker_run.ts";
import { createFlowCall } from "./flow_call.ts";
import { httpRequest } from "./http_request.ts";
import { jsonParse } from "./json_parse.ts";
import { jsonStringify } from "./json_stringify.ts";
import { createPythonTask } from "./python_task.ts";
import { createSandboxExec } from "./sandbox_exec.ts";
import { createShellExec } from "./shell_exec.ts";
import { zypiExec } from "./zypi_exec.ts";
import { zypiSessionClose, zypiSessionCreate } from "./zypi_session.ts";

/**
 * The node types that every `flow` has.
 *
 * ```ts
 * import { builtinNodes } from "flowengine";
 *
 * console.log(builtinNodes().map(({ type, summary }) => `${type}: ${summary}`));
 * ```
 */
export function builtinNodes(): NodeDefinition[] {
  return createBuiltinNodes(getPlatform());
}

/** The same, for those who have chosen a platform: `platform` is what those that start processes run on. */
export function createBuiltinNodes(platform: Platform): NodeDefinition[] {
  return [
    createShellExec(platform),
    createSandboxExec(platform),
    createDockerRun(platform),
    zypiExec,
    zypiSessionCreate,
    zypiSessionClose,
    createFlowCall(platform),
    createBrowserRender(platform),
    createApiCall(platform),
    createPythonTask(platform),
    httpRequest,
    jsonParse,
    jsonStringify,
    delay,
    debugLog,
    controlIf,
    controlSwitch,
  ];
}
