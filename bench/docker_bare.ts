import { openEngine, type RunningEngine, whyNoDocker } from "../tests/support/docker_engine.ts";

/** Calls the Docker API with nothing around it, the way one would in a script. */
export class BareDocker {
  readonly #path: string;
  readonly #client: Deno.HttpClient;

  constructor(host: string) {
    this.#path = host.replace("unix://", "");
    this.#client = Deno.createHttpClient({ proxy: { transport: "unix", path: this.#path } });
  }

  /** Creates, attaches, starts, reads, waits and deletes, one after the other. */
  async run(
    image: string,
    command: readonly string[],
    onOutput: (bytes: Uint8Array) => void = () => {},
  ): Promise<void> {
    const { Id } = await this.#call("POST", "/containers/create", {
      Image: image,
      Cmd: command,
      AttachStdout: true,
      AttachStderr: true,
      HostConfig: { NetworkMode: "none", Init: true, LogConfig: { Type: "none" } },
    });
    using connection = await this.#attach(Id);
    await this.#call("POST", `/containers/${Id}/start`);
    const ended = this.#call("POST", `/containers/${Id}/wait`);
    const buffer = new Uint8Array(64 * 1024);
    for (let count = await connection.read(buffer); count !== null; count = await connection.read(buffer)) {
      onOutput(buffer.subarray(0, count));
    }
    const { StatusCode } = await ended;
    if (StatusCode !== 0) throw new Error(`The measured container exited with ${StatusCode}`);
    await this.#call("DELETE", `/containers/${Id}`);
  }

  close(): void {
    this.#client.close();
  }

  async #call(method: string, path: string, body?: unknown): Promise<{ Id: string; StatusCode: number }> {
    const response = await fetch(`http://docker/v1.41${path}`, {
      client: this.#client,
      method,
      headers: { "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return text === "" ? { Id: "", StatusCode: 0 } : JSON.parse(text);
  }

  async #attach(id: string): Promise<Deno.Conn> {
    const connection = await Deno.connect({ transport: "unix", path: this.#path });
    const head = `POST /v1.41/containers/${id}/attach?stream=1&stdout=1&stderr=1 HTTP/1.1\r\nHost: docker\r\n` +
      "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 0\r\n\r\n";
    await connection.write(new TextEncoder().encode(head));
    await connection.read(new Uint8Array(4096));
    return connection;
  }
}

/** Hands an engine to `measure`, and takes it away; answers nothing where there can be none. */
export async function withDocker<T>(measure: (engine: RunningEngine, bare: BareDocker) => Promise<T[]>): Promise<T[]> {
  const reason = whyNoDocker();
  if (reason !== undefined) {
    console.error(`  left out: ${reason}`);
    return [];
  }
  const engine = await openEngine();
  const bare = new BareDocker(engine.host);
  try {
    return await measure(engine, bare);
  } finally {
    bare.close();
    await engine.close();
  }
}
