// SM2 (docs/protocol.md 0.1, section 5): signatures, and opening a wrapped data key. The curve's arithmetic is
// @noble/curves'; big integers are not constant in time, so a key that others could time belongs in a device.
import { randomBytes } from "#platform";
import { Field } from "@noble/curves/abstract/modular";
import { weierstrassPoints } from "@noble/curves/abstract/weierstrass";

import { equal, number, sm3, word } from "./bytes.js";
import { OCTETS, Reader } from "./der.js";
import { LedgerError, must } from "./errors.js";
import { remembered } from "./keypoints.js";

const P = 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn;
export const N = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n;
const A = P - 3n;
const B = 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n;
const GX = 0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n;
const GY = 0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n;
const USER = Buffer.from("1234567812345678", "ascii");
const DATA_KEY_SIZE = 16;

const scalars = Field(N);
const { ProjectivePoint: Point } = weierstrassPoints({ a: A, b: B, Fp: Field(P), n: N, h: 1n, Gx: GX, Gy: GY });
// A table of the base point, made when it is first used: signing and half of verifying become several times faster.
Point.BASE._setWindowSize(8);

/** The point of 64 bytes x‖y; `code` is what is thrown where it is none of the curve. */
function pointOf(raw, code) {
  must(raw.length === 64, code, "a public key has 64 bytes");
  try {
    const point = Point.fromAffine({ x: number(raw.subarray(0, 32)), y: number(raw.subarray(32)) });
    point.assertValidity();
    return point;
  } catch (error) {
    throw new LedgerError(code, `not a point of the curve: ${error.message}`);
  }
}

const verifying = remembered((raw) => pointOf(raw, "malformed-key"));

function rawOf(point) {
  const { x, y } = point.toAffine();
  return Buffer.concat([word(x), word(y)]);
}

/** x‖y of the private number d, which must be one that can sign: 1 to n − 2. */
export function publicOf(d) {
  must(d > 0n && d < N - 1n, "malformed-key", "the private key is out of range");
  return rawOf(Point.BASE.multiply(d));
}

export function za(raw) {
  const bits = Buffer.from([0, 8 * USER.length]);
  return sm3(bits, USER, ...[A, B, GX, GY].map(word), raw);
}

/** e of a message under a public key. */
export const digestOf = (raw, message) => sm3(za(raw), message);

export function sign(d, raw, message) {
  const e = number(digestOf(raw, message));
  for (;;) {
    // 40 bytes: the remainder is as good as uniform below n.
    const k = scalars.create(number(randomBytes(40)));
    if (k === 0n) continue;
    const r = scalars.create(e + Point.BASE.multiply(k).toAffine().x);
    const s = scalars.mul(scalars.inv(1n + d), scalars.create(k - r * d));
    if (r !== 0n && r + k !== N && s !== 0n) return Buffer.concat([word(r), word(s)]);
  }
}

/** Check 64 bytes r‖s over a message; throws `signature-invalid`. */
export function verify(raw, message, signature) {
  const code = "signature-invalid";
  must(signature.length === 64, code, "a signature has 64 bytes");
  const [r, s] = [number(signature.subarray(0, 32)), number(signature.subarray(32))];
  must(r > 0n && r < N && s > 0n && s < N, code, "r or s is out of range");
  const t = scalars.create(r + s);
  must(t !== 0n, code, "r + s is 0");
  const sum = Point.BASE.multiplyUnsafe(s).add(verifying(raw).multiplyUnsafe(t));
  must(!sum.equals(Point.ZERO), code, "the signature does not hold");
  const e = number(digestOf(raw, message));
  must(scalars.create(e + sum.toAffine().x) === r, code, "the signature does not hold");
}

/** 64 bytes r‖s of r‖s or of DER `SEQUENCE {r, s}` (GM/T 0009), as devices give it; throws `signature-invalid`. */
export function normaliseSignature(signature) {
  if (signature.length === 64) return signature;
  const code = "signature-invalid";
  const outer = new Reader(signature, code);
  const inner = outer.inside();
  outer.finish();
  const [r, s] = [inner.integer(), inner.integer()];
  inner.finish();
  must(r > 0n && r < N && s > 0n && s < N, code, "r or s is no scalar of the SM2 curve");
  return Buffer.concat([word(r), word(s)]);
}

/** Refuse 64 bytes that are no public key. */
export const checkPublic = (raw, code = "malformed-key") => void pointOf(raw, code);

/** Open the data key wrapped to the private number d (GM/T 0009 DER); throws `malformed-envelope`. */
export function unwrap(d, der) {
  const code = "malformed-envelope";
  const outer = new Reader(der, code);
  const body = outer.inside();
  outer.finish();
  const [x, y] = [body.integer(), body.integer()];
  const [c3, c2] = [body.read(OCTETS), body.read(OCTETS)];
  body.finish();
  must(x < P && y < P && c3.length === 32 && c2.length === DATA_KEY_SIZE, code, "DER of another form");
  const shared = rawOf(pointOf(Buffer.concat([word(x), word(y)]), code).multiply(d));
  // 16 bytes of key need no more than the first block of the stream.
  const mask = sm3(shared, Buffer.from([0, 0, 0, 1]));
  const key = Buffer.from(c2.map((octet, place) => octet ^ mask[place]));
  must(equal(sm3(shared.subarray(0, 32), key, shared.subarray(32)), c3), code, "the wrapped key does not open");
  return key;
}
