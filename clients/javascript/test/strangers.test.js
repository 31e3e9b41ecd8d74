// Whatever bytes a stranger sends, a parser throws a LedgerError or reads them: never another error.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import * as canonical from "../src/canonical.js";
import { parseNote, parseOrigin } from "../src/checkpoint.js";
import { openEnvelope } from "../src/envelope.js";
import { errorOf, LedgerError } from "../src/errors.js";
import { readPrivateKey } from "../src/keyfile.js";
import { SoftwareOpener } from "../src/keys.js";
import { parseLeaf } from "../src/leaf.js";
import { Receipt, verifyReceipt } from "../src/receipt.js";
import { normaliseSignature, unwrap } from "../src/sm2.js";

const VECTORS = new URL("../../../tests/vectors/", import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(`${name}.json`, VECTORS), "utf8"));
const { receipt, anchored, origin } = read("log");
const { envelope } = read("answer");
const opener = new SoftwareOpener(Buffer.from(read("keys").sm2["encryption key of the application"].d, "hex"));
const keyFile = readFileSync(new URL("keyfiles/openssl-sec1.der", VECTORS));
const STRANGE = [null, true, -1, 2 ** 53, 1.5, "", "\ud800", "é", [], {}, [[]], { a: 1 }, "A".repeat(70_000)];

/** The same numbers every time (mulberry32). */
function chance(seed) {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

async function survives(act, what) {
  try {
    await act();
  } catch (error) {
    assert.ok(error instanceof LedgerError, `${what}: ${error.stack}`);
  }
}

/** Yield a value with one member, at any depth, made strange or taken away. */
function* spoilt(value) {
  for (const name of Object.keys(value)) {
    const { [name]: old, ...rest } = value;
    const back = (inner) => (Array.isArray(value) ? Object.assign([...value], { [name]: inner }) : { ...value, [name]: inner });
    if (!Array.isArray(value)) yield rest;
    for (const each of STRANGE) yield back(each);
    if (old !== null && typeof old === "object") for (const inner of spoilt(old)) yield back(inner);
  }
  if (!Array.isArray(value)) yield { ...value, more: 1 };
}

test("receipts and envelopes with a strange member", async () => {
  const pairs = [{ sm2: Buffer.alloc(64, 1), ed25519: Buffer.alloc(32, 1) }];
  for (const each of [...spoilt(receipt), ...spoilt(anchored), ...STRANGE]) {
    await survives(() => {
      const parsed = new Receipt(each);
      void [parsed.leaf, parsed.log, parsed.bytes];
      verifyReceipt(parsed, { origin, pairs });
    }, "receipt");
  }
  for (const each of [...spoilt(envelope), ...STRANGE]) {
    await survives(() => openEnvelope(each, opener, Buffer.alloc(32)), "envelope");
  }
  for (const each of [...spoilt({ code: "x", detail: "y" }), ...STRANGE]) {
    for (const status of [200, 404, 500]) assert.ok(errorOf(status, each, "http://x") instanceof LedgerError);
  }
});

test("bytes with anything changed, cut or put in", async () => {
  const below = chance(7);
  const wrapped = Buffer.from(envelope.recipients[0].wrapped, "base64url");
  const readers = {
    leaf: [Buffer.from(receipt.leaf, "base64url"), (bytes) => parseLeaf(bytes)],
    note: [Buffer.from(receipt.checkpoint), (bytes) => parseOrigin(parseNote(bytes.toString()).origin)],
    json: [canonical.render(receipt), (bytes) => Receipt.parse(bytes)],
    der: [wrapped, (bytes) => unwrap(5n, bytes)],
    signature: [Buffer.from("3006020101020101", "hex"), (bytes) => normaliseSignature(bytes)],
    key: [keyFile, (bytes) => readPrivateKey(bytes, "x")],
    pem: [Buffer.from(`-----BEGIN PRIVATE KEY-----\n${keyFile.toString("base64")}\n-----END PRIVATE KEY-----\n`), (bytes) => readPrivateKey(bytes, "x")],
  };
  for (const [what, [bytes, reader]] of Object.entries(readers)) {
    for (let round = 0; round < 150; round++) {
      const [at, size] = [below(bytes.length), below(4)];
      const parts = [bytes.subarray(0, at), Buffer.from(Array.from({ length: below(4) }, () => below(256)))];
      const rest = below(8) === 0 ? [] : [bytes.subarray(at + size)];
      const changed = Buffer.concat([...parts, ...rest]);
      await survives(() => reader(changed), `${what} ${changed.toString("hex")}`);
    }
  }
});
