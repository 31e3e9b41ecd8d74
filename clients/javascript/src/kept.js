// Kept receipts looked through, all of a folder: each held against its log and its authorisation, then counted by the
// numbers and links of their leaves (docs/clients.md 2, `number`, `prev`): what is missing, what does not follow.
import * as canonical from "./canonical.js";
import { verifyKept } from "./checks.js";
import { isObject } from "./envelope.js";
import { isNotFound, LedgerError, must } from "./errors.js";
import { SERVED, verifyTimes } from "./leaf.js";
import { leafHash } from "./merkle.js";
import { PLACE, Receipt, verifyAnchored } from "./receipt.js";

const [INVALID, MALFORMED] = ["receipt-invalid", "malformed-receipt"];
/** Of a file: Java keeps the call's body beside its receipt. */
export const LARGEST_KEPT = 1_048_576;
const NAME = /^[0-9a-f]{64}(?:-[0-9a-f]{16})?\.json$/;
const UNKNOWN = "authorisation-unknown";

/**
 * Read a kept file: `{receipt}`, `{waiting: true}` for a call that no receipt has come for (Java keeps it before it is
 * sent), `{}` for a file that is neither. Throws `malformed-receipt` for one that was a receipt, by its name or its
 * members, and is damaged.
 */
export function readKept(name, bytes) {
  let value;
  try {
    value = canonical.parse(bytes, MALFORMED, LARGEST_KEPT);
  } catch (error) {
    if (NAME.test(name)) throw error;
    value = loosely(bytes);
    // A receipt in another spelling was changed; what has none of its members never was one.
    if (!isObject(value) || !("leaf" in value && "checkpoint" in value)) return {};
    throw error;
  }
  if (isObject(value) && isObject(value.call) && value.v === 1) {
    return value.receipt === undefined ? { waiting: true } : { receipt: whole(new Receipt(value.receipt)) };
  }
  const claims = NAME.test(name) || (isObject(value) && "leaf" in value && "checkpoint" in value);
  return claims ? { receipt: whole(new Receipt(value)) } : {};
}

function loosely(bytes) {
  try {
    return canonical.parseLoosely(bytes, MALFORMED);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return undefined;
  }
}

/** The receipt, once its leaf is read, too. */
function whole(receipt) {
  return receipt.leaf && receipt;
}

/**
 * Check a kept receipt of the authorisation `{provider, entry, version}` by the keys as of its leaf's second. Returns
 * `anchored` if the chain holds its tree where it says, `unconfirmed` if the node knows no anchor of the size it names,
 * else `logged`. Throws what does not hold, as `verifyKept`; with `facts.anchor`, the member's name, where its anchor
 * stands elsewhere on the chain. `witnessed` is not looked at (docs/clients.md 1).
 */
export async function checkKept(receipt, trust, grant) {
  const { leaf } = receipt;
  const log = logOf(receipt);
  verifyTimes(leaf);
  // Where a node knew no such authorisation, its first department logged the call, of no entry.
  if (leaf.outcome !== UNKNOWN) {
    must(log.department === grant.provider, INVALID, `the log is of ${log.department}, the provider is ${grant.provider}`);
    must(leaf.entry === grant.entry, INVALID, "the leaf names another entry");
    must(leaf.version === grant.version, INVALID, "the leaf names another version");
  }
  await verifyKept(receipt, trust);
  if (!receipt.anchored) return "logged";
  let anchor;
  try {
    anchor = await trust.anchor(log.department, log.generation, receipt.anchored.size);
  } catch (error) {
    if (isNotFound(error)) return "unconfirmed";
    throw error;
  }
  verifyAnchored(receipt, anchor.root);
  const differs = PLACE.find((name) => receipt.anchored[name] !== anchor[name]);
  if (differs) throw new LedgerError(INVALID, `the chain has another ${differs} for that anchor`, { anchor: differs });
  return "anchored";
}

/** Whose log a receipt says it is of; what is none is the receipt's fault. */
export function logOf(receipt) {
  try {
    return receipt.log;
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    throw new LedgerError(INVALID, `the receipt's checkpoint is none of a log: ${error.message}`, {}, { cause: error });
  }
}

/** Receipts of one authorisation that hold, by the numbers of their leaves. */
export class KeptCalls {
  /** Hash of the leaf → `{number, prev, file, anchored}`. */
  #leaves = new Map();
  #byNumber = new Map();
  served = 0;
  refused = 0;
  /** Files that hold a leaf that another one holds, too. */
  copies = 0;
  /** Leaves outside the numbers: calls of whom the authorisation is not for. */
  unnumbered = 0;
  first = undefined;
  last = undefined;

  /** Add a receipt that was checked; `grade` as `checkKept` returned it. */
  add(receipt, file, grade) {
    const { leaf } = receipt;
    const hash = leafHash(receipt.leafBytes).toString("hex");
    const known = this.#leaves.get(hash);
    const anchored = grade === "anchored";
    if (known) {
      this.copies += 1;
      known.anchored ||= anchored;
      return;
    }
    const kept = { number: leaf.number, prev: leaf.prev, hash, file, anchored, log: receipt.checkpoint.origin, index: receipt.index };
    this.#leaves.set(hash, kept);
    if (leaf.outcome === SERVED) this.served += 1;
    else this.refused += 1;
    this.first = Math.min(leaf.at, this.first ?? leaf.at);
    this.last = Math.max(leaf.at, this.last ?? leaf.at);
    if (leaf.number === 0) this.unnumbered += 1;
    else this.#byNumber.set(leaf.number, [...(this.#byNumber.get(leaf.number) ?? []), kept]);
  }

  get count() {
    return this.#leaves.size;
  }

  get anchored() {
    return [...this.#leaves.values()].filter((each) => each.anchored).length;
  }

  /** How many are not anchored by their files, of logs whose anchored size is given: the chain has reached them since. */
  reached(sizeOf) {
    return [...this.#leaves.values()].filter((each) => !each.anchored && each.index < sizeOf(each.log)).length;
  }

  /** The origins of logs in which there are leaves that are not anchored by their files. */
  get waitingLogs() {
    return new Set([...this.#leaves.values()].filter((each) => !each.anchored).map((each) => each.log));
  }

  /** The highest number that is kept; 0 for none. */
  get highest() {
    return Math.max(0, ...this.#sorted().slice(-1));
  }

  /** Stretches `[from, to]` of numbers without a receipt: before the highest that is kept, or up to `last` if it is known. */
  missing(last = 0) {
    const found = [];
    let next = 1;
    for (const number of [...this.#sorted(), Math.max(last, this.highest) + 1]) {
      if (number > next) found.push([next, number - 1]);
      next = Math.max(next, number + 1);
    }
    return found;
  }

  /** What a provider may not give: `{number, files, why}`, two leaves of one number (`double`), or a link to another call (`link`). */
  contradictions() {
    const found = [];
    for (const number of this.#sorted()) {
      const [kept, before] = [this.#byNumber.get(number), this.#byNumber.get(number - 1)];
      if (kept.length > 1) found.push({ number, files: kept.map(({ file }) => file), why: "double" });
      const follows = number === 1 ? kept.every(({ prev }) => /^0+$/.test(prev)) : !before || kept.every(({ prev }) => before.some(({ hash }) => hash === prev));
      if (!follows) found.push({ number, files: kept.map(({ file }) => file), why: "link" });
    }
    return found;
  }

  #sorted() {
    return [...this.#byNumber.keys()].sort((one, other) => one - other);
  }
}
