// SM4 in GCM (RFC 8998). Node's OpenSSL has SM4 in counter mode, not in GCM: the tag is made here, by the GHASH of
// @noble/ciphers (NIST SP 800-38D, 6.3-6.4).
import { sm4Block, sm4Counter } from "#platform";
import { ghash } from "@noble/ciphers/_polyval";

import { equal } from "./bytes.js";
import { must } from "./errors.js";

const CODE = "malformed-envelope";
const TAG_SIZE = 16;

function tagOf(key, iv, aad, text) {
  const lengths = Buffer.alloc(16);
  lengths.writeBigUInt64BE(8n * BigInt(aad.length), 0);
  lengths.writeBigUInt64BE(8n * BigInt(text.length), 8);
  const h = sm4Block(key, Buffer.alloc(16));
  // `update` pads each part to whole blocks, as GCM wants aad and text.
  const sum = ghash.create(h, aad.length + text.length).update(aad).update(text).update(lengths).digest();
  const first = sm4Block(key, Buffer.concat([iv, Buffer.from([0, 0, 0, 1])]));
  return Buffer.from(sum.map((octet, place) => octet ^ first[place]));
}

/** Check and decrypt ciphertext ‖ tag; throws `malformed-envelope`. */
export function open(key, iv, aad, sealed) {
  must(key.length === 16 && iv.length === 12 && sealed.length >= TAG_SIZE, CODE, "not SM4-GCM");
  const [text, tag] = [sealed.subarray(0, -TAG_SIZE), sealed.subarray(-TAG_SIZE)];
  must(equal(tagOf(key, iv, aad, text), tag), CODE, "the sealed text does not open");
  return sm4Counter(key, Buffer.concat([iv, Buffer.from([0, 0, 0, 2])]), text);
}
