import assert from "node:assert/strict";
import { FlowError } from "../engine/errors.ts";
import type { Values } from "../engine/value.ts";
import { getPlatform } from "../platform/mod.ts";
import { openHttpServer } from "../tests/support/http_server.ts";
import { messagesOf, runNode } from "../tests/support/node_harness.ts";
import { processesWith } from "../tests/support/processes.ts";
import { until } from "../tests/support/until.ts";
import { listMounts, sandboxTest } from "../tests/support/sandbox.ts";
import { createSandboxExec } from "./sandbox_exec.ts";

const sandboxExec = createSandboxExec(getPlatform());

async function script(command: string, config: Record<string, unknown> = {}, inputs: Values = {}): Promise<string> {
  const { outputs } = await runNode(sandboxExec, {
    config: { command, shell: true, fail_on_error: false, ...config },
    inputs,
  });
  return `${outputs["stdout"]}\n${outputs["stderr"]}`;
}

sandboxTest("a sandbox does not show what belongs to people and services", async () => {
  const listing = await script("ls -A /root /run /mnt /var/log /home; cat /etc/shadow; ls /var/run/docker.sock");
  assert.match(listing, /^\/home:\nsandbox\n\n\/mnt:\n\n\/root:\n\n\/run:\n\n\/var\/log:/);
  assert.match(listing, /shadow: Permission denied/);
  assert.match(listing, /docker.sock': No such file/);
});

sandboxTest("a sandbox does not show the home folder of flow, wherever it is", async () => {
  for (const dir of ["/var/lib", "/tmp"]) {
    const home = await Deno.makeTempDir({ dir });
    try {
      await Deno.chmod(home, 0o755);
      await Deno.writeTextFile(`${home}/secret`, "s3cret");
      const platform = getPlatform();
      const elsewhere = createSandboxExec({ ...platform, env: (name) => name === "HOME" ? home : platform.env(name) });
      const config = { command: "cat", args: [`${home}/secret`], fail_on_error: false };
      const { outputs } = await runNode(elsewhere, { config });
      assert.match(String(outputs["stderr"]), /No such file/);
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  }
});

sandboxTest("a sandbox changes nothing on the machine", async () => {
  const places = ["/etc", "/usr", "/var/lib", "/dev", "/run", "/root", "/", "/sys", "/proc/sys/kernel"];
  const said = await script(places.map((place) => `touch ${place}/flow-was-here`).join("; "));
  assert.equal(said.match(/cannot touch/g)?.length, places.length, said);
  assert.match(await script("touch /tmp/x /var/tmp/x ~/x /dev/shm/x && echo fine"), /^fine/);
  assert.match(await script("ls -A /tmp ~"), /^\/home\/sandbox:\n\n\/tmp:\n/, "the next one finds nothing of it");
});

sandboxTest("a sandbox sees none of the variables and processes of flow", async () => {
  Deno.env.set("FLOW_TEST_SECRET", "s3cret");
  try {
    const said = await script("env; cat /proc/*/environ; ps -e -o comm= || ls -d /proc/[0-9]*");
    assert.ok(!said.includes("s3cret"), said);
    assert.ok(!said.includes("deno"), said);
  } finally {
    Deno.env.delete("FLOW_TEST_SECRET");
  }
});

sandboxTest("a sandbox reaches no network unless it may", async () => {
  const server = openHttpServer(() => new Response("hello"));
  try {
    const fetch = `exec 3<>/dev/tcp/127.0.0.1/${server.port}; printf 'GET / HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`;
    const run = (network: boolean) => script(`bash -c "$FETCH"`, { network, env: { FETCH: fetch } });
    assert.match(await run(true), /hello/);
    assert.match(await run(false), /Connection refused/);
    assert.match(await script("ls /sys/class/net 2>&1; cat /proc/net/dev"), /lo:/);
    assert.doesNotMatch(await script("cat /proc/net/dev"), /eth|ens|wlan/);
  } finally {
    await server.close();
  }
});

sandboxTest("a sandbox has no privileges, and cannot get any", async () => {
  const said = await script(
    "grep -E '^(Cap(Eff|Prm|Bnd)|NoNewPrivs)' /proc/self/status; unshare -Ur id; mount -t tmpfs x /tmp",
  );
  assert.match(said, /CapPrm:\t0+\nCapEff:\t0+\nCapBnd:\t0+\nNoNewPrivs:\t1\n/);
  assert.match(said, /unshare failed/);
  assert.match(said, /mount: .*(permission denied|must be superuser|failed)/);
});

sandboxTest("a sandbox refuses calls of the kernel that no command needs", async () => {
  const program = `import ctypes, os, platform
libc = ctypes.CDLL(None, use_errno=True)
x86 = platform.machine() == "x86_64"
for name, number in [("keyctl", 250 if x86 else 219), ("bpf", 321 if x86 else 280), ("io_uring_setup", 425),
    ("unshare", 272 if x86 else 97), ("getpid", 39 if x86 else 172)]:
  ctypes.set_errno(0)
  print(name, libc.syscall(number, 0, 0, 0, 0, 0) < 0 and os.strerror(ctypes.get_errno()))`;
  const said = await script('grep Seccomp: /proc/self/status; python3 -c "$PROGRAM"', { env: { PROGRAM: program } });
  assert.equal(
    said.trim(),
    ["Seccomp:\t2", ...["keyctl", "bpf", "io_uring_setup", "unshare"].map((name) => `${name} Operation not permitted`)]
      .concat("getpid False").join("\n"),
  );
});

sandboxTest("a sandbox tells when its filter of system calls cannot be kept", async () => {
  const platform = getPlatform();
  const env = (name: string) => name === "FLOW_CACHE_DIR" ? "/proc/none" : platform.env(name);
  const { events } = await runNode(createSandboxExec({ ...platform, env }), { config: { command: "true" } });
  const [warning] = messagesOf(events, "Warning");
  assert.match(warning ?? "", /^System calls are not filtered: "\/proc\/none" cannot be written/);
  const filtered = await runNode(sandboxExec, { config: { command: "true" } });
  assert.deepEqual(messagesOf(filtered.events, "Warning"), []);
});

sandboxTest("variables that could lead the sandbox's own programs astray reach only the command", async () => {
  const prefix = `flow-astray-${crypto.randomUUID()}`;
  // The loader of each program writes a file there: of the command in its own /tmp, of others in that of the machine.
  const said = await script("ls /tmp", {}, { ld_debug: "libs", ld_debug_output: `/tmp/${prefix}` });
  assert.match(said, new RegExp(prefix));
  assert.deepEqual(
    Array.from(Deno.readDirSync("/tmp"), ({ name }) => name).filter((name) => name.includes(prefix)),
    [],
  );
});

sandboxTest("variables do not show in the list of processes, where other users could read them", async () => {
  const secret = crypto.randomUUID();
  const controller = new AbortController();
  const running = runNode(sandboxExec, {
    config: { command: "sleep", args: ["3607"], env: { TOKEN: secret } },
    signal: controller.signal,
  });
  const listProcesses = async () => {
    const { stdout } = await new Deno.Command("sh", { args: ["-c", "cat /proc/[0-9]*/cmdline | tr '\\0' ' '"] })
      .output();
    return new TextDecoder().decode(stdout);
  };
  let seen = "";
  while (!seen.includes("sleep 3607")) seen = await listProcesses();
  controller.abort();
  await assert.rejects(running);
  assert.ok(!seen.includes(secret));
});

sandboxTest("a fork bomb ends at the limit of processes", async () => {
  const said = await script("for i in 1 2 3 4 5 6 7 8 9 10; do sleep 5 & done; wait", { pids: 8 });
  assert.match(said, /Cannot fork/);
  assert.match(await script("(sleep 0.1 & sleep 0.1 & wait) && echo fine", { pids: 4 }), /^fine/);
  const bomb = script("bomb() { bomb | bomb & }; bomb; sleep 0.5", { pids: 32, timeout: 20 });
  assert.match(await bomb, /Cannot fork/);
  assert.match(await script("true && echo alive"), /^alive/);
});

sandboxTest("memory ends at its limit, and so does space", async () => {
  const hog = "python3 -c 'x = bytearray(200 << 20); print(len(x))'";
  assert.match(await script(hog, { memory_mb: 64 }), /MemoryError/);
  assert.match(await script(hog, { memory_mb: 512 }), /^209715200/);
  for (const folder of ["/tmp", "/var/tmp", "/home/sandbox", "/dev/shm"]) {
    const said = await script(`head -c 20000000 /dev/zero >${folder}/big; wc -c <${folder}/big`, { tmp_mb: 4 });
    assert.match(said, /^4194304\n[^]*No space left/, folder);
  }
});

sandboxTest("a timeout and a cancel end everything in the sandbox, also what ignores them", async () => {
  const mounts = listMounts();
  const stubborn = "trap '' TERM INT HUP; setsid sh -c 'trap \"\" TERM; sleep 3600' & while :; do sleep 0.01; done";
  const timedOut = await runNode(sandboxExec, { config: { command: stubborn, shell: true, timeout: 0.3 } })
    .catch((error: unknown) => error);
  assert.ok(timedOut instanceof FlowError);
  assert.equal(timedOut.code, "timeout");
  const controller = new AbortController();
  const reason = new FlowError("cancelled", "Cancelled by a test");
  const marks: string[] = [];
  const running = runNode(sandboxExec, {
    config: { command: `echo "$FLOW_ATTEMPT_ID"; ${stubborn}`, shell: true, stream_output: true },
    signal: controller.signal,
    onEvent: (event) => {
      if (event.event_type === "StdoutLine") marks.push(event.line), controller.abort(reason);
    },
  });
  await assert.rejects(running, reason);
  assert.equal(await getPlatform().endLeftovers({ mark: marks[0] ?? "" }, 0), 0, "nothing is left");
  assert.deepEqual(listMounts(), mounts);
});

sandboxTest("what a command leaves in the background ends with the sandbox", async () => {
  const { attempt_id } = await runNode(sandboxExec, {
    config: { command: "setsid sleep 3600 >/dev/null 2>&1 & echo started", shell: true },
  });
  // The kernel ends what is left in a namespace a moment after its first process.
  await until(() => Promise.resolve(processesWith(attempt_id).length === 0));
});
