import { decodeBase64 } from "../engine/base64.ts";

/** As OWASP recommends for PBKDF2 with SHA-256. */
const ITERATIONS = 600_000;
const KEY_BYTES = 32;
const NONCE_BYTES = 12;

type Bytes = Uint8Array<ArrayBuffer>;

/** Something encrypted. */
export interface Sealed {
  readonly nonce: Bytes;
  readonly data: Bytes;
}

/** Encrypts with AES-256-GCM. What is encrypted under one name cannot be decrypted under another. */
export class SecretCipher {
  readonly #key: CryptoKey;
  readonly #salt: Bytes;

  /** `salt` belongs to the database: the same `secret` makes another key in each. */
  static async open(secret: string, salt: Bytes): Promise<SecretCipher> {
    const bytes = readKey(secret);
    const [how, material] = bytes === undefined
      ? [{ name: "PBKDF2", hash: "SHA-256", salt, iterations: ITERATIONS }, encode(secret)]
      : [{ name: "HKDF", hash: "SHA-256", salt, info: encode("flow secrets") }, bytes];
    const source = await crypto.subtle.importKey("raw", material, how.name, false, ["deriveKey"]);
    const aes = { name: "AES-GCM", length: KEY_BYTES * 8 };
    return new SecretCipher(await crypto.subtle.deriveKey(how, source, aes, false, ["encrypt", "decrypt"]), salt);
  }

  private constructor(key: CryptoKey, salt: Bytes) {
    this.#key = key;
    this.#salt = salt;
  }

  async seal(name: string, text: string): Promise<Sealed> {
    const nonce = randomBytes(NONCE_BYTES);
    const data = await crypto.subtle.encrypt(this.#how(nonce, name), this.#key, encode(text));
    return { nonce, data: new Uint8Array(data) };
  }

  /** Undefined if it was sealed with another key, under another name, in another database, or was changed. */
  async open(name: string, { nonce, data }: Sealed): Promise<string | undefined> {
    try {
      return new TextDecoder().decode(await crypto.subtle.decrypt(this.#how(nonce, name), this.#key, data));
    } catch {
      return undefined;
    }
  }

  #how(iv: Bytes, name: string): AesGcmParams {
    return { name: "AES-GCM", iv, additionalData: new Uint8Array([...this.#salt, ...encode(name)]) };
  }
}

/** Random bytes for a salt, a nonce or a key. */
export function randomBytes(count: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(count));
}

/** The 256 bits that a text in hexadecimal or Base64 stands for; undefined if it is a passphrase. */
export function readKey(text: string): Bytes | undefined {
  if (/^[0-9a-f]{64}$/i.test(text)) {
    return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
  }
  const bytes = /^[\w+/-]{43}=?$/.test(text) ? decodeBase64(text.replace(/=?$/, "=")) : undefined;
  return bytes?.length === KEY_BYTES ? new Uint8Array(bytes) : undefined;
}

function encode(text: string): Bytes {
  return new TextEncoder().encode(text);
}
