// An officer's key in a page: opened from its file by a PIN, kept in this file's closure, never stored nor sent. It signs
// decisions and sign-ins and nothing else. What a tab remembers is the file as it was given, if it is encrypted.
import { keccak256, number } from "../../../../../clients/javascript/src/bytes.js";
import { LedgerError, must } from "../../../../../clients/javascript/src/errors.js";
import { readPrivateKey } from "../../../../../clients/javascript/src/keyfile.js";
import { randomBytes } from "../../../../../clients/javascript/src/platform/browser.js";
import * as sm2 from "../../../../../clients/javascript/src/sm2.js";

import { sealKey } from "./sealing.js";

const CODE = "malformed-key";
const LARGEST_FILE = 16_384;
const DECISION = /^ShareLedger-decision:[0-9a-f]{64}$/;
const LOGIN = /^ShareLedger-login:(https?:\/\/[a-z0-9.\-:[\]]{1,255}) [0-9a-f]{64} \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const KEPT = "shareledger-keyfile";
const ATTEMPTS = "shareledger-pin";
const [MOST_WRONG, WAIT_SECONDS, LONGEST_SECONDS] = [5, 60, 3600];

/** Key → its private number, which nothing outside this file can reach. */
const PRIVATE = new WeakMap();

/** `keyid` and `raw` (x‖y) are public. */
export class OfficerKey {
  /** Open a key file's bytes; throws `malformed-key`, also for a wrong PIN, and `overloaded` while it has to wait. */
  static async open(content, pin) {
    must(content.length <= LARGEST_FILE, CODE, "文件过大，不是密钥文件 / the file is too large for a key file");
    const bytes = Buffer.from(content);
    const head = bytes.toString("latin1").split("-----BEGIN ", 1)[0];
    const fits = !head.startsWith("Purpose: ") || head.trim() === "Purpose: sm2-signing";
    must(fits, CODE, "这不是签名密钥的文件 / this is no signing key's file");
    const wait = secondsToWait();
    must(wait === 0, "overloaded", `口令连续输错 ${MOST_WRONG} 次，请 ${wait} 秒后再试 / too many wrong PINs: wait ${wait} s`);
    let d;
    try {
      d = await readPrivateKey(bytes, pin);
    } catch (error) {
      if (error instanceof LedgerError && error.message.startsWith("口令不对")) countWrong();
      throw error;
    }
    localStorage.removeItem(ATTEMPTS);
    return OfficerKey.#of(d);
  }

  /** Make a new key: `{key, file}`, the file's text encrypted by a PIN. */
  static async make(pin) {
    // 40 bytes: the remainder is as good as uniform; 1 to n − 2 can sign.
    const d = (number(randomBytes(40)) % (sm2.N - 2n)) + 1n;
    const key = OfficerKey.#of(d);
    return { key, file: await sealKey(d, key.raw, pin) };
  }

  static #of(d) {
    const key = new OfficerKey();
    PRIVATE.set(key, d);
    key.raw = sm2.publicOf(d);
    key.keyid = keccak256(key.raw).toString("hex");
    return Object.freeze(key);
  }

  /** r‖s in hex over a decision's text, which was computed here. */
  signDecision(text) {
    must(DECISION.test(text), "malformed-request", "this is no decision's text");
    return sm2.sign(PRIVATE.get(this), this.raw, text).toString("hex");
  }

  /** r‖s in hex over a challenge for the address that this page shows, and for no other. */
  signLogin(text, origin) {
    const named = LOGIN.exec(text)?.[1];
    must(named === origin, "forbidden", `登录口令是给 ${named} 的，本页是 ${origin} / the challenge is for another address`);
    return sm2.sign(PRIVATE.get(this), this.raw, text).toString("hex");
  }

  toJSON() {
    throw new LedgerError(CODE, "private keys are not serialised");
  }
}

/** How long wrong PINs still have to wait. */
export function secondsToWait(now = Date.now()) {
  const { wrong, last } = attempts();
  if (wrong < MOST_WRONG) return 0;
  const wait = Math.min(LONGEST_SECONDS, WAIT_SECONDS * 2 ** (wrong - MOST_WRONG));
  return Math.max(0, Math.ceil((last + 1000 * wait - now) / 1000));
}

/** How many wrong PINs are left before they wait. */
export const attemptsLeft = () => Math.max(0, MOST_WRONG - attempts().wrong);

function attempts() {
  const [wrong, last] = (localStorage.getItem(ATTEMPTS) ?? "").split(" ").map(Number);
  return Number.isSafeInteger(wrong) && Number.isSafeInteger(last) ? { wrong, last } : { wrong: 0, last: 0 };
}

// It outlives a reload. Whoever can delete it has the file, and need not ask this page.
function countWrong() {
  localStorage.setItem(ATTEMPTS, `${attempts().wrong + 1} ${Date.now()}`);
}

/** The encrypted file this tab was given, so that a signature asks for the PIN alone; undefined where there is none. */
export function keptFile() {
  const [name, text] = (sessionStorage.getItem(KEPT) ?? "").split("\n", 2);
  return text ? { name, content: Buffer.from(text, "base64") } : undefined;
}

/** Remember a file until the tab is closed or its officer signs out, unless it lies open: an unencrypted one is asked for each time. */
export function keepFile(name, content) {
  const bytes = Buffer.from(content);
  if (!bytes.toString("latin1").includes("-----BEGIN ENCRYPTED PRIVATE KEY-----")) return;
  sessionStorage.setItem(KEPT, `${name.replaceAll("\n", " ")}\n${bytes.toString("base64")}`);
}
