import { readFile } from "node:fs/promises";

/** One request to a real server and what it answered. Long bodies were cut when they were recorded. */
export interface Recording {
  method: string;
  path: string;
  contentType: string | undefined;
  body: string | undefined;
  status: number;
  headers: ReadonlyMap<string, string>;
  text: string;
}

const REQUEST =
  /^### (?:-X([A-Z]+) )?http:\/\/[^/]+(\S+)(?: -H content-type: (application\/json|[a-z]+\/[a-z-]+))?(?: -d (.*))?$/;

/** Those of one file of `tests/fixtures/zypi`, in their order. */
export async function readRecordings(name: string): Promise<Recording[]> {
  const text = await readFile(new URL(`../fixtures/zypi/${name}.txt`, import.meta.url), "utf8");
  return text.split(/^(?=### )/m).map(parseRecording);
}

function parseRecording(part: string): Recording {
  const [request = "", statusLine = "", ...lines] = part.split("\n");
  const [, method, path, contentType, body] = REQUEST.exec(request) ?? [];
  if (path === undefined) throw new Error(`not a recorded request: ${request}`);
  const headEnd = lines.indexOf("");
  const headers = new Map(lines.slice(0, headEnd).map((line) => line.split(/: (.*)/, 2) as [string, string]));
  const bodyLines = lines.slice(headEnd + 1).filter((line) => !/^\[t=[\d.]+s\]$/.test(line));
  return {
    method: method ?? (body === undefined ? "GET" : "POST"),
    path,
    contentType: contentType ?? (body === undefined ? undefined : "application/x-www-form-urlencoded"),
    body,
    status: Number(statusLine.split(" ")[1]),
    headers,
    text: bodyLines.join("\n").trim(),
  };
}
