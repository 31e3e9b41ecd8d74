// Lies of a chain's operator, told to the ledger of the verifier: `node lies.js < told.json`, where told.json is
// `{trust, addresses, shared, lies}`: events as logs with block and time, what precedes every lie and each lie's own.
// Printed: by name `found`, with what was said, or `believed`.
import { text } from "node:stream/consumers";

import { LedgerError } from "../src/errors.js";
import { decodeEvent } from "../src/evidence/decisions.js";
import { Ledger } from "../src/evidence/ledger.js";
import { isSigned } from "../src/evidence/rules.js";

const { trust, addresses, shared, lies } = JSON.parse(await text(process.stdin));
const contracts = new Map(Object.entries(addresses));
const names = new Map(Object.entries(addresses).map(([name, address]) => [address, name]));
const trusted = { ...trust, rootKey: Buffer.from(trust.rootKey, "hex") };
const seen = new Map();

/** Every lie follows the same truth: its signatures are checked once. */
function once(raw, message, r, s) {
  const key = [Buffer.from(raw).toString("hex"), message, r, s].join(" ");
  if (!seen.has(key)) seen.set(key, isSigned(raw, message, r, s));
  return seen.get(key);
}

function read({ address, topics, data, block, time }) {
  const log = { topics, data: Buffer.from(data, "hex") };
  return decodeEvent(names.get(address), log, { number: BigInt(block), timestamp: BigInt(time) }, `block ${block}`);
}

function tell(logs) {
  const ledger = new Ledger(trusted, contracts, once);
  try {
    for (const log of [...shared, ...logs]) ledger.apply(read(log));
    return "believed";
  } catch (error) {
    if (error instanceof LedgerError && error.code === "evidence-invalid") return `found: ${error.message}`;
    throw error;
  }
}

process.stdout.write(JSON.stringify(Object.fromEntries(Object.entries(lies).map(([name, logs]) => [name, tell(logs)]))));
