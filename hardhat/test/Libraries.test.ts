// SM3, SM2 and Hex from inside, with inputs the contracts' own functions do not let through.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { toHex, type Hex } from "viem";
import { Chain, type Deployed } from "./harness/chain.ts";
import { compileLibrary } from "./harness/library.ts";
import { findPoint, G, invert, keyNamed, mod, multiply, N, P, plus, sm3, word, type Point } from "./harness/sm2.ts";

let chain: Chain;
let library: Deployed;
before(async () => {
  chain = await Chain.start();
  library = await chain.deploy("Library", [], compileLibrary());
});

function bytesOf(length: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * 167 + length) & 0xff));
}

describe("SM3", () => {
  it("gives the digests of GB/T 32905 annex A", async () => {
    const path = new URL("../../tests/vectors/sm3.json", import.meta.url);
    for (const { message, digest } of JSON.parse(readFileSync(path, "utf8")).cases) {
      assert.equal(await chain.read(library, "sm3", [toHex(Buffer.from(message))]), `0x${digest}`);
    }
  });

  it("agrees with OpenSSL on every length up to four blocks", async () => {
    for (let length = 0; length <= 256; length++) {
      const message = bytesOf(length);
      assert.equal(await chain.read(library, "sm3", [toHex(message)]), toHex(sm3(message)), `${length} bytes`);
    }
  });

  it("agrees with OpenSSL on a long message", async () => {
    const message = bytesOf(5000);
    assert.equal(await chain.read(library, "sm3", [toHex(message)]), toHex(sm3(message)));
  });
});

describe("Hex", () => {
  it("writes every digit in lower case, without 0x", async () => {
    for (const value of [0n, 2n ** 256n - 1n, BigInt(`0x${"0123456789abcdef".repeat(4)}`)]) {
      assert.equal(await chain.read(library, "hexOf", [toHex(word(value))]), word(value).toString("hex"));
    }
  });

  it("writes an address without the mixed case of EIP-55", async () => {
    const account = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266";
    assert.equal(await chain.read(library, "hexOfAddress", [account]), account.slice(2));
  });
});

describe("SM2", () => {
  /** A digest for which (r = t - s, s) is a signature of the point R = s*G + t*Q. */
  function digestFor(sum: Point, s: bigint, t: bigint): [Hex, bigint] {
    const r = mod(t - s, N);
    return [toHex(word(mod(r - sum.x, N))), r];
  }

  function accepts(e: Hex, r: bigint, s: bigint, { x, y }: Point): Promise<boolean> {
    return chain.read(library, "sm2", [e, r, s, x, y]);
  }

  it("adds right where the key is a small multiple or fraction of the base point", async () => {
    // Then the sum meets points of its own table, their opposites, and the point at infinity on the way.
    const half = invert(2n, N);
    const third = invert(3n, N);
    const keys = [1n, 2n, 3n, 4n, 5n, half, third, (2n * third) % N, (3n * half) % N];
    for (const d of keys.flatMap((one) => [one, N - one])) {
      const key = multiply(d);
      for (const s of [1n, 2n, 3n, 5n, 6n, 16n, N - 1n]) {
        for (const t of [1n, 2n, 4n, 7n, 13n, 32n, N - 2n]) {
          const total = mod(s + t * d, N);
          if (s === t) continue;
          const label = `d=${d} s=${s} t=${t}`;
          if (total === 0n) {
            // The sum is the point at infinity, which has no x: whatever e is, nothing is signed.
            assert.equal(await accepts(toHex(word(mod(t - s, N))), mod(t - s, N), s, key), false, label);
          } else {
            const [e, r] = digestFor(multiply(total), s, t);
            assert.equal(await accepts(e, r, s, key), true, label);
            assert.equal(await accepts(toHex(word(mod(BigInt(e) + 1n, N))), r, s, key), false, label);
          }
        }
      }
    }
  });

  it("compares x modulo the order where x is larger than it", async () => {
    let x = N;
    let found = findPoint(x);
    while (found === undefined) found = findPoint(++x);
    assert.ok(x < P);
    const [s, t] = [7n, 11n];
    const minus = multiply(N - s);
    const key = multiply(invert(t, N), plus(found, minus));
    const [e, r] = digestFor(found, s, t);
    assert.equal(await accepts(e, r, s, key), true);
    const [other] = digestFor({ x: x + 1n, y: 0n }, s, t);
    assert.equal(await accepts(other, r, s, key), false);
  });

  it("takes a digest above the order modulo the order", async () => {
    const sum = multiply(77n);
    const [s, e] = [9n, 5n];
    const r = mod(e + sum.x, N);
    const key = multiply(invert(r + s, N), plus(sum, multiply(N - s)));
    assert.equal(await accepts(toHex(word(e)), r, s, key), true);
    assert.equal(await accepts(toHex(word(e + N)), r, s, key), true);
    assert.equal(await accepts(toHex(word(e + N + 1n)), r, s, key), false);
  });

  it("refuses numbers out of range", async () => {
    const key = keyNamed("range");
    const [s, t] = [7n, 11n];
    const [e, r] = digestFor(multiply(mod(s + t * key.d, N)), s, t);
    assert.equal(await accepts(e, r, s, key), true);
    for (const [wrongR, wrongS] of [
      [0n, s],
      [N, s],
      [r + N, s],
      [r, 0n],
      [r, N],
      [r, s + N],
      [2n ** 256n - 1n, s],
      [r, 2n ** 256n - 1n],
      [r, N - r],
    ] as const) {
      if (wrongR < 2n ** 256n) assert.equal(await accepts(e, wrongR, wrongS, key), false, `${wrongR} ${wrongS}`);
    }
  });

  it("refuses points that are not on the curve", async () => {
    const key = keyNamed("curve");
    const [s, t] = [7n, 11n];
    const [e, r] = digestFor(multiply(mod(s + t * key.d, N)), s, t);
    const wrong = [
      { x: 0n, y: 0n },
      { x: key.x, y: key.y + 1n },
      { x: key.x, y: P - key.y },
      { x: P, y: key.y },
      { x: G.x, y: P + 1n },
    ];
    for (const point of wrong) assert.equal(await accepts(e, r, s, point), false, `${point.x} ${point.y}`);
  });
});
