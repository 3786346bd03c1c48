import { createHash } from "node:crypto";

/** Signs as minisign does; written for tests, from the description of the format alone. */
export interface Signer {
  /** What is published. */
  readonly publicKey: string;
  sign(content: string, comment: string): Promise<string>;
}

/** A key pair of its own for each call. */
export async function createSigner(): Promise<Signer> {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]) as CryptoKeyPair;
  const id = crypto.getRandomValues(new Uint8Array(8));
  const key = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  const sign = async (data: Uint8Array<ArrayBuffer>) =>
    new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, data));
  return {
    publicKey: encode("Ed", id, key),
    async sign(content, comment) {
      const hash = new Uint8Array(createHash("blake2b512").update(content).digest());
      const signature = await sign(hash);
      const both = await sign(new Uint8Array([...signature, ...new TextEncoder().encode(comment)]));
      return `untrusted comment: signature\n${
        encode("ED", id, signature)
      }\ntrusted comment: ${comment}\n${both.toBase64()}\n`;
    },
  };
}

function encode(algorithm: string, ...parts: Uint8Array[]): string {
  return new Uint8Array([...new TextEncoder().encode(algorithm), ...parts.flatMap((part) => [...part])]).toBase64();
}
