// tests/vectors/evidence.json: it must verify, and with any byte changed it must not.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { verifyEvidence } from "../src/index.js";

const read = (name) => readFileSync(new URL(`../../../tests/vectors/${name}.json`, import.meta.url));
const [bundle, trust] = [read("evidence"), read("evidence-trust")];
const { event } = JSON.parse(bundle).claim;
const trusting = (change) => Buffer.from(JSON.stringify({ ...JSON.parse(trust), ...change }));

test("is proven, and says what", () => {
  const { verdict, outcome, event: proven, explanation } = verifyEvidence(bundle, trust);
  assert.deepEqual([verdict, outcome, proven], ["proven", "served", event]);
  assert.match(explanation, /第 \d+ 块锚定/);
});

test("with a byte changed it is refused, and the place is named", () => {
  for (let at = 0; at < bundle.length; at += 1499) {
    const changed = Buffer.from(bundle);
    changed[at] = changed[at] === 0x61 ? 0x62 : 0x61;
    const refused = (error) => error.code === "evidence-invalid" && error.facts.where.length > 0;
    assert.throws(() => verifyEvidence(changed, trust), refused, `byte ${at}`);
  }
});

test("cut, or of nothing but brackets, it is refused", () => {
  for (const each of [Buffer.alloc(0), bundle.subarray(0, 100), Buffer.from("[".repeat(10_000)), Buffer.from("{}")]) {
    assert.throws(() => verifyEvidence(each, trust), { code: "evidence-invalid" });
  }
});

test("by another root key, registry or chain it is refused", () => {
  const other = JSON.parse(bundle).headers.length;
  const changes = [{ registry: "00".repeat(20) }, { chainId: 1 }, { genesisHash: "00".repeat(32) }];
  for (const change of [...changes, { head: { number: other - 1, hash: "00".repeat(32) } }]) {
    assert.throws(() => verifyEvidence(bundle, trusting(change)), { code: "evidence-invalid" });
  }
});

test("a trust file of another form is malformed", () => {
  const twice = trust.toString().replace("{", '{"chainId":1,');
  const text = Buffer.from(`{"a:b":"c\\":d"}`);
  const forms = [trusting({ more: 1 }), trusting({ head: {} }), trusting({ rootKey: "00".repeat(64) }), trusting({ blocks: "AAAA" })];
  for (const each of [...forms, Buffer.from(twice), Buffer.from("[]"), Buffer.from("no"), Buffer.alloc(0), text]) {
    assert.throws(() => verifyEvidence(bundle, each), { code: "malformed-evidence" });
  }
});
