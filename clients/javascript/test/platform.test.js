// What a page's platform answers is what Node's answers: hashes, derivations, ciphers, Ed25519; and the standards' vectors.
import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes, randomInt, sign } from "node:crypto";
import { test } from "node:test";

import { ed25519 } from "@noble/curves/ed25519";

import * as page from "../src/platform/browser.js";
import * as node from "../src/platform/node.js";

const hex = (bytes) => Buffer.from(bytes).toString("hex");
const HASHES = ["sm3", "md5", "sha1", "sha224", "sha256", "sha384", "sha512"];

test("offers the same names", () => assert.deepEqual(Object.keys(page).sort(), Object.keys(node).sort()));

test("hashes alike, whatever the length and the parts", () => {
  for (const name of HASHES) {
    for (const size of [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000]) {
      const bytes = randomBytes(size);
      const cut = randomInt(size + 1);
      const parts = [bytes.subarray(0, cut), bytes.subarray(cut)];
      assert.equal(hex(page.hash(name, ...parts)), hex(node.hash(name, bytes)), `${name} of ${size}`);
    }
    assert.equal(hex(page.hash(name, "文")), hex(node.hash(name, "文")));
  }
});

test("derives alike, with the browser's own derivation and without it", async () => {
  const { subtle } = globalThis.crypto;
  for (const present of [true, false]) {
    Object.defineProperty(globalThis.crypto, "subtle", { value: present ? subtle : undefined, configurable: true });
    for (const name of HASHES.filter((each) => each !== "md5")) {
      const [salt, size] = [randomBytes(16), randomInt(16, 65)];
      const found = await page.pbkdf2(name, "口令 1", salt, 7, size);
      assert.equal(hex(found), hex(await node.pbkdf2(name, "口令 1", salt, 7, size)), name);
    }
  }
  Object.defineProperty(globalThis.crypto, "subtle", { value: subtle, configurable: true });
  const [salt, cost] = [randomBytes(8), { N: 1024, r: 8, p: 2 }];
  assert.equal(hex(await page.scrypt("pin", salt, 32, cost)), hex(await node.scrypt("pin", salt, 32, cost)));
});

test("SM4 is the standard's, and Node's in counter mode, also where the counter carries", () => {
  const key = Buffer.from("0123456789abcdeffedcba9876543210", "hex"); // GB/T 32907-2016, annex A.1
  assert.equal(hex(page.sm4Block(key, key)), "681edf34d206965e86b3e94f536e4246");
  for (const counter of ["00".repeat(16), "ff".repeat(16), `${"00".repeat(14)}fffe`, `${"ab".repeat(12)}ffffffff`]) {
    const [random, text, start] = [randomBytes(16), randomBytes(randomInt(200)), Buffer.from(counter, "hex")];
    assert.equal(hex(page.sm4Counter(random, start, text)), hex(node.sm4Counter(random, start, text)));
    assert.equal(hex(start), counter);
  }
});

test("opens CBC alike, and refuses the padding that Node refuses", () => {
  const kinds = { "aes-128-cbc": 16, "aes-192-cbc": 24, "aes-256-cbc": 32, "sm4-cbc": 16 };
  const attempt = ({ decryptCbc }, ...given) => {
    try {
      return hex(decryptCbc(...given));
    } catch {
      return "refused";
    }
  };
  const met = new Set();
  for (const [cipher, size] of Object.entries(kinds)) {
    const [key, iv] = [randomBytes(size), randomBytes(16)];
    for (let round = 0; round < 300; round++) {
      // The first block is the vector's business: the last octet runs through all paddings.
      const sealed = randomBytes(16 * randomInt(1, 3));
      const [ours, theirs] = [page, node].map((each) => attempt(each, cipher, key, iv, sealed));
      assert.equal(ours, theirs);
      met.add(theirs === "refused");
    }
  }
  assert.equal(met.size, 2);
});

test("Ed25519: signatures of Node's hold, changed ones hold as little as for Node", () => {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const message = randomBytes(100);
  const signature = sign(null, message, privateKey);
  assert.ok(page.holdsEd25519(raw, message, signature));
  for (let at = 0; at < 96; at++) {
    const changed = Buffer.concat([signature, raw]);
    changed[at] ^= 1 << randomInt(8);
    const given = [changed.subarray(64), message, changed.subarray(0, 64)];
    assert.equal(page.holdsEd25519(...given), node.holdsEd25519(...given), `octet ${at}`);
  }
  // s + n is the same scalar: a second spelling, refused by both.
  const n = 0x1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3edn;
  const s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString("hex")}`) + n;
  const second = Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, "0"), "hex").reverse()]);
  assert.deepEqual([page, node].map((each) => each.holdsEd25519(raw, message, second)), [false, false]);
});

test("Ed25519: a key with a part of small order verifies as in Node, without the cofactor", () => {
  const { ExtendedPoint: Point, CURVE } = ed25519;
  const low = Point.fromHex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", true);
  const [a, message] = [12_345n, Buffer.from("abc")];
  const raw = Buffer.from(Point.BASE.multiply(a).add(low).toRawBytes());
  const held = new Set();
  for (let r = 1n; r < 25n; r++) {
    const point = Buffer.from(Point.BASE.multiply(r).toRawBytes());
    const h = BigInt(`0x${hex(node.hash("sha512", point, raw, message).reverse())}`) % CURVE.n;
    const s = Buffer.from(((r + h * a) % CURVE.n).toString(16).padStart(64, "0"), "hex").reverse();
    const given = [raw, message, Buffer.concat([point, s])];
    assert.equal(page.holdsEd25519(...given), node.holdsEd25519(...given));
    held.add(node.holdsEd25519(...given));
  }
  assert.equal(held.size, 2);
});

test("random bytes are as many as asked for, and equal means equal", () => {
  assert.equal(page.randomBytes(40).length, 40);
  assert.notEqual(hex(page.randomBytes(16)), hex(page.randomBytes(16)));
  assert.deepEqual([[1, 2], [1, 3]].map((pair) => page.timingSafeEqual(Buffer.from([1, 2]), Buffer.from(pair))), [true, false]);
});
