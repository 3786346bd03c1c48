import { openHttpServer } from "./http_server.ts";

/** A package index with one package, `flow-greeting`, whose module `flow_greeting` has a `greet(name)`. */
export interface PackageIndex {
  /** For `PIP_INDEX_URL`. */
  url: string;
  /** How often the package has been fetched. */
  downloads(): number;
  close(): Promise<void>;
}

const BUILD_WHEEL = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w") as wheel:
    info = "flow_greeting-1.0.dist-info/"
    wheel.writestr("flow_greeting.py", "def greet(name):\\n    return f'Hello, {name}!'\\n")
    wheel.writestr(info + "METADATA", "Metadata-Version: 2.1\\nName: flow-greeting\\nVersion: 1.0\\n")
    wheel.writestr(info + "WHEEL", "Wheel-Version: 1.0\\nGenerator: x\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(info + "RECORD", f"flow_greeting.py,,\\n{info}METADATA,,\\n{info}WHEEL,,\\n{info}RECORD,,\\n")
`;

const FILE = "flow_greeting-1.0-py3-none-any.whl";

/** Serves the package on this machine. */
export async function openPackageIndex(): Promise<PackageIndex> {
  const path = await Deno.makeTempFile({ suffix: ".whl" });
  const { success, stderr } = await new Deno.Command("python3", { args: ["-c", BUILD_WHEEL, path] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const wheel = await Deno.readFile(path);
  await Deno.remove(path);
  let downloads = 0;
  const server = openHttpServer((request) => {
    const { pathname } = new URL(request.url);
    if (pathname === `/files/${FILE}`) return downloads++, new Response(wheel);
    if (pathname !== "/simple/flow-greeting/") return new Response("no such package", { status: 404 });
    return new Response(`<a href="/files/${FILE}">${FILE}</a>`, { headers: { "content-type": "text/html" } });
  });
  return { url: `${server.url}/simple/`, downloads: () => downloads, close: () => server.close() };
}
