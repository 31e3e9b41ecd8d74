// Private keys of an application: read from encrypted key files, kept in this process, never printed or serialised.
// Whoever has keys in a device hands in an object of the same shape (index.d.ts: Signer, Opener) instead.
import { createDecipheriv, pbkdf2 } from "node:crypto";
import { open as openFile } from "node:fs/promises";
import { inspect, promisify } from "node:util";

import { keccak256, number, word } from "./bytes.js";
import { OBJECT, OCTETS, Reader, SEQUENCE } from "./der.js";
import { LedgerError, must } from "./errors.js";
import * as sm2 from "./sm2.js";

const CODE = "malformed-key";
const LARGEST_FILE = 16_384;
const MOST_ITERATIONS = 10_000_000n;
const PEM = /-----BEGIN ENCRYPTED PRIVATE KEY-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END ENCRYPTED PRIVATE KEY-----/;
const hex = (text) => text.replaceAll(" ", "");
const PBES2 = hex("2a 86 48 86 f7 0d 01 05 0d");
const PBKDF2 = hex("2a 86 48 86 f7 0d 01 05 0c");
const EC_KEY = hex("2a 86 48 ce 3d 02 01");
const SM2_CURVE = hex("2a 81 1c cf 55 01 82 2d");
/** HMAC by object identifier; without one PKCS#5 means SHA-1. */
const HASHES = {
  [hex("2a 86 48 86 f7 0d 02 07")]: "sha1",
  [hex("2a 86 48 86 f7 0d 02 09")]: "sha256",
  [hex("2a 86 48 86 f7 0d 02 0b")]: "sha512",
  [hex("2a 81 1c cf 55 01 83 11 02")]: "sm3",
};
/** [cipher, bytes of its key] by object identifier. */
const CIPHERS = {
  [hex("60 86 48 01 65 03 04 01 02")]: ["aes-128-cbc", 16],
  [hex("60 86 48 01 65 03 04 01 16")]: ["aes-192-cbc", 24],
  [hex("60 86 48 01 65 03 04 01 2a")]: ["aes-256-cbc", 32],
  [hex("2a 81 1c cf 55 01 68 02")]: ["sm4-cbc", 16],
};
const CALL_TEXT = '"@method": ';

/** Key → its private number, which nothing outside this file can reach. */
const PRIVATE = new WeakMap();

/** `keyid` and `raw` (x‖y) are public; made of 32 bytes d. */
class SoftwareKey {
  constructor(d) {
    PRIVATE.set(this, number(d));
    this.raw = sm2.publicOf(number(d));
    this.keyid = keccak256(this.raw).toString("hex");
  }

  toJSON() {
    throw new LedgerError(CODE, "private keys are not serialised");
  }

  [inspect.custom]() {
    return `<${this.constructor.name} ${this.keyid}>`;
  }
}

/** Signs calls, and nothing else. */
export class SoftwareSigner extends SoftwareKey {
  static purpose = "sm2-signing";

  /** 64 bytes r‖s over the base of a call; another text is refused, for it could be a decision. */
  sign(text) {
    must(text.startsWith(CALL_TEXT), "malformed-request", "this is not the signature base of a call");
    return sm2.sign(PRIVATE.get(this), this.raw, text);
  }
}

/** Opens data keys wrapped to it. */
export class SoftwareOpener extends SoftwareKey {
  static purpose = "sm2-encryption";

  unwrap(der) {
    return sm2.unwrap(PRIVATE.get(this), der);
  }
}

export const loadSigner = (path, password) => load(SoftwareSigner, path, password);
export const loadOpener = (path, password) => load(SoftwareOpener, path, password);

async function load(Kind, path, password) {
  const content = await readBounded(path);
  const head = content.split("-----BEGIN ", 1)[0].trim();
  // What the file says it is for; a foreign one says nothing.
  must(!head || head === `Purpose: ${Kind.purpose}`, CODE, `${path} is not a key for ${Kind.purpose}`);
  const pem = PEM.exec(content);
  must(pem, CODE, `${path} holds no encrypted PKCS#8 key`);
  return new Kind(privateNumber(await decrypt(Buffer.from(pem[1], "base64"), password)));
}

async function readBounded(path) {
  let file;
  try {
    file = await openFile(path, "r");
    const { bytesRead, buffer } = await file.read(Buffer.alloc(LARGEST_FILE + 1), 0, LARGEST_FILE + 1, 0);
    must(bytesRead <= LARGEST_FILE, CODE, `${path} is too large for a key file`);
    return buffer.toString("latin1", 0, bytesRead);
  } catch (error) {
    if (error instanceof LedgerError) throw error;
    throw new LedgerError(CODE, `cannot read the key file ${path}: ${error.code}`);
  } finally {
    await file?.close();
  }
}

/** PKCS#8 out of PBES2 (RFC 8018). */
async function decrypt(der, password) {
  must(password.length > 0, CODE, "a key file needs a password");
  const outer = new Reader(der, CODE);
  const top = outer.inside();
  outer.finish();
  const algorithm = top.inside();
  const sealed = top.read(OCTETS);
  top.finish();
  expect(algorithm, PBES2);
  const schemes = algorithm.inside();
  const [derivation, cipher] = [schemes.inside(), schemes.inside()];
  expect(derivation, PBKDF2);
  const parameters = derivation.inside();
  const [salt, iterations] = [parameters.read(OCTETS), parameters.integer()];
  must(iterations > 0n && iterations <= MOST_ITERATIONS, CODE, "the key file's parameters are out of range");
  if (parameters.next(0x02)) parameters.integer(); // the key's length, which the cipher fixes anyway
  const prf = parameters.next(SEQUENCE) ? HASHES[objectOf(parameters.inside())] : "sha1";
  const [name, size] = CIPHERS[objectOf(cipher)] ?? [];
  must(prf && name, CODE, "the key file uses a cipher we do not read");
  const iv = cipher.read(OCTETS);
  must(iv.length === 16 && sealed.length > 0 && sealed.length % 16 === 0, CODE, "the key file is cut short");
  const key = await promisify(pbkdf2)(password, salt, Number(iterations), size, prf);
  try {
    const decipher = createDecipheriv(name, key, iv);
    return Buffer.concat([decipher.update(sealed), decipher.final()]);
  } catch {
    // Not chained: the padding error would say nothing.
    throw new LedgerError(CODE, "口令不对 / wrong password");
  }
}

/** The 32 bytes d of PKCS#8 (RFC 5958) that holds an SM2 key (RFC 5915). */
function privateNumber(der) {
  const info = new Reader(der, CODE).inside();
  info.integer();
  const algorithm = info.inside();
  const isSm2 = objectOf(algorithm) === EC_KEY && objectOf(algorithm) === SM2_CURVE;
  must(isSm2, CODE, "口令不对，或不是 SM2 密钥 / wrong password, or not an SM2 key");
  const key = new Reader(info.read(OCTETS), CODE).inside();
  key.integer();
  const d = key.read(OCTETS);
  must(d.length === 32, CODE, "an SM2 private key has 32 bytes");
  if (key.next(0xa0)) key.read(0xa0); // the curve again
  if (key.next(0xa1)) {
    const point = key.inside(0xa1).read(0x03).subarray(2); // after: no unused bits, form 04
    must(point.equals(sm2.publicOf(number(d))), CODE, "its public key is not the private one's");
  }
  return word(number(d));
}

const objectOf = (reader) => reader.read(OBJECT).toString("hex");

function expect(reader, identifier) {
  must(objectOf(reader) === identifier, CODE, "the key file uses a cipher we do not read");
}
