// Private keys of an application: read from key files, kept in this process, never printed or serialised.
// Whoever has keys in a device hands in an object of the same shape (index.d.ts: Signer, Opener) instead.
import { open as openFile } from "node:fs/promises";
import { inspect } from "node:util";

import { keccak256, number, word } from "./bytes.js";
import { LedgerError, must } from "./errors.js";
import { readPrivateKey } from "./keyfile.js";
import * as sm2 from "./sm2.js";

const CODE = "malformed-key";
const LARGEST_FILE = 16_384;
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
  const head = content.toString("latin1").split("-----BEGIN ", 1)[0];
  // What the file says it is for; a foreign one says nothing.
  const fits = !head.startsWith("Purpose: ") || head.trim() === `Purpose: ${Kind.purpose}`;
  must(fits, CODE, `${path} is not a key for ${Kind.purpose}`);
  return new Kind(word(await readPrivateKey(content, password)));
}

/** The whole of a file that is its owner's alone and no larger than a key file is. */
async function readBounded(path) {
  let file;
  try {
    file = await openFile(path, "r");
    const open = (await file.stat()).mode & 0o077 && process.platform !== "win32";
    must(!open, CODE, `密钥文件 ${path} 他人可读，请先 chmod 600 / others can read it`);
    const { bytesRead, buffer } = await file.read(Buffer.alloc(LARGEST_FILE + 1), 0, LARGEST_FILE + 1, 0);
    must(bytesRead <= LARGEST_FILE, CODE, `${path} is too large for a key file`);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (error instanceof LedgerError) throw error;
    throw new LedgerError(CODE, `cannot read the key file ${path}: ${error.code}`);
  } finally {
    await file?.close();
  }
}
