// SM2 (docs/protocol.md 0.1, section 5): signatures, and opening a wrapped data key. The curve's arithmetic is
// @noble/curves'; npm packages of this repository live in hardhat/.
import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";

import { equal, Refused, require_, sm3 } from "./bytes.mjs";

const packages = createRequire(new URL("../../../hardhat/package.json", import.meta.url));
const { Field } = packages("@noble/curves/abstract/modular");
const { weierstrassPoints } = packages("@noble/curves/abstract/weierstrass");

const P = 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn;
const N = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n;
const A = P - 3n;
const B = 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n;
const GX = 0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n;
const GY = 0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n;
const USER = Buffer.from("1234567812345678", "ascii");

const scalars = Field(N);
const { ProjectivePoint: Point } = weierstrassPoints({ a: A, b: B, Fp: Field(P), n: N, h: 1n, Gx: GX, Gy: GY });

const number = (bytes) => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
const word = (value) => Buffer.from(value.toString(16).padStart(64, "0"), "hex");

function pointOf(raw) {
  require_(raw.length === 64, "a public key has 64 bytes");
  try {
    const point = Point.fromAffine({ x: number(raw.subarray(0, 32)), y: number(raw.subarray(32)) });
    point.assertValidity();
    return point;
  } catch (error) {
    throw new Refused(`not a point of the curve: ${error.message}`);
  }
}

function rawOf(point) {
  const { x, y } = point.toAffine();
  return Buffer.concat([word(x), word(y)]);
}

export const publicOf = (d) => rawOf(Point.BASE.multiply(number(d)));

export function za(raw) {
  const bits = Buffer.from([0, 8 * USER.length]);
  return sm3(bits, USER, ...[A, B, GX, GY].map(word), raw);
}

export const digestOf = (raw, message) => sm3(za(raw), message);

export function sign(d, message) {
  const secret = number(d);
  const e = number(digestOf(publicOf(d), message));
  for (;;) {
    const k = scalars.create(number(randomBytes(40)));
    if (k === 0n) continue;
    const r = scalars.create(e + Point.BASE.multiply(k).toAffine().x);
    const s = scalars.mul(scalars.inv(1n + secret), scalars.create(k - r * secret));
    if (r !== 0n && r + k !== N && s !== 0n) return Buffer.concat([word(r), word(s)]);
  }
}

export function verify(raw, message, signature) {
  require_(signature.length === 64, "a signature has 64 bytes");
  const [r, s] = [number(signature.subarray(0, 32)), number(signature.subarray(32))];
  require_(r > 0n && r < N && s > 0n && s < N, "r or s is out of range");
  const t = scalars.create(r + s);
  require_(t !== 0n, "r + s is 0");
  const sum = Point.BASE.multiplyUnsafe(s).add(pointOf(raw).multiplyUnsafe(t));
  require_(!sum.equals(Point.ZERO), "the signature does not hold");
  const e = number(digestOf(raw, message));
  require_(scalars.create(e + sum.toAffine().x) === r, "the signature does not hold");
}

/** Read one DER element of the tag at `at`; return its content and where it ends. */
function element(der, tag, at) {
  require_(der[at] === tag, "DER of another form");
  const short = der[at + 1] < 0x80;
  require_(short || (der[at + 1] === 0x81 && der[at + 2] >= 0x80), "DER with another length");
  const start = at + (short ? 2 : 3);
  const end = start + (short ? der[at + 1] : der[at + 2]);
  require_(end <= der.length, "DER ends too early");
  return [der.subarray(start, end), end];
}

function integer(content) {
  require_(content.length > 0 && content[0] < 0x80, "a negative integer");
  require_(content.length === 1 || content[0] !== 0 || content[1] >= 0x80, "an integer that is not minimal");
  return number(content);
}

/** Open the data key wrapped to the key d. */
export function unwrap(d, der) {
  const [body, end] = element(der, 0x30, 0);
  require_(end === der.length, "DER is followed by other bytes");
  const [x, afterX] = element(body, 0x02, 0);
  const [y, afterY] = element(body, 0x02, afterX);
  const [c3, afterC3] = element(body, 0x04, afterY);
  const [c2, last] = element(body, 0x04, afterC3);
  require_(last === body.length && c3.length === 32, "DER of another form");
  const c1 = pointOf(Buffer.concat([word(integer(x)), word(integer(y))]));
  const shared = rawOf(c1.multiply(number(d)));
  const stream = [];
  for (let counter = 1; 32 * stream.length < c2.length; counter++) {
    stream.push(sm3(shared, Buffer.from([0, 0, 0, counter])));
  }
  const mask = Buffer.concat(stream);
  const key = Buffer.from(c2.map((octet, place) => octet ^ mask[place]));
  require_(equal(sm3(shared.subarray(0, 32), key, shared.subarray(32)), c3), "the wrapped key does not open");
  return key;
}
