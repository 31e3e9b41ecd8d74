// Checks tests/vectors with this client's code: `node vectors.mjs FOLDER`. One line for each file that holds.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { Refused, require_, sm3, unb64u, unhex } from "./bytes.mjs";
import * as call from "./call.mjs";
import * as canonical from "./canonical.mjs";
import { bitmap } from "./client.mjs";
import * as log from "./log.mjs";
import * as sm2 from "./sm2.mjs";

const { hashTypedData, keccak256, concat, pad, stringToHex } = createRequire(
  new URL("../../../hardhat/package.json", import.meta.url),
)("viem");
const read = (name) => JSON.parse(readFileSync(join(process.argv[2], `${name}.json`), "utf8"));
const hex = (bytes) => Buffer.from(bytes).toString("hex");
const keccak = (bytes) => keccak256(Uint8Array.from(bytes)).slice(2);
const same = (actual, expected, what) => require_(actual === expected, `${what}: ${actual}, not ${expected}`);

const keys = read("keys");
const key = (name) => {
  const { d, x, y, keyid } = keys.sm2[name];
  return { d: unhex(d, 32), raw: unhex(x + y, 64), keyid };
};

function refuses(what, act) {
  try {
    act();
  } catch (error) {
    if (error instanceof Refused) return;
    throw error;
  }
  throw new Refused(`accepted: ${what}`);
}

const checks = {
  keys() {
    for (const [name, { za }] of Object.entries(keys.sm2)) {
      same(hex(sm2.publicOf(key(name).d)), hex(key(name).raw), name);
      same(keccak(key(name).raw), key(name).keyid, name);
      same(hex(sm2.za(key(name).raw)), za, name);
    }
  },
  ids() {
    const ids = read("ids");
    const department = (code) => pad(stringToHex(code), { dir: "right" });
    const codeHash = (code) => keccak256(stringToHex(code));
    const under = ({ department: owner, code }) => keccak256(concat([department(owner), codeHash(code)])).slice(2);
    same(department(ids.department.code).slice(2), ids.department.id, "department");
    same(under(ids.application), ids.application.id, "application");
    same(under(ids.entry), ids.entry.id, "entry");
    same(codeHash(ids.purpose.code).slice(2), ids.purpose.id, "purpose");
    same(bitmap(ids.items.codes, ids.items.chosen), ids.items.bitmap, "items");
    const { chainId, registry, department: owner, origin, id } = ids.log;
    same(`shareledger:${chainId}:${registry}:${owner}`, origin, "origin");
    same(keccak(Buffer.from(origin)), id, "log");
    same(hex(call.eventId(ids.event)), ids.event.id, "event");
  },
  canonical() {
    const { accepted, refused } = read("canonical");
    for (const { value, bytes } of accepted) {
      same(hex(canonical.render(value)), bytes, "rendering");
      canonical.parse(Buffer.from(bytes, "hex"));
    }
    for (const [what, bytes] of Object.entries(refused)) refuses(what, () => canonical.parse(Buffer.from(bytes, "hex")));
  },
  documents() {
    for (const { kind, bytes, digest } of read("documents").documents) {
      const document = canonical.parse(Buffer.from(bytes));
      same(document.type, kind, "type");
      same(unb64u(document.salt).length, 16, "salt");
      same(hex(sm3(bytes)), digest, kind);
    }
  },
  decisions() {
    const { chainId, contracts, decisions } = read("decisions");
    for (const decision of decisions) {
      const types = {};
      for (const [, name, members] of decision.type.matchAll(/(\w+)\(([^)]*)\)/g)) {
        types[name] = members.split(",").map((member) => {
          const [type, field] = member.split(" ");
          return { type, name: field };
        });
      }
      const verifyingContract = `0x${contracts[decision.contract]}`;
      const domain = { name: "ShareLedger", version: "1", chainId, verifyingContract };
      const hashed = hashTypedData({ domain, types, primaryType: decision.struct, message: decision.message });
      same(hashed.slice(2), decision.hash, decision.struct);
      same(`ShareLedger-decision:${decision.hash}`, decision.text, decision.struct);
      sm2.verify(key(decision.signer).raw, decision.text, unhex(decision.signature, 64));
      if (decision.possession) {
        sm2.verify(key(decision.possessedBy).raw, decision.text, unhex(decision.possession, 64));
      }
    }
  },
  calls() {
    const { key: name, calls } = read("calls");
    for (const each of calls) {
      const params = call.parameters({ ...each, keyid: key(name).keyid });
      same(`sig=${params}`, each.headers["signature-input"], each.name);
      const digest = call.contentDigest(each.body);
      same(digest, each.headers["content-digest"], each.name);
      same(call.base({ ...each, contentType: each.headers["content-type"], digest, params }), each.base, each.name);
      same(hex(sm2.digestOf(key(name).raw, each.base)), each.e, each.name);
      same(hex(call.eventId({ ...each, keyid: key(name).keyid })), each.event, each.name);
      sm2.verify(key(name).raw, each.base, unhex(each.signature, 64));
      refuses("a changed base", () => sm2.verify(key(name).raw, `${each.base} `, unhex(each.signature, 64)));
    }
  },
  answer() {
    const { event, recipient, plaintext, plain, envelope, answer } = read("answer");
    const opened = call.open(envelope, key(recipient), unhex(event, 32));
    same(opened.toString(), plaintext, "plaintext");
    same(hex(sm3(opened)), plain, "plain");
    same(hex(sm3(canonical.render(envelope))), answer, "answer");
    refuses("another event", () => call.open(envelope, key(recipient), Buffer.alloc(32)));
  },
  log() {
    const { keys: names, leaves, others, roots, inclusion, consistency, checkpoint, receipt, anchored, origin } = read("log");
    const pair = { sm2: key(names.sm2).raw, ed25519: unhex(keys.ed25519[names.ed25519].public, 32) };
    const root = (size) => unhex(roots[size], 32);
    const nodes = (proof) => proof.map((node) => unhex(node, 32));
    for (const { bytes, hash } of leaves) {
      log.parseLeaf(Buffer.from(bytes));
      same(hex(log.leafHash(bytes)), hash, "leaf hash");
    }
    for (const { kind, bytes, hash } of others) {
      log.parseLeaf(Buffer.from(bytes), kind);
      same(hex(log.leafHash(bytes)), hash, kind);
      refuses("another kind than a call", () => log.parseLeaf(Buffer.from(bytes)));
    }
    for (const { index, size, proof } of inclusion) {
      log.verifyInclusion(unhex(leaves[index].hash, 32), index, size, nodes(proof), root(size));
    }
    for (const { old, new: size, proof } of consistency) {
      log.verifyConsistency(old, root(old), size, root(size), nodes(proof));
    }
    same(log.verifyNote(checkpoint.note, pair).text.toString(), checkpoint.text, "note text");
    for (const each of [receipt, anchored]) log.verifyReceipt(each, { origin, pairs: [pair] });
    const flipped = unb64u(receipt.leaf);
    flipped[200] ^= 1;
    const forged = { ...receipt, leaf: flipped.toString("base64url") };
    refuses("a changed leaf", () => log.verifyReceipt(forged, { origin, pairs: [pair] }));
  },
};

for (const [name, check] of Object.entries(checks)) {
  check();
  process.stdout.write(`${name}\n`);
}
