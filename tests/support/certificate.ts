import assert from "node:assert/strict";

/** Writes `cert.pem` for 127.0.0.1, `key.pem`, and `ca.pem` (the same: its own key has signed it) into `folder`. */
export async function makeCertificate(folder: string): Promise<{ cert: string; key: string }> {
  const { success } = await new Deno.Command("openssl", {
    args: [
      ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=flow".split(" "),
      ...["-addext", "subjectAltName=IP:127.0.0.1", "-addext", "basicConstraints=critical,CA:FALSE"],
      ...["-keyout", `${folder}/key.pem`, "-out", `${folder}/cert.pem`],
    ],
    stderr: "null",
  }).output();
  assert.ok(success, "openssl makes a certificate");
  await Deno.copyFile(`${folder}/cert.pem`, `${folder}/ca.pem`);
  return { cert: await Deno.readTextFile(`${folder}/cert.pem`), key: await Deno.readTextFile(`${folder}/key.pem`) };
}
