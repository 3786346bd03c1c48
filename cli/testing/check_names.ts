import { hasPort, type NodeDefinition } from "../../engine/node.ts";
import { everyNode } from "../../engine/handlers.ts";
import type { IssueList, Path } from "../../engine/issue.ts";
import { quote } from "../../engine/plain.ts";
import type { NodeRegistry } from "../../engine/registry.ts";
import { didYouMean } from "../../engine/suggest.ts";
import type { Workflow } from "../../engine/workflow.ts";
import {
  EVENT_TYPES,
  type Mock,
  type MockAttempt,
  type MockItem,
  type Setup,
  SKIP_REASONS,
  type TestFile,
} from "./test_schema.ts";

/** Adds an error for every name in a test file that the workflow, or the program, does not have. */
export function checkNames(spec: TestFile, workflow: Workflow, registry: NodeRegistry, issues: IssueList): void {
  new NameChecker(workflow, registry, issues).check(spec);
}

class NameChecker {
  readonly #types: ReadonlyMap<string, string>;
  readonly #registry: NodeRegistry;
  readonly #issues: IssueList;

  constructor(workflow: Workflow, registry: NodeRegistry, issues: IssueList) {
    this.#types = new Map(everyNode(workflow).map(({ id, node_type }) => [id, node_type]));
    this.#registry = registry;
    this.#issues = issues;
  }

  check(spec: TestFile): void {
    this.#checkSetup(spec, []);
    for (const [index, test] of spec.tests.entries()) {
      const path = ["tests", index];
      this.#checkSetup(test, path);
      for (const [id, { because }] of Object.entries(test.expect?.nodes ?? {})) {
        const place = [...path, "expect", "nodes", id];
        this.#checkNode(id, place);
        if (because !== undefined) {
          this.#checkOneOf(because, SKIP_REASONS, [...place, "because"], "reason to skip a node");
        }
      }
      for (const [at, event] of (test.expect?.events ?? []).entries()) {
        this.#checkEvent(event, [...path, "expect", "events", at]);
      }
    }
  }

  #checkSetup({ mocks = {}, mock_types = {}, real = [], real_types = [] }: Setup, path: Path): void {
    for (const [id, mock] of Object.entries(mocks)) {
      const place = [...path, "mocks", id];
      if (this.#checkNode(id, place)) this.#checkMock(mock, this.#types.get(id) ?? "", place);
    }
    for (const [type, mock] of Object.entries(mock_types)) {
      const place = [...path, "mock_types", type];
      if (this.#checkType(type, place)) this.#checkMock(mock, type, place);
    }
    for (const [index, id] of real.entries()) this.#checkNode(id, [...path, "real", index]);
    for (const [index, type] of real_types.entries()) this.#checkType(type, [...path, "real_types", index]);
  }

  #checkNode(id: string, path: Path): boolean {
    if (this.#types.has(id)) return true;
    const known = [...this.#types.keys()];
    this.#issues.error(
      "unknown_node",
      path,
      () => `The workflow has no node ${quote(id)}`,
      () => didYouMean(id, known, "nodes"),
    );
    return false;
  }

  #checkType(type: string, path: Path): boolean {
    if (this.#registry.get(type) !== undefined) return true;
    const known = this.#registry.types();
    this.#issues.error(
      "unknown_node_type",
      path,
      () => `There is no node type ${quote(type)}`,
      () => didYouMean(type, known, "node types"),
    );
    return false;
  }

  #checkMock(mock: Mock, type: string, path: Path): void {
    const definition = this.#registry.get(type);
    if (definition === undefined) return;
    this.#checkItem(mock, definition, path);
    for (const [index, item] of (mock.items ?? []).entries()) {
      this.#checkItem(item, definition, [...path, "items", index]);
    }
  }

  #checkItem(item: MockItem, definition: NodeDefinition, path: Path): void {
    this.#checkOutputs(item, definition, path);
    for (const [index, attempt] of (item.attempts ?? []).entries()) {
      this.#checkOutputs(attempt, definition, [...path, "attempts", index]);
    }
  }

  #checkOutputs({ outputs }: MockAttempt, { type, outputs: ports }: NodeDefinition, path: Path): void {
    for (const port of Object.keys(outputs ?? {})) {
      if (hasPort(ports, port)) continue;
      const known = Object.keys(ports.shape);
      this.#issues.error(
        "unknown_port",
        [...path, "outputs", port],
        () => `Node type ${quote(type)} has no output ${quote(port)}`,
        () => didYouMean(port, known, "outputs"),
      );
    }
  }

  #checkEvent(text: string, path: Path): void {
    const { type, node_id } = readEvent(text);
    this.#checkOneOf(type, EVENT_TYPES, path, "event");
    if (node_id !== undefined && EVENT_TYPES.includes(type)) this.#checkNode(node_id, path);
  }

  #checkOneOf(name: string, known: readonly string[], path: Path, noun: string): void {
    if (known.includes(name)) return;
    this.#issues.error(
      "wrong_value",
      path,
      () => `There is no ${noun} ${quote(name)}`,
      () => didYouMean(name, known, `${noun}s`),
    );
  }
}

/** `NodeStarted fetch`: an event, of a node if one is named. */
export function readEvent(text: string): { type: string; node_id?: string } {
  const [, type = "", node_id] = /^\s*(\S*)(?:\s+([^]*\S))?\s*$/.exec(text) ?? [];
  return node_id === undefined ? { type } : { type, node_id };
}
