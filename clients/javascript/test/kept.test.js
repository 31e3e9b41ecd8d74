// A folder of kept receipts: what each file is, whether it holds, and what their numbers tell.
import assert from "node:assert/strict";
import { generateKeyPairSync, sign as signEd25519 } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { b64u, sha256, unhex } from "../src/bytes.js";
import * as canonical from "../src/canonical.js";
import { LedgerError } from "../src/errors.js";
import { checkKept, KeptCalls, readKept } from "../src/kept.js";
import { KeptKeys } from "../src/keptkeys.js";
import { leafHash } from "../src/merkle.js";
import { Receipt } from "../src/receipt.js";
import * as sm2 from "../src/sm2.js";

const read = (name) => JSON.parse(readFileSync(new URL(`../../../tests/vectors/${name}.json`, import.meta.url), "utf8"));
const { origin, department, leaves } = read("log");
const TEMPLATE = { ...JSON.parse(leaves[0].bytes), outcome: "served" };
const ZERO = "0".repeat(64);
const GRANT = { provider: department, entry: TEMPLATE.entry };
const BEGINNING = TEMPLATE.at;
const name = (receipt) => `${receipt.event}-${leafHash(receipt.leafBytes).toString("hex").slice(0, 16)}.json`;

function newPair() {
  const [d, ed25519] = [BigInt(`0x${"17".repeat(32)}`), generateKeyPairSync("ed25519")];
  const raw = { sm2: sm2.publicOf(d), ed25519: ed25519.publicKey.export({ format: "der", type: "spki" }).subarray(-32) };
  return { d, secret: ed25519.privateKey, raw };
}
const pair = newPair();

function noteOf(text, { d, secret, raw }) {
  const keyHash = (type, key) => sha256(Buffer.from(`${origin}\n`), type, key).subarray(0, 4);
  const line = (type, key, signature) => `— ${origin} ${Buffer.concat([keyHash(type, key), signature]).toString("base64")}\n`;
  const bytes = Buffer.from(text);
  const ed25519 = line(Buffer.from([1]), raw.ed25519, signEd25519(null, bytes, secret));
  return `${text}\n${ed25519}${line(Buffer.from("\xffsm2-sm3\n", "latin1"), raw.sm2, sm2.sign(d, raw.sm2, bytes))}`;
}

/** A receipt under a tree of its own leaf alone. */
function receiptOf(changes, signing = pair) {
  const leaf = canonical.render({ ...TEMPLATE, ...changes });
  const text = `${origin}\n1\n${leafHash(leaf).toString("base64")}\n`;
  return new Receipt({ v: 1, leaf: b64u(leaf), index: 0, size: 1, proof: [], checkpoint: noteOf(text, signing) });
}

/** Receipts one after another, each linked to the one before. */
function chain(count) {
  const found = [];
  for (let number = 1; number <= count; number++) {
    const before = found.at(-1);
    const prev = before ? leafHash(before.leafBytes).toString("hex") : ZERO;
    found.push(receiptOf({ number, prev, event: number.toString(16).padStart(64, "0"), at: BEGINNING + number }));
  }
  return found;
}

const anchor = (receipt, size = 1) => ({ chainId: 1, contract: "00".repeat(20), tx: ZERO, block: 1, blockHash: ZERO, size, consistency: [] });
const trust = {
  logKeys: async () => ({ origin, pairs: [pair.raw] }),
  anchoredRoot: async (_, __, size) => {
    if (size !== 1) throw new LedgerError("not-found");
    return trust.root;
  },
};
const code = (wanted) => ({ code: wanted });

test("tells what a file is, by its members and by its name", () => {
  const [receipt] = chain(1);
  const call = { request: {}, authorisation: 1 };
  assert.deepEqual(readKept(name(receipt), receipt.bytes).receipt.bytes, receipt.bytes);
  assert.deepEqual(readKept("any.json", receipt.bytes).receipt.bytes, receipt.bytes);
  const java = { v: 1, call, opening: {}, receipt: receipt.toJSON() };
  assert.deepEqual(readKept(`${receipt.event}.json`, canonical.render(java)).receipt.bytes, receipt.bytes);
  assert.deepEqual(readKept(`${receipt.event}.json`, canonical.render({ v: 1, call })), { waiting: true });
  for (const foreign of ["", "{}", "[1]", "null", "hello", "{\"v\":1}", "\ufeff{}", "<script>"]) {
    assert.deepEqual(readKept("notes.json", Buffer.from(foreign)), {}, foreign);
  }
});

test("a file that was a receipt and is damaged is no foreign file", () => {
  const [receipt] = chain(1);
  const damaged = [receipt.bytes.subarray(0, 300), Buffer.alloc(0), Buffer.from("{}"), Buffer.from([0xff, 0xfe])];
  for (const bytes of damaged) assert.throws(() => readKept(name(receipt), bytes), code("malformed-receipt"));
  const spaced = Buffer.from(JSON.stringify(receipt.toJSON(), null, 1));
  assert.throws(() => readKept("any.json", spaced), code("malformed-receipt"));
  const other = { ...receipt.toJSON(), leaf: b64u(canonical.render({ type: "audit" })) };
  assert.throws(() => readKept("any.json", canonical.render(other)), code("malformed-receipt"));
});

test("a receipt holds by its log, its provider and its entry; an anchor by the chain's root", async () => {
  const [receipt] = chain(1);
  assert.equal(await checkKept(receipt, trust, GRANT), "logged");
  trust.root = receipt.checkpoint.root;
  assert.equal(await checkKept(receipt.withAnchor(anchor(receipt)), trust, GRANT), "anchored");
  assert.equal(await checkKept(receipt.withAnchor(anchor(receipt, 7)), trust, GRANT), "unconfirmed");
  trust.root = sha256(Buffer.from("another"));
  await assert.rejects(checkKept(receipt.withAnchor(anchor(receipt)), trust, GRANT), code("consistency-invalid"));
});

test("what was changed, signed by another or of another's log does not hold", async () => {
  const [receipt] = chain(1);
  const changed = { ...receipt.toJSON(), leaf: b64u(canonical.render({ ...receipt.leaf, rows: receipt.leaf.rows + 1 })) };
  await assert.rejects(checkKept(new Receipt(changed), trust, GRANT), code("inclusion-invalid"));
  await assert.rejects(checkKept(receiptOf({}, newPair()), trust, GRANT), code("checkpoint-invalid"));
  await assert.rejects(checkKept(receipt, trust, { ...GRANT, provider: "11130900MB0000001M" }), code("receipt-invalid"));
  await assert.rejects(checkKept(receipt, trust, { ...GRANT, entry: ZERO }), code("receipt-invalid"));
  await assert.rejects(checkKept(receiptOf({ judged: TEMPLATE.judged - 100 }), trust, GRANT), code("malformed-receipt"));
  const elsewhere = { ...receipt.toJSON(), checkpoint: receipt.toJSON().checkpoint.replaceAll("shareledger", "otherledger") };
  await assert.rejects(checkKept(new Receipt(elsewhere), trust, GRANT), code("receipt-invalid"));
});

test("a call that its node knew no authorisation of is logged by whom it is, of no entry", async () => {
  const unknown = receiptOf({ outcome: "authorisation-unknown", entry: ZERO, number: 0 });
  assert.equal(await checkKept(unknown, trust, { ...GRANT, provider: "11130900MB0000001M" }), "logged");
});

function countedOf(receipts) {
  const calls = new KeptCalls();
  receipts.forEach((receipt, at) => calls.add(receipt, `${at}.json`, "logged"));
  return calls;
}

test("gaps are seen between receipts, before the first, and behind the last where the last call is known", () => {
  const all = chain(9);
  assert.deepEqual(countedOf(all).missing(), []);
  assert.deepEqual(countedOf(all).missing(9), []);
  const some = countedOf(all.filter((_, at) => ![0, 3, 4].includes(at)));
  assert.deepEqual(some.missing(), [[1, 1], [4, 5]]);
  assert.deepEqual(some.missing(12), [[1, 1], [4, 5], [10, 12]]);
  assert.deepEqual(some.missing(5), [[1, 1], [4, 5]]);
  assert.deepEqual(countedOf([]).missing(3), [[1, 3]]);
  // A gap hides no link, and makes none up.
  assert.deepEqual(some.contradictions(), []);
});

test("counts a leaf once, whichever of its files is anchored", () => {
  const [first, second] = chain(2);
  const calls = countedOf([first, second, first]);
  assert.deepEqual([calls.count, calls.copies, calls.anchored], [2, 1, 0]);
  calls.add(first, "again.json", "anchored");
  assert.deepEqual([calls.count, calls.copies, calls.anchored], [2, 2, 1]);
  assert.deepEqual([calls.first, calls.last], [BEGINNING + 1, BEGINNING + 2]);
  assert.equal(calls.reached(() => 1), 1);
  assert.equal(calls.reached(() => 0), 0);
  assert.deepEqual([...calls.waitingLogs], [origin]);
});

test("two leaves of one number, and a link to what is not kept, are the provider's contradictions", () => {
  const all = chain(4);
  const double = receiptOf({ number: 2, prev: all[1].leaf.prev, event: "f".repeat(64), outcome: "quota-calls", rows: 0 });
  const calls = countedOf([...all, double]);
  assert.deepEqual(calls.contradictions(), [{ number: 2, files: ["1.json", "4.json"], why: "double" }]);
  assert.deepEqual([calls.served, calls.refused], [4, 1]);
  const broken = receiptOf({ number: 3, prev: "a".repeat(64), event: "e".repeat(64) });
  assert.deepEqual(countedOf([all[1], broken]).contradictions(), [{ number: 3, files: ["1.json"], why: "link" }]);
  const begun = receiptOf({ number: 1, prev: "a".repeat(64) });
  assert.deepEqual(countedOf([begun]).contradictions(), [{ number: 1, files: ["0.json"], why: "link" }]);
});

test("leaves without a number stand outside the numbers", () => {
  const calls = countedOf([...chain(1), receiptOf({ number: 0, outcome: "authorisation-unknown", event: "d".repeat(64) })]);
  assert.deepEqual([calls.count, calls.unnumbered, calls.highest, calls.missing()], [2, 1, 1, []]);
});

/** A log whose keys end at given seconds, and how often it was asked. */
function keysEnding(...ends) {
  const asked = [];
  const raw = (end) => ({ sm2: Buffer.alloc(64, end % 251), ed25519: Buffer.alloc(32, end % 241) });
  const logKeys = async (_, { at }) => {
    asked.push(at);
    const pairs = ends.filter((end) => at <= end).map(raw);
    if (pairs.length === 0) throw new LedgerError("ledger-behind");
    return { origin, pairs };
  };
  return { asked, logKeys, expected: (at) => ends.filter((end) => at <= end).map((end) => raw(end).sm2) };
}

test("keys are those of each receipt's second, the second of a revocation included, by few questions", async () => {
  const now = 2_000_000_000;
  const log = keysEnding(1_000_000_500, 1_500_000_000, 3_000_000_000);
  const keys = new KeptKeys(log, () => 1000 * now);
  const seconds = [...Array.from({ length: 2000 }, (_, at) => 1_000_000_000 + at), 1_499_999_999, 1_500_000_000, 1_500_000_001, now + 5];
  for (const at of seconds) {
    const { pairs } = await keys.logKeys(department, { generation: 1, at });
    assert.deepEqual(pairs.map(({ sm2: raw }) => raw), log.expected(at), String(at));
  }
  assert.ok(log.asked.length < 100, `${log.asked.length} questions`);
  assert.equal(new Set(log.asked).size, log.asked.length);
});

test("a log that has no key for a second is an error for it, and for none before", async () => {
  const log = keysEnding(1_000_000_500);
  const keys = new KeptKeys(log, () => 2_000_000_000_000);
  for (let at = 1_000_000_400; at <= 1_000_000_500; at++) assert.equal((await keys.logKeys(department, { generation: 1, at })).pairs.length, 1);
  for (const at of [1_000_000_501, 1_700_000_000]) {
    await assert.rejects(keys.logKeys(department, { generation: 1, at }), code("ledger-behind"));
  }
  assert.ok(log.asked.length < 50, `${log.asked.length} questions`);
});

test("what is wrong with the way to the node is told, and asked again", async () => {
  let failing = true;
  const log = keysEnding(3_000_000_000);
  const flaky = {
    logKeys: (...asked) => {
      if (failing) throw new LedgerError("peer-unavailable");
      return log.logKeys(...asked);
    },
  };
  const keys = new KeptKeys(flaky);
  await assert.rejects(keys.logKeys(department, { generation: 1, at: 5 }), code("peer-unavailable"));
  failing = false;
  assert.equal((await keys.logKeys(department, { generation: 1, at: 5 })).pairs.length, 1);
});
