// SM2 private keys in files, whoever wrote them: OpenSSL, BouncyCastle, GmSSL, gmsm, ShareLedger. PKCS#8 (RFC 5958),
// encrypted (PBES2, RFC 8018) or not, or SEC1 (RFC 5915), as PEM (RFC 7468) or DER; also the PEM encryption before
// PKCS#8 (RFC 1421, DEK-Info). What a file makes us compute is bounded first. As node/crypto/privatekey.py, pbes2.py.
import { decryptCbc, hash as hashOf, pbkdf2, scrypt } from "#platform";

import { number } from "./bytes.js";
import { BITS, INTEGER, OBJECT, OCTETS, Reader, SEQUENCE } from "./der.js";
import { LedgerError, must } from "./errors.js";
import { publicOf } from "./sm2.js";

const CODE = "malformed-key";
const [PARAMETERS, PUBLIC] = [0xa0, 0xa1];
const MOST_ITERATIONS = 10_000_000n;
const MOST_SCRYPT_BYTES = 256n * 1024n * 1024n;
const MOST_SCRYPT_PARALLEL = 16n;
const LONGEST_SCALAR = 33;
const EC_KEY = "1.2.840.10045.2.1";
const SM2_CURVE = "1.2.156.10197.1.301";
/** RFC 8018's names, and those of GM/T 0091, whose PRF is HMAC-SM3 unless it says otherwise. */
const PBES2 = ["1.2.840.113549.1.5.13", "1.2.156.10197.6.4.1.5.2"];
const PBKDF2 = { "1.2.840.113549.1.5.12": "sha1", "1.2.156.10197.6.4.1.5.1": "sm3" };
const SCRYPT = "1.3.6.1.4.1.11591.4.11";
const HASHES = {
  "1.2.840.113549.2.7": "sha1",
  "1.2.840.113549.2.8": "sha224",
  "1.2.840.113549.2.9": "sha256",
  "1.2.840.113549.2.10": "sha384",
  "1.2.840.113549.2.11": "sha512",
  "1.2.156.10197.1.401.2": "sm3",
  "1.2.156.10197.1.401.3.1": "sm3",
};
/** [cipher, bytes of its key]. */
const CIPHERS = {
  "2.16.840.1.101.3.4.1.2": ["aes-128-cbc", 16],
  "2.16.840.1.101.3.4.1.22": ["aes-192-cbc", 24],
  "2.16.840.1.101.3.4.1.42": ["aes-256-cbc", 32],
  "1.2.156.10197.1.104.2": ["sm4-cbc", 16],
  "1.2.156.10197.1.104": ["sm4-cbc", 16],
};
const DEK = { "AES-128-CBC": 16, "AES-192-CBC": 24, "AES-256-CBC": 32, "SM4-CBC": 16 };

/** The private number of a file's bytes; throws `malformed-key`. */
export async function readPrivateKey(content, password) {
  let curve;
  for (const { label, headers, der } of blocksOf(content)) {
    if (label.endsWith("PARAMETERS")) {
      curve = curveOf(new Reader(der, CODE));
    } else if (label.endsWith("PRIVATE KEY")) {
      if (headers["DEK-Info"]) return parse(openDek(headers["DEK-Info"], der, password), curve);
      const encrypted = new Reader(der, CODE).inside().next(SEQUENCE);
      if (encrypted) return parse(await openPkcs8(der, password), curve);
      return parse(der, curve ?? (label.startsWith("SM2") ? SM2_CURVE : undefined));
    }
  }
  throw new LedgerError(CODE, "文件里没有私钥（PKCS#8、SEC1，PEM 或 DER）/ the file holds no private key");
}

/** The PEM blocks of a file; a file without any is DER. What stands between blocks is skipped. */
function* blocksOf(content) {
  const text = content.toString("latin1").replaceAll("\r", "");
  const found = [...text.matchAll(/-----BEGIN ([A-Z0-9 ]{1,64})-----(.*?)-----END \1-----/gs)];
  const cut = /-----BEGIN [A-Z0-9 ]{1,64}-----/.test(text) && found.length === 0;
  must(!cut, CODE, "密钥文件不完整 / the key file is cut short");
  if (found.length === 0) yield { label: "PRIVATE KEY", headers: {}, der: content };
  for (const [, label, inside] of found) {
    const [head, ...rest] = inside.split("\n\n");
    const headers = Object.fromEntries(
      head.split("\n").filter((line) => line.includes(":")).map((line) => line.split(/:\s*/, 2)),
    );
    const body = (Object.keys(headers).length > 0 ? rest.join("") : inside).replace(/\s+/g, "");
    const der = Buffer.from(body, "base64");
    must(der.toString("base64") === body, CODE, "密钥文件不是 base64 / the key file is not base64");
    yield { label, headers, der };
  }
}

async function openPkcs8(der, password) {
  const outer = new Reader(der, CODE);
  const top = outer.inside();
  outer.finish();
  const algorithm = top.inside();
  const sealed = top.read(OCTETS);
  const name = algorithm.object();
  must(PBES2.includes(name), CODE, unread(name));
  const schemes = algorithm.inside();
  const [derivation, scheme] = [schemes.inside(), schemes.inside()];
  const [cipher, size] = known(CIPHERS, scheme.object());
  const iv = scheme.read(OCTETS);
  return decrypt(cipher, await derive(derivation, size, password), iv, sealed);
}

async function derive(derivation, size, password) {
  const name = derivation.object();
  const parameters = derivation.inside();
  const salt = parameters.read(OCTETS);
  if (name in PBKDF2) {
    const iterations = bounded(parameters.integer(), MOST_ITERATIONS);
    if (parameters.next(INTEGER)) parameters.integer(); // the key's length, which the cipher fixes anyway
    const hash = parameters.next(SEQUENCE) ? known(HASHES, parameters.inside().object()) : PBKDF2[name];
    return pbkdf2(hash, password, salt, Number(iterations), size);
  }
  must(name === SCRYPT, CODE, unread(name));
  const [N, r, p] = [parameters.integer(), parameters.integer(), parameters.integer()];
  bounded(128n * N * r, MOST_SCRYPT_BYTES);
  bounded(p, MOST_SCRYPT_PARALLEL);
  must(N > 1n && (N & (N - 1n)) === 0n, CODE, "scrypt 参数不对 / scrypt's N is no power of two");
  return scrypt(password, salt, size, { N: Number(N), r: Number(r), p: Number(p) });
}

/** The body of a PEM whose header DEK-Info is `info`; OpenSSL's EVP_BytesToKey, hence MD5: read, never written. */
function openDek(info, sealed, password) {
  const [name, text = ""] = info.trim().split(",");
  const size = known(DEK, name);
  const iv = Buffer.from(text, "hex");
  let key = Buffer.alloc(0);
  while (key.length < size) {
    key = Buffer.concat([key, hashOf("md5", key.subarray(-16), password, iv.subarray(0, 8))]);
  }
  return decrypt(name.toLowerCase(), key.subarray(0, size), iv, sealed);
}

function decrypt(cipher, key, iv, sealed) {
  const whole = iv.length === 16 && sealed.length > 0 && sealed.length % 16 === 0;
  must(whole, CODE, "密钥文件不完整 / the key file is cut short");
  try {
    return decryptCbc(cipher, key, iv, sealed);
  } catch {
    // Not chained: the padding error would say nothing.
    throw new LedgerError(CODE, "口令不对 / wrong password");
  }
}

/** The number in PKCS#8 or SEC1; its public half, where it is there, must be its own. */
function parse(der, named) {
  const outer = new Reader(der, CODE);
  const info = outer.inside();
  outer.finish();
  info.integer();
  if (!info.next(SEQUENCE)) return parseSec1(new Reader(der, CODE).inside(), named);
  const algorithm = info.inside();
  const kind = algorithm.object();
  must(kind === EC_KEY, CODE, `密钥的种类是 ${kind}，应为 SM2 / it is another kind of key`);
  const curve = algorithm.ended ? named : curveOf(algorithm);
  return parseSec1(info.inside(OCTETS).inside(), curve);
}

function parseSec1(key, named) {
  const version = key.integer();
  must(version === 1n && key.next(OCTETS), CODE, "不是 SM2 私钥，或口令不对 / no SM2 private key, or another password");
  const octets = key.read(OCTETS);
  const curve = key.next(PARAMETERS) ? curveOf(key.inside(PARAMETERS)) : named;
  const bits = key.next(PUBLIC) ? key.inside(PUBLIC).read(BITS) : undefined;
  key.finish();
  must(curve ?? bits, CODE, "密钥没有写明曲线，请转换为 PKCS#8 / the key names no curve");
  // Some drop leading zeros, others add one.
  must(octets.length > 0 && octets.length <= LONGEST_SCALAR, CODE, "私钥超出范围 / the private key is out of range");
  const d = number(octets);
  const raw = publicOf(d);
  must(!bits || fits(bits, raw), CODE, "公钥与私钥不是一对 / its public key is not the private one's");
  return d;
}

/** Whether a BIT STRING is the point x‖y, whole or compressed. */
function fits(bits, raw) {
  const point = bits.subarray(1);
  const compressed = Buffer.concat([Buffer.from([2 + (raw[63] & 1)]), raw.subarray(0, 32)]);
  return bits[0] === 0 && [Buffer.concat([Buffer.from([4]), raw]), compressed].some((each) => each.equals(point));
}

function curveOf(reader) {
  must(reader.next(OBJECT), CODE, "密钥写出了曲线的全部参数，请改用曲线名 / its curve is spelt out; name it instead");
  const curve = reader.object();
  reader.finish();
  must(curve === SM2_CURVE, CODE, `密钥的曲线是 ${curve}，应为 SM2 / the key is on another curve`);
  return curve;
}

function known(table, name) {
  must(Object.hasOwn(table, name), CODE, unread(name));
  return table[name];
}

function unread(name) {
  const convert = "openssl pkcs8 -topk8 -v2 aes-256-cbc -iter 600000";
  return `密钥文件的加密方式 ${name} 不支持，可转换：${convert} / its encryption scheme is not one we read`;
}

function bounded(value, most) {
  must(value > 0n && value <= most, CODE, "密钥文件的参数超出范围 / the key file's parameters are out of range");
  return value;
}
