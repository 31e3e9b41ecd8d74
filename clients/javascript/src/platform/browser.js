// What the modules ask of the machine they run on; this is a page, also one on plain http, where there is no
// crypto.subtle. The same names and answers as node.js; test/platform.test.js holds the two against each other.
import { cbc } from "@noble/ciphers/aes";
import { ed25519 } from "@noble/curves/ed25519";
import { md5, sha1 } from "@noble/hashes/legacy";
import { pbkdf2Async } from "@noble/hashes/pbkdf2";
import { scryptAsync } from "@noble/hashes/scrypt";
import { sha224, sha256, sha384, sha512 } from "@noble/hashes/sha2";

import { remembered } from "../keypoints.js";
import { sm3 } from "./sm3.js";
import { crypt, roundKeys } from "./sm4.js";

const HASHES = { md5, sha1, sha224, sha256, sha384, sha512, sm3 };
/** What the browser's own derivation knows: faster by far, where the page may use it. */
const NATIVE = { sha1: "SHA-1", sha256: "SHA-256", sha384: "SHA-384", sha512: "SHA-512" };
const BLOCK = 16;

/** Hash of the parts one after the other: `sm3 md5 sha1 sha224 sha256 sha384 sha512`. */
export const hash = (name, ...parts) =>
  Buffer.from(parts.reduce((h, part) => h.update(octets(part)), HASHES[name].create()).digest());

const octets = (part) => (typeof part === "string" ? Buffer.from(part, "utf8") : part);

export const randomBytes = (size) => Buffer.from(globalThis.crypto.getRandomValues(new Uint8Array(size)));

/** Whether two byte strings of one length are the same, in a time that tells nothing of where they differ. */
export const timingSafeEqual = (a, b) => a.reduce((differing, octet, at) => differing | (octet ^ b[at]), 0) === 0;

export async function pbkdf2(hashName, password, salt, iterations, size) {
  const { subtle } = globalThis.crypto;
  if (subtle && hashName in NATIVE) {
    const key = await subtle.importKey("raw", octets(password), "PBKDF2", false, ["deriveBits"]);
    const how = { name: "PBKDF2", hash: NATIVE[hashName], salt, iterations };
    return Buffer.from(await subtle.deriveBits(how, key, 8 * size));
  }
  return Buffer.from(await pbkdf2Async(HASHES[hashName], octets(password), salt, { c: iterations, dkLen: size }));
}

export const scrypt = async (password, salt, size, { N, r, p }) =>
  Buffer.from(await scryptAsync(octets(password), salt, { N, r, p, dkLen: size, maxmem: 128 * r * (N + p + 2) + 1024 }));

/** Decrypt in CBC mode with PKCS#7 padding: `aes-128-cbc aes-192-cbc aes-256-cbc sm4-cbc`; throws where it is none. */
export function decryptCbc(cipher, key, iv, sealed) {
  if (cipher !== "sm4-cbc") return Buffer.from(cbc(key, iv).decrypt(sealed));
  const keys = roundKeys(key).reverse();
  const plain = Buffer.alloc(sealed.length);
  for (let at = 0; at < sealed.length; at += BLOCK) {
    const before = at === 0 ? iv : sealed.subarray(at - BLOCK, at);
    plain.set(crypt(keys, sealed.subarray(at, at + BLOCK)).map((octet, place) => octet ^ before[place]), at);
  }
  const padding = plain[plain.length - 1];
  const whole = padding >= 1 && padding <= BLOCK && plain.subarray(-padding).every((octet) => octet === padding);
  if (!whole) throw new Error("the padding is none");
  return plain.subarray(0, -padding);
}

/** One block of SM4 (GB/T 32907-2016). */
export const sm4Block = (key, block) => Buffer.from(crypt(roundKeys(key), block));

/** SM4 in counter mode, the counter a block that is counted up as one number. */
export function sm4Counter(key, counter, text) {
  const [keys, block, out] = [roundKeys(key), Buffer.from(counter), Buffer.alloc(text.length)];
  for (let at = 0; at < text.length; at += BLOCK) {
    const stream = crypt(keys, block);
    for (let place = at; place < Math.min(at + BLOCK, text.length); place++) out[place] = text[place] ^ stream[place - at];
    // Counted up from the last byte; a byte that was full has become 0 and carries.
    let place = BLOCK - 1;
    do block[place]++;
    while (block[place] === 0 && place-- > 0);
  }
  return out;
}

const { ExtendedPoint: Point, CURVE } = ed25519;
/** A key's opposite: what is small in a key's order stays as the equation has it, which its order would take away. */
const opposite = remembered((raw) => Point.fromHex(raw, true).negate());

/**
 * Whether an Ed25519 signature holds, the key 32 bytes. RFC 8032's equation without the cofactor, R compared as bytes:
 * what OpenSSL does, and so every other verifier of ours; @noble/curves' own `verify` takes a few more.
 */
export function holdsEd25519(raw, message, signature) {
  if (signature.length !== 64) return false;
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString("hex")}`);
  if (s >= CURVE.n) return false;
  let key;
  try {
    key = opposite(raw);
  } catch {
    return false; // no point of the curve: nothing is signed by it
  }
  const h = hash("sha512", signature.subarray(0, 32), raw, message).reverse();
  const challenge = BigInt(`0x${h.toString("hex")}`) % CURVE.n;
  const found = Point.BASE.multiplyUnsafe(s).add(key.multiplyUnsafe(challenge));
  return Buffer.from(found.toRawBytes()).equals(Buffer.from(signature.subarray(0, 32)));
}

export const where = globalThis.navigator?.userAgent ?? "browser";
