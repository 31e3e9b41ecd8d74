import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { toHex, type Hex } from "viem";
import { Chain, type Deployed } from "./harness/chain.ts";
import { signedByLibcrypto, type Signed } from "./harness/libcrypto.ts";
import { keyNamed, keyOf, P } from "./harness/sm2.ts";

// EDR keeps a trace of every step; the five hundred of each kind run on anvil, tests/integration/test_sm2_verifier.py.
const COUNT = 20;
const standard = JSON.parse(readFileSync(new URL("../../tests/vectors/sm2.json", import.meta.url), "utf8"));

describe("Sm2Verifier", () => {
  let chain: Chain;
  let verifier: Deployed;
  before(async () => {
    chain = await Chain.start();
    verifier = await chain.deploy("Sm2Verifier");
  });

  describe("isOnCurve", () => {
    it("knows the points of the curve", async () => {
      const { x, y } = keyNamed("point");
      assert.equal(await chain.read(verifier, "isOnCurve", [x, y]), true);
      assert.equal(await chain.read(verifier, "isOnCurve", [x, P - y]), true);
    });

    it("refuses other pairs of numbers", async () => {
      const { x, y } = keyNamed("point");
      for (const pair of [[x, y + 1n], [y, x], [0n, 0n], [P, y], [x, P], [x + P, y], [2n ** 256n - 1n, y]]) {
        if (pair.every((one) => (one as bigint) < 2n ** 256n)) {
          assert.equal(await chain.read(verifier, "isOnCurve", pair), false, String(pair));
        }
      }
    });
  });

  describe("identityHash", () => {
    it("gives the ZA of GB/T 32918.5 annex A", async () => {
      const args = [BigInt(`0x${standard.x}`), BigInt(`0x${standard.y}`)];
      assert.equal(await chain.read(verifier, "identityHash", args), `0x${standard.za}`);
    });

    it("agrees with the definition for other keys", async () => {
      for (let d = 1n; d <= 20n; d++) {
        const key = keyOf(d);
        assert.equal(await chain.read(verifier, "identityHash", [key.x, key.y]), toHex(key.za));
      }
    });
  });

  describe("verify", () => {
    const accepts = (one: Signed): Promise<boolean> =>
      chain.read(verifier, "verify", [one.za, one.message, BigInt(one.r), BigInt(one.s), BigInt(one.x), BigInt(one.y)]);

    it("accepts the signature of GB/T 32918.5 annex A", async () => {
      const { x, y, za, signature } = standard;
      const message = toHex(Buffer.from(signature.message));
      const fields = { x, y, za, r: signature.r, s: signature.s };
      const prefixed = Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, `0x${value}`]));
      assert.equal(await accepts({ ...prefixed, message } as unknown as Signed), true);
    });

    describe("signatures made by libcrypto", () => {
      let made: Signed[];
      before(() => {
        made = signedByLibcrypto(COUNT);
      });

      it(`accepts ${COUNT} of them`, async () => {
        assert.equal(made.length, COUNT);
        for (const one of made) assert.equal(await accepts(one), true, JSON.stringify(one));
      });

      it(`refuses ${COUNT} of them with one bit flipped`, async () => {
        const parts = ["message", "za", "r", "s", "x", "y"] as const;
        for (const [i, one] of made.entries()) {
          const part = one.message === "0x" ? "r" : parts[i % parts.length]!;
          const wrong = { ...one, [part]: flipped(one[part], i * 31) };
          assert.equal(await accepts(wrong), false, JSON.stringify({ part, wrong }));
        }
      });

      it("refuses one key's signature under another's name", async () => {
        for (let i = 1; i < 20; i++) {
          const [one, other] = [made[i - 1]!, made[i]!];
          assert.equal(await accepts({ ...one, x: other.x, y: other.y, za: other.za }), false);
        }
      });
    });
  });
});

/** The same bytes with one bit changed. */
function flipped(value: Hex, seed: number): Hex {
  const digits = value.slice(2);
  const bytes = Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex");
  const bit = seed % (bytes.length * 8);
  bytes[bit >> 3]! ^= 1 << (bit & 7);
  return toHex(bytes);
}
