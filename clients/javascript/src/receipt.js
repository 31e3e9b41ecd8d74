// Receipts: a leaf, its inclusion proof and the signed checkpoint (docs/protocol.md 6.4). What a client keeps of a call.
import { unb64u, unhex } from "./bytes.js";
import * as canonical from "./canonical.js";
import { parseNote, parseOrigin, verifyNote } from "./checkpoint.js";
import { isObject } from "./envelope.js";
import { must } from "./errors.js";
import { LEAF_LIMIT, parseLeaf } from "./leaf.js";
import { leafHash, verifyConsistency, verifyInclusion } from "./merkle.js";

const CODE = "malformed-receipt";
const MOST_HASHES = 128;
const MOST_NOTE = 16_384;
const MEMBERS = ["v", "leaf", "index", "size", "proof", "checkpoint"];
const GRADES = ["witnessed", "anchored"];
/** Where an anchor stands on the chain; nothing in the receipt binds it. */
export const PLACE = ["chainId", "contract", "tx", "block", "blockHash"];
const ANCHORED = [...PLACE, "size", "consistency"];
const LONE_SURROGATE = /\p{Surrogate}/u;

function members(value, required, allowed = []) {
  const names = isObject(value) ? Object.keys(value) : [];
  const known = names.every((name) => required.includes(name) || allowed.includes(name));
  must(known && required.every((name) => names.includes(name)), CODE, `expected the members ${required.join(", ")}`);
  return value;
}

function number(value) {
  must(Number.isSafeInteger(value) && value >= 0, CODE, "a number of the receipt is no whole number from 0");
  return value;
}

function hashes(value) {
  must(Array.isArray(value) && value.length <= MOST_HASHES, CODE, "a proof is a list of hashes");
  const nodes = value.map((node) => unb64u(node, CODE));
  must(nodes.every((node) => node.length === 32), CODE, "a hash of a proof does not have 32 bytes");
  return nodes;
}

function note(value) {
  const fits = typeof value === "string" && value.length <= MOST_NOTE && !LONE_SURROGATE.test(value);
  must(fits, CODE, "the receipt's checkpoint is not text");
  return value;
}

function checkAnchored(value) {
  const { chainId, contract, tx, block, blockHash, size, consistency } = members(value, ANCHORED);
  [chainId, block, size].forEach(number);
  unhex(contract, CODE, 20);
  [tx, blockHash].forEach((each) => unhex(each, CODE));
  hashes(consistency);
}

/** A receipt; `JSON.stringify` writes it as it came, `bytes` are its one spelling for a file. */
export class Receipt {
  #value;
  #leaf;
  #checkpoint;

  /** Read the JSON object of a receipt; throws `malformed-receipt`. */
  constructor(value) {
    members(value, MEMBERS, GRADES);
    must(value.v === 1, CODE, "the receipt is not of version 1");
    this.leafBytes = unb64u(value.leaf, CODE);
    must(this.leafBytes.length <= LEAF_LIMIT, CODE, "the receipt's leaf is too large");
    [this.index, this.size] = [number(value.index), number(value.size)];
    this.proof = hashes(value.proof);
    note(value.checkpoint);
    if ("witnessed" in value) {
      note(members(value.witnessed, ["checkpoint", "consistency"]).checkpoint);
      hashes(value.witnessed.consistency);
    }
    if ("anchored" in value) checkAnchored(value.anchored);
    this.#value = structuredClone(value);
    this.anchored = this.#value.anchored;
    this.witnessed = this.#value.witnessed;
  }

  static parse(bytes) {
    return new Receipt(canonical.parse(bytes, CODE));
  }

  /** The leaf, read; throws `malformed-receipt`. */
  get leaf() {
    return (this.#leaf ??= parseLeaf(this.leafBytes));
  }

  /** The checkpoint, read; throws `malformed-checkpoint`. */
  get checkpoint() {
    return (this.#checkpoint ??= parseNote(this.#value.checkpoint));
  }

  get event() {
    return this.leaf.event;
  }

  /** Whose log it says it is of, and of which generation. */
  get log() {
    return parseOrigin(this.checkpoint.origin);
  }

  get bytes() {
    return canonical.render(this.#value, CODE);
  }

  withAnchor(anchored) {
    return new Receipt({ ...this.#value, anchored });
  }

  toJSON() {
    return structuredClone(this.#value);
  }
}

/**
 * Check that the log `{origin, pairs}` contains the receipt's leaf, by one of its pairs of keys. Throws
 * `receipt-invalid` (another log, another size), `inclusion-invalid`, `checkpoint-invalid`, `malformed-checkpoint`.
 */
export function verifyReceipt(receipt, { origin, pairs }) {
  const { checkpoint } = receipt;
  must(pairs.length > 0, "checkpoint-invalid", `the log ${origin} has no keys that sign checkpoints`);
  must(checkpoint.origin === origin, "receipt-invalid", `the receipt is of the log ${checkpoint.origin}, not ${origin}`);
  must(checkpoint.size === receipt.size, "receipt-invalid", "the receipt's checkpoint has another size");
  verifyInclusion(leafHash(receipt.leafBytes), receipt.index, receipt.size, receipt.proof, checkpoint.root);
  let refusal;
  for (const pair of pairs) {
    try {
      verifyNote(checkpoint, pair);
      return;
    } catch (error) {
      if (error.code !== "checkpoint-invalid") throw error;
      refusal = error;
    }
  }
  throw refusal;
}

/** Check that the receipt's tree is the beginning of the anchored one; `root` is the chain's for that anchor. */
export function verifyAnchored(receipt, root) {
  must(receipt.anchored, "inclusion-invalid", "the receipt names no anchor");
  const { size, consistency } = receipt.anchored;
  verifyConsistency(receipt.size, receipt.checkpoint.root, size, root, consistency.map((node) => unb64u(node, CODE)));
}

