// SM4 in GCM (RFC 8998). Node's OpenSSL has SM4 in counter mode, not in GCM: the tag is computed here
// (NIST SP 800-38D, 6.3-6.4).
import { createCipheriv } from "node:crypto";

import { equal, require_ } from "./bytes.mjs";

const REDUCTION = 0xe1n << 120n;

function multiply(x, y) {
  let [z, v] = [0n, y];
  for (let bit = 127n; bit >= 0n; bit--) {
    if ((x >> bit) & 1n) z ^= v;
    v = v & 1n ? (v >> 1n) ^ REDUCTION : v >> 1n;
  }
  return z;
}

function* blocks(...parts) {
  for (const part of parts) {
    for (let at = 0; at < part.length; at += 16) {
      const block = Buffer.alloc(16);
      part.copy(block, 0, at);
      yield BigInt(`0x${block.toString("hex")}`);
    }
  }
}

function encryptBlock(key, block) {
  const cipher = createCipheriv("sm4-ecb", key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(block), cipher.final()]);
}

/** Check and decrypt ciphertext ‖ tag. */
export function open(key, iv, aad, sealed) {
  require_(key.length === 16 && iv.length === 12 && sealed.length >= 16, "not SM4-GCM");
  const [text, tag] = [sealed.subarray(0, -16), sealed.subarray(-16)];
  const h = BigInt(`0x${encryptBlock(key, Buffer.alloc(16)).toString("hex")}`);
  const lengths = Buffer.alloc(16);
  lengths.writeBigUInt64BE(8n * BigInt(aad.length), 0);
  lengths.writeBigUInt64BE(8n * BigInt(text.length), 8);
  let sum = 0n;
  for (const block of blocks(aad, text, lengths)) sum = multiply(sum ^ block, h);
  const first = encryptBlock(key, Buffer.concat([iv, Buffer.from([0, 0, 0, 1])]));
  const expected = Buffer.from(sum.toString(16).padStart(32, "0"), "hex").map((octet, place) => octet ^ first[place]);
  require_(equal(Buffer.from(expected), tag), "the sealed text does not open");
  const counter = createCipheriv("sm4-ctr", key, Buffer.concat([iv, Buffer.from([0, 0, 0, 2])]));
  return Buffer.concat([counter.update(text), counter.final()]);
}
