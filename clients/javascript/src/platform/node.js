// What the modules ask of the machine they run on; this is Node.js. In a page it is browser.js (package.json, imports):
// the same names, and the same answers, which test/platform.test.js compares.
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPublicKey,
  pbkdf2 as slowPbkdf2,
  randomBytes as random,
  scrypt as slowScrypt,
  timingSafeEqual as sameBytes,
  verify as verifySignature,
} from "node:crypto";
import { promisify } from "node:util";

const ED25519_DER = Buffer.from("302a300506032b6570032100", "hex");

/** Hash of the parts one after the other: `sm3 md5 sha1 sha224 sha256 sha384 sha512`. */
export const hash = (name, ...parts) => parts.reduce((h, part) => h.update(part), createHash(name)).digest();
export const randomBytes = (size) => random(size);
/** Whether two byte strings of one length are the same, in a time that tells nothing of where they differ. */
export const timingSafeEqual = (a, b) => sameBytes(a, b);
export const pbkdf2 = (hashName, password, salt, iterations, size) =>
  promisify(slowPbkdf2)(password, salt, iterations, size, hashName);

export function scrypt(password, salt, size, { N, r, p }) {
  // Beside its table scrypt needs a little more; Node refuses what exceeds maxmem.
  const maxmem = 128 * N * r + 128 * r * (p + 2) + 1024;
  return promisify(slowScrypt)(password, salt, size, { N, r, p, maxmem });
}

/** Decrypt in CBC mode with PKCS#7 padding: `aes-128-cbc aes-192-cbc aes-256-cbc sm4-cbc`; throws where it is none. */
export function decryptCbc(cipher, key, iv, sealed) {
  const decipher = createDecipheriv(cipher, key, iv);
  return Buffer.concat([decipher.update(sealed), decipher.final()]);
}

/** One block of SM4 (GB/T 32907-2016). */
export function sm4Block(key, block) {
  const cipher = createCipheriv("sm4-ecb", key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
}

/** SM4 in counter mode, the counter a block that is counted up as one number. */
export function sm4Counter(key, counter, text) {
  const cipher = createCipheriv("sm4-ctr", key, counter);
  return Buffer.concat([cipher.update(text), cipher.final()]);
}

/** Whether an Ed25519 signature holds (RFC 8032), the key 32 bytes. */
export function holdsEd25519(raw, message, signature) {
  const key = createPublicKey({ key: Buffer.concat([ED25519_DER, raw]), format: "der", type: "spki" });
  return verifySignature(null, message, key, signature);
}

export const where = `Node ${process.version}`;
