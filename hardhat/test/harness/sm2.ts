// SM2 signatures (GB/T 32918.2) with fixed keys and fixed nonces, for tests only: it takes no care of secrets.
//
// Written apart from the Solidity and from libcrypto, so that the three check each other; gas snapshots need
// signatures that come out the same every time.
import { createHash } from "node:crypto";
import { encodeAbiParameters, keccak256, type Hex } from "viem";

export const P = 0xfffffffeffffffffffffffffffffffffffffffff00000000ffffffffffffffffn;
export const N = 0xfffffffeffffffffffffffffffffffff7203df6b21c6052b53bbf40939d54123n;
export const A = P - 3n;
export const B = 0x28e9fa9e9d9f5e344d5a9e4bcf6509a7f39789f515ab8f92ddbcbd414d940e93n;
export const GX = 0x32c4ae2c1f1981195f9904466a39c9948fe30bbff2660be1715a4589334c74c7n;
export const GY = 0xbc3736a2f4f6779c59bdcee36b692153d0a9877cc62a474002df32e52139f0a0n;

type Jacobian = readonly [x: bigint, y: bigint, z: bigint];

/** An SM2 key with everything that is derived from it. */
export interface Sm2Key {
  readonly d: bigint;
  readonly x: bigint;
  readonly y: bigint;
  /** keccak256(abi.encode(x, y)) */
  readonly id: Hex;
  readonly za: Buffer;
}

/** r and s of a signature. */
export interface Sm2Signature {
  readonly r: bigint;
  readonly s: bigint;
}

/** The remainder that is not negative. */
export function mod(value: bigint, modulus: bigint): bigint {
  const rest = value % modulus;
  return rest < 0n ? rest + modulus : rest;
}

/** The inverse of a value that is not zero modulo a prime. */
export function invert(value: bigint, prime: bigint): bigint {
  let [a, b, u, v] = [mod(value, prime), prime, 1n, 0n];
  while (a > 1n) {
    const quotient = b / a;
    [a, b] = [b - quotient * a, a];
    [u, v] = [v - quotient * u, u];
  }
  return mod(u, prime);
}

function double([x, y, z]: Jacobian): Jacobian {
  const gamma = (y * y) % P;
  const beta = (x * gamma) % P;
  const alpha = (3n * (x - z * z) * (x + z * z)) % P;
  const x3 = mod(alpha * alpha - 8n * beta, P);
  return [x3, mod(alpha * (4n * beta - x3) - 8n * gamma * gamma, P), (2n * y * z) % P];
}

function add(a: Jacobian, b: Jacobian): Jacobian {
  if (a[2] === 0n) return b;
  if (b[2] === 0n) return a;
  const [za, zb] = [(a[2] * a[2]) % P, (b[2] * b[2]) % P];
  const [u, v] = [(a[0] * zb) % P, (a[1] * zb * b[2]) % P];
  const [h, r] = [mod(b[0] * za - u, P), mod(b[1] * za * a[2] - v, P)];
  if (h === 0n) return r === 0n ? double(a) : [1n, 1n, 0n];
  const [hh, hhh] = [(h * h) % P, (h * h * h) % P];
  const x = mod(r * r - hhh - 2n * u * hh, P);
  return [x, mod(r * (u * hh - x) - v * hhh, P), (a[2] * b[2] * h) % P];
}

/** An affine point. */
export interface Point {
  readonly x: bigint;
  readonly y: bigint;
}

export const G: Point = { x: GX, y: GY };

function affine([x, y, z]: Jacobian): Point {
  const inverse = invert(z, P);
  return { x: (x * inverse * inverse) % P, y: mod(y * inverse * inverse * inverse, P) };
}

/** k times a point; `k` is not a multiple of the order. */
export function multiply(k: bigint, point = G): Point {
  let sum: Jacobian = [1n, 1n, 0n];
  for (const bit of k.toString(2)) {
    sum = double(sum);
    if (bit === "1") sum = add(sum, [point.x, point.y, 1n]);
  }
  return affine(sum);
}

/** The sum of two points that are not opposite. */
export function plus(a: Point, b: Point): Point {
  return affine(add([a.x, a.y, 1n], [b.x, b.y, 1n]));
}

/** A point with this x, if the curve has one. */
export function findPoint(x: bigint): Point | undefined {
  const square = mod(x * x * x + A * x + B, P);
  let [y, base, exponent] = [1n, square, (P + 1n) / 4n];
  for (; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) y = (y * base) % P;
    base = (base * base) % P;
  }
  return (y * y) % P === square ? { x, y } : undefined;
}

/** 32 big-endian bytes. */
export function word(value: bigint): Buffer {
  return Buffer.from(value.toString(16).padStart(64, "0"), "hex");
}

/** SM3 by OpenSSL. */
export function sm3(...parts: Uint8Array[]): Buffer {
  const hash = createHash("sm3");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** The key of a private number. */
export function keyOf(d: bigint): Sm2Key {
  const { x, y } = multiply(d);
  const za = sm3(Buffer.from("008031323334353637383132333435363738", "hex"), ...[A, B, GX, GY, x, y].map(word));
  const id = keccak256(encodeAbiParameters([{ type: "uint256" }, { type: "uint256" }], [x, y]));
  return { d, x, y, id, za };
}

/** The key that a name stands for, always the same. */
export function keyNamed(name: string): Sm2Key {
  return keyOf((BigInt(`0x${createHash("sha256").update(name).digest("hex")}`) % (N - 2n)) + 1n);
}

/** Sign a message; the nonce follows from key and message. */
export function sign(key: Sm2Key, message: Uint8Array): Sm2Signature {
  const e = BigInt(`0x${sm3(key.za, message).toString("hex")}`);
  const seed = createHash("sha256").update(word(key.d)).update(word(e)).digest("hex");
  return signWith(key, e, (BigInt(`0x${seed}`) % (N - 1n)) + 1n);
}

/** Sign a digest with a given nonce. */
export function signWith(key: Sm2Key, e: bigint, k: bigint): Sm2Signature {
  const r = mod(e + multiply(k).x, N);
  const s = mod(invert(1n + key.d, N) * (k - r * key.d), N);
  return { r, s };
}
