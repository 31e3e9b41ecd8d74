// docs/conformance/conformance.json, run with this package: the same input must yield the same bytes and codes.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { keccak256, sm3, unb64u, unhex } from "../src/bytes.js";
import * as call from "../src/call.js";
import * as canonical from "../src/canonical.js";
import { verifyKept } from "../src/checks.js";
import { LedgerClient } from "../src/client.js";
import { envelopeBytes, openEnvelope } from "../src/envelope.js";
import { LedgerError } from "../src/errors.js";
import { verifyEvidence } from "../src/evidence/evidence.js";
import { Http, readValue } from "../src/http.js";
import { SoftwareOpener, SoftwareSigner } from "../src/keys.js";
import { bitmap } from "../src/leaf.js";
import { leafHash, verifyConsistency, verifyInclusion } from "../src/merkle.js";
import { Receipt } from "../src/receipt.js";
import * as sm2 from "../src/sm2.js";
import * as sm4gcm from "../src/sm4gcm.js";
import { NodeTrust } from "../src/trust.js";

const FILE = new URL("../../../docs/conformance/conformance.json", import.meta.url);
const { keys, calls, nodes, bundles, cases } = JSON.parse(readFileSync(FILE, "utf8"));
/** A server's. */
const LEFT_OUT = ["verify-request"];
const OWN = "http://own.example";
const [PROVIDER, AUTHORITY] = ["http://ledger.police.example:8443", "ledger.police.example:8443"];

const bytes = (hex) => Buffer.from(hex, "hex");
const hex = (value) => Buffer.from(value).toString("hex");
const rawOf = (name) => bytes(keys.sm2[name].publicKey);
/** The same key for the same name: deriving a public key is most of what a case costs. */
const keeping = (Kind, made = {}) => (name) => (made[name] ??= new Kind(unhex(keys.sm2[name].d)));
const [signerOf, openerOf] = [keeping(SoftwareSigner), keeping(SoftwareOpener)];
const callOf = (name) => {
  const { method, path, query, body, authorisation, items, operator, matter, ...signed } = calls[name];
  const url = `http://${signed.authority}${path}${query && `?${query}`}`;
  return { request: { ...signed, method, url, body: Buffer.from(body) }, authorisation, items, operator, matter };
};

/** Answers by path, as the file lists them for a node; every other is a 404. */
class Listed extends Http {
  constructor(own, provider = {}) {
    super();
    this.answers = { [new URL(OWN).host]: own, [AUTHORITY]: provider };
  }

  async send({ url }) {
    const { host, pathname, search } = new URL(url);
    const found = this.answers[host][pathname + search];
    if (found) return { ok: true, status: 200, value: found };
    return { ok: false, status: 404, value: { code: "not-found", status: 404, detail: "nothing there" } };
  }
}

function clientOf(http, key = "encryption key of the application") {
  const signer = signerOf("application");
  return new LedgerClient({ provider: PROVIDER, own: OWN, signer, opener: openerOf(key), http });
}

const perform = {
  sm3: ({ message }) => ({ digest: hex(sm3(bytes(message))) }),
  "public-key": ({ publicKey }) => {
    sm2.checkPublic(bytes(publicKey));
    return { za: hex(sm2.za(bytes(publicKey))), keyid: hex(keccak256(bytes(publicKey))) };
  },
  "sm2-verify": ({ publicKey, message, signature }) => {
    sm2.checkPublic(bytes(publicKey));
    sm2.verify(bytes(publicKey), bytes(message), bytes(signature));
    return {};
  },
  "sm2-sign": ({ key, message }) => {
    const text = bytes(message).toString("utf8");
    sm2.verify(rawOf(key), text, signerOf(key).sign(text));
    return { verifies: true };
  },
  "signature-form": ({ signature }) => ({ rs: hex(sm2.normaliseSignature(bytes(signature))) }),
  "sm2-unwrap": ({ key, wrapped }) => ({ dataKey: hex(openerOf(key).unwrap(bytes(wrapped))) }),
  "sm4-gcm-open": ({ key, iv, aad, sealed }) => ({
    plaintext: hex(sm4gcm.open(bytes(key), bytes(iv), bytes(aad), bytes(sealed))),
  }),
  "canonical-render": ({ value }) => ({ bytes: hex(canonical.render(value)) }),
  "canonical-parse": (given) => ({ bytes: hex(canonical.render(canonical.parse(bytes(given.bytes)))) }),
  "event-id": (given) => ({ event: hex(call.eventId(given)) }),
  bitmap: ({ codes, chosen }) => ({ bitmap: bitmap(codes, chosen) }),
  "leaf-hash": ({ leaf }) => ({ hash: hex(leafHash(bytes(leaf))) }),
  inclusion: (given) => {
    verifyInclusion(bytes(given.leafHash), given.index, given.size, given.proof.map(bytes), bytes(given.root));
    return {};
  },
  consistency: (given) => {
    verifyConsistency(given.old, bytes(given.oldRoot), given.new, bytes(given.newRoot), given.proof.map(bytes));
    return {};
  },
  "sign-request": async ({ key, method, authority, path, query, contentType, body, created, nonce }) => {
    const url = `http://${authority}${path}${query && `?${query}`}`;
    const what = { method, url, body: Buffer.from(body), contentType, authority };
    const signed = await call.signRequest(what, signerOf(key), { created, nonce });
    sm2.verify(rawOf(key), signed.base, bytes(signed.signature));
    return {
      contentDigest: signed.headers["content-digest"],
      signatureInput: signed.headers["signature-input"],
      base: signed.base,
      e: hex(sm2.digestOf(rawOf(key), signed.base)),
      event: signed.event,
    };
  },
  "open-envelope": async ({ key, event, envelope }) => {
    const plain = await openEnvelope(envelope, openerOf(key), bytes(event));
    return { plaintext: plain.toString(), plain: hex(sm3(plain)), answer: hex(sm3(envelopeBytes(envelope))) };
  },
  query: async ({ call: name, own, key, status, body, text }) => {
    const client = clientOf(new Listed(nodes[own]), key);
    const value = text === undefined ? body : readValue(Buffer.from(text));
    try {
      const came = await client.judge(callOf(name), { ok: status === 200, status, value });
      const { rows, next, masked, asOf, remaining } = came;
      return { rows, next, masked, asOf, remaining };
    } catch (error) {
      if (status === 200 || !error.isRefusal) throw error;
      return { refused: error.code, receipt: error.receipt instanceof Receipt };
    }
  },
  "kept-receipt": async ({ receipt: value, own }) => {
    const receipt = new Receipt(value);
    await verifyKept(receipt, new NodeTrust(new Listed(nodes[own]), signerOf("application"), OWN));
    const { index, size, leaf } = receipt;
    return { ...receipt.log, index, size, event: leaf.event, outcome: leaf.outcome, at: leaf.at };
  },
  upgrade: async ({ receipt, own, anchors, provider }) => {
    const client = clientOf(new Listed({ ...nodes[own], ...anchors }, provider));
    return { anchored: (await client.upgrade(new Receipt(receipt))).anchored ?? null };
  },
};

perform["verify-bundle"] = ({ bundle, edit, trust }) => {
  const text = bundles[bundle];
  const edited = text.slice(0, edit.offset) + edit.insert + text.slice(edit.offset + edit.remove);
  const { explanation, ...report } = verifyEvidence(Buffer.from(edited), Buffer.from(JSON.stringify(trust)));
  assert.ok(explanation);
  return report;
};

async function run({ op, given }) {
  try {
    return await perform[op](given);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return { error: error.code };
  }
}

test("has an operation for every case but a server's", () => {
  const met = new Set(cases.map(({ op }) => op));
  assert.deepEqual([...met].filter((op) => !LEFT_OUT.includes(op)).sort(), Object.keys(perform).sort());
});

for (const each of cases.filter(({ op }) => !LEFT_OUT.includes(op))) {
  test(`${each.op}: ${each.name}`, async () => assert.deepEqual(await run(each), each.yields));
}
