// tests/vectors of the repository, checked with this package's code.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { keccak256, sm3, unb64u, unhex } from "../src/bytes.js";
import * as call from "../src/call.js";
import * as canonical from "../src/canonical.js";
import { parseNote, verifyNote } from "../src/checkpoint.js";
import { openEnvelope } from "../src/envelope.js";
import { signedText } from "../src/evidence/decisions.js";
import { SoftwareOpener, SoftwareSigner } from "../src/keys.js";
import { bitmap, parseLeaf } from "../src/leaf.js";
import { leafHash, verifyConsistency, verifyInclusion } from "../src/merkle.js";
import { Receipt, verifyReceipt } from "../src/receipt.js";
import * as sm2 from "../src/sm2.js";
import * as sm4gcm from "../src/sm4gcm.js";

const REPOSITORY = new URL("../../../", import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(`tests/vectors/${name}.json`, REPOSITORY), "utf8"));
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const keccak = (bytes) => hex(keccak256(bytes));
const keys = read("keys");
const scalar = (name) => unhex(keys.sm2[name].d);
const raw = (name) => unhex(keys.sm2[name].x + keys.sm2[name].y, undefined, 64);
const coded = (code) => ({ code });

test("keys", () => {
  for (const [name, { keyid, za }] of Object.entries(keys.sm2)) {
    const key = new SoftwareSigner(scalar(name));
    assert.deepEqual([hex(key.raw), key.keyid, hex(sm2.za(key.raw))], [hex(raw(name)), keyid, za]);
  }
});

test("ids", () => {
  const ids = read("ids");
  const department = (code) => Buffer.concat([Buffer.from(code), Buffer.alloc(32 - code.length)]);
  const codeHash = (code) => keccak256(Buffer.from(code));
  const under = ({ department: owner, code }) => keccak(Buffer.concat([department(owner), codeHash(code)]));
  assert.equal(hex(department(ids.department.code)), ids.department.id);
  assert.equal(under(ids.application), ids.application.id);
  assert.equal(under(ids.entry), ids.entry.id);
  assert.equal(hex(codeHash(ids.purpose.code)), ids.purpose.id);
  assert.equal(bitmap(ids.items.codes, ids.items.chosen), ids.items.bitmap);
  assert.throws(() => bitmap(ids.items.codes, ["NONE"]), coded("item-not-granted"));
  assert.equal(keccak(Buffer.from(ids.log.origin)), ids.log.id);
  assert.equal(hex(call.eventId(ids.event)), ids.event.id);
});

test("canonical JSON", () => {
  const { accepted, refused } = read("canonical");
  for (const { value, bytes } of accepted) {
    assert.equal(hex(canonical.render(value)), bytes);
    canonical.parse(Buffer.from(bytes, "hex"));
  }
  for (const [what, bytes] of Object.entries(refused)) {
    assert.throws(() => canonical.parse(Buffer.from(bytes, "hex")), coded("malformed-request"), what);
  }
});

test("documents", () => {
  for (const { kind, bytes, digest } of read("documents").documents) {
    assert.equal(canonical.parse(Buffer.from(bytes)).type, kind);
    assert.equal(hex(sm3(bytes)), digest);
  }
});

/** A message as events have it: hex without its prefix. */
const plainly = (value) =>
  Array.isArray(value) ? value.map(plainly)
  : typeof value === "object" ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plainly(each)]))
  : typeof value === "string" ? value.replace(/^0x/, "") : value; // prettier-ignore

test("decisions", () => {
  const { chainId, contracts, decisions } = read("decisions");
  for (const decision of decisions) {
    const event = { struct: decision.struct, args: plainly(decision.message) };
    assert.equal(signedText(event, chainId, contracts[decision.contract]), decision.text, decision.struct);
    sm2.verify(raw(decision.signer), decision.text, unhex(decision.signature, undefined, 64));
    if (decision.possession) {
      sm2.verify(raw(decision.possessedBy), decision.text, unhex(decision.possession, undefined, 64));
    }
  }
});

test("calls", () => {
  const { key: name, calls } = read("calls");
  const { keyid } = keys.sm2[name];
  for (const each of calls) {
    const params = call.parameters({ ...each, keyid });
    assert.equal(`sig=${params}`, each.headers["signature-input"]);
    const digest = call.contentDigest(each.body);
    assert.equal(digest, each.headers["content-digest"]);
    assert.equal(call.base({ ...each, contentType: each.headers["content-type"], digest, params }), each.base);
    assert.equal(hex(sm2.digestOf(raw(name), each.base)), each.e);
    assert.equal(hex(call.eventId({ ...each, keyid })), each.event);
    const signature = unhex(each.signature, undefined, 64);
    sm2.verify(raw(name), each.base, signature);
    assert.throws(() => sm2.verify(raw(name), `${each.base} `, signature), coded("signature-invalid"));
  }
});

test("a sealed answer", async () => {
  const { event, recipient, plaintext, plain, envelope, answer } = read("answer");
  const opener = new SoftwareOpener(scalar(recipient));
  const opened = await openEnvelope(envelope, opener, unhex(event));
  assert.deepEqual([opened.toString(), hex(sm3(opened))], [plaintext, plain]);
  assert.equal(hex(sm3(canonical.render(envelope))), answer);
  const malformed = coded("malformed-envelope");
  await assert.rejects(openEnvelope(envelope, opener, Buffer.alloc(32)), malformed);
  const another = new SoftwareOpener(Buffer.from("11".repeat(32), "hex"));
  await assert.rejects(openEnvelope(envelope, another, unhex(event)), malformed);
});

test("SM4-GCM of a text that is not whole blocks", () => {
  // The vector's, cut: only the tag differs, so what is opened must be refused and never handed out.
  const { key, iv, aad, ciphertext, tag } = read("sm4");
  const parts = [key, iv, aad].map((each) => Buffer.from(each, "hex"));
  sm4gcm.open(...parts, Buffer.from(ciphertext + tag, "hex"));
  for (let at = 0; at < (ciphertext + tag).length / 2; at += 7) {
    const changed = Buffer.from(ciphertext + tag, "hex");
    changed[at] ^= 1;
    assert.throws(() => sm4gcm.open(...parts, changed), coded("malformed-envelope"));
    assert.throws(() => sm4gcm.open(...parts, changed.subarray(0, at)), coded("malformed-envelope"));
  }
});

test("trees, checkpoints, receipts", () => {
  const { keys: names, leaves, others, roots, inclusion, consistency, checkpoint, receipt, anchored, origin } = read("log");
  const pair = { sm2: raw(names.sm2), ed25519: unhex(keys.ed25519[names.ed25519].public) };
  const root = (size) => unhex(roots[size]);
  const nodes = (proof) => proof.map((node) => unhex(node));
  for (const { bytes, hash } of leaves) {
    parseLeaf(Buffer.from(bytes));
    assert.equal(hex(leafHash(Buffer.from(bytes))), hash);
  }
  for (const { kind, bytes, hash } of others) {
    parseLeaf(Buffer.from(bytes), kind);
    assert.equal(hex(leafHash(Buffer.from(bytes))), hash);
    assert.throws(() => parseLeaf(Buffer.from(bytes)), coded("malformed-receipt"));
  }
  for (const { index, size, proof } of inclusion) {
    verifyInclusion(unhex(leaves[index].hash), index, size, nodes(proof), root(size));
  }
  for (const { old, new: size, proof } of consistency) {
    verifyConsistency(old, root(old), size, root(size), nodes(proof));
  }
  const note = parseNote(checkpoint.note);
  verifyNote(note, pair);
  assert.equal(note.text.toString(), checkpoint.text);
  for (const each of [receipt, anchored]) {
    const read_ = new Receipt(each);
    verifyReceipt(read_, { origin, pairs: [pair] });
    assert.deepEqual(JSON.parse(JSON.stringify(read_)), each);
  }
  const flipped = unb64u(receipt.leaf);
  flipped[200] ^= 1;
  const forged = new Receipt({ ...receipt, leaf: flipped.toString("base64url") });
  assert.throws(() => verifyReceipt(forged, { origin, pairs: [pair] }), coded("inclusion-invalid"));
});

test("SM2: a key that verifies often holds and refuses as it did at first, among more keys than are remembered", () => {
  const message = Buffer.from("again and again");
  const signers = Array.from({ length: 18 }, (_, at) => BigInt(1000 + at)).map((d) => ({ d, raw: sm2.publicOf(d) }));
  const signed = signers.map(({ d, raw: own }) => [own, message, sm2.sign(d, own, message)]);
  for (let round = 0; round < 3; round++) {
    for (const [own, , signature] of signed) {
      for (let use = 0; use < 6; use++) {
        sm2.verify(own, message, signature);
        const changed = Buffer.from(signature);
        changed[use * 10] ^= 1;
        assert.throws(() => sm2.verify(own, message, changed), coded("signature-invalid"));
        assert.throws(() => sm2.verify(own, Buffer.from("another"), signature), coded("signature-invalid"));
      }
    }
  }
});
