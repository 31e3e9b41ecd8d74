// A private key's file as the command line writes it (node/crypto/pbes2.py): PKCS#8 (RFC 5958) under PBES2 (RFC 8018),
// PBKDF2-HMAC-SHA256 of 600,000 rounds and AES-256-CBC, as PEM (RFC 7468). Every library opens it.
import { cbc } from "@noble/ciphers/aes";

import { word } from "../../../../../clients/javascript/src/bytes.js";
import { BITS, INTEGER, OCTETS, SEQUENCE } from "../../../../../clients/javascript/src/der.js";
import { pbkdf2, randomBytes } from "../../../../../clients/javascript/src/platform/browser.js";

const ROUNDS = 600_000;
const NULL = 0x05;
const PUBLIC = 0xa1;
const hex = (text) => Buffer.from(text, "hex");
/** Object identifiers, whole: their tag and length with them. */
const [EC_KEY, SM2] = [hex("06072a8648ce3d0201"), hex("06082a811ccf5501822d")];
const [PBES2, PBKDF2] = [hex("06092a864886f70d01050d"), hex("06092a864886f70d01050c")];
const [HMAC_SHA256, AES_256_CBC] = [hex("06082a864886f70d0209"), hex("060960864801650304012a")];

/** The text of a file that holds the private number `d` of the public key `raw` (x‖y), encrypted by a password. */
export async function sealKey(d, raw, password) {
  const sec1 = wrap(SEQUENCE, whole(1), wrap(OCTETS, word(d)), wrap(PUBLIC, wrap(BITS, hex("0004"), raw)));
  const info = wrap(SEQUENCE, whole(0), wrap(SEQUENCE, EC_KEY, SM2), wrap(OCTETS, sec1));
  const [salt, iv] = [randomBytes(16), randomBytes(16)];
  const key = await pbkdf2("sha256", password, salt, ROUNDS, 32);
  const prf = wrap(SEQUENCE, HMAC_SHA256, wrap(NULL));
  const derivation = wrap(SEQUENCE, PBKDF2, wrap(SEQUENCE, wrap(OCTETS, salt), whole(ROUNDS), prf));
  const scheme = wrap(SEQUENCE, AES_256_CBC, wrap(OCTETS, iv));
  const sealed = wrap(OCTETS, Buffer.from(cbc(key, iv).encrypt(info)));
  const text = wrap(SEQUENCE, wrap(SEQUENCE, PBES2, wrap(SEQUENCE, derivation, scheme)), sealed).toString("base64");
  const label = (side) => `-----${side} ENCRYPTED PRIVATE KEY-----\n`;
  return `Purpose: sm2-signing\n${label("BEGIN")}${text.replace(/.{1,64}/g, "$&\n")}${label("END")}`;
}

function wrap(tag, ...parts) {
  const body = Buffer.concat(parts);
  const size = body.length < 0x80 ? [body.length] : body.length < 0x100 ? [0x81, body.length] : [0x82, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), body]);
}

/** A small number as an INTEGER. */
function whole(value) {
  const digits = value.toString(16);
  const bytes = hex(digits.length % 2 ? `0${digits}` : digits);
  return wrap(INTEGER, bytes[0] & 0x80 ? hex("00") : Buffer.alloc(0), bytes);
}
