// Receipts and answers held against the call they are for (docs/protocol.md 6.5), in the protocol's order: the leaf is
// the call, the answer is the leaf's, the leaf is in the tree, the log's registered keys signed the tree; only then is
// anything opened. What does not hold is thrown, never returned. As node/client/checks.py.
import { sm3, unb64u } from "./bytes.js";
import * as canonical from "./canonical.js";
import { envelopeBytes, isObject, openEnvelope } from "./envelope.js";
import { isNotFound, LedgerError, must, STATUSES } from "./errors.js";
import { bitmap, commitment, SERVED, verifyTimes } from "./leaf.js";
import { Receipt, verifyReceipt } from "./receipt.js";

const INVALID = "receipt-invalid";
const MALFORMED = "malformed-receipt";
const PLAINTEXT_LIMIT = 64 * 1024 * 1024;
/** How old, and how far ahead, a signature may be at the second its call is judged. */
const [OLDEST_SECONDS, NEWEST_SECONDS] = [300, 60];

/** Whether a known caller's refusal with this code has a leaf: a server that gives it without a receipt hides it. */
export function mustBeProven(code) {
  if (code === "quota-refusals") return false; // what comes after a day's refusals that no authorisation counts
  return [403, 429].includes(STATUSES.get(code)) || code === "authorisation-unknown" || code === "call-replayed";
}

/** Check an answer and open it: `{rows, next, masked, asOf, receipt}`. */
export async function checkAnswer(asked, answer, trust, opener) {
  const receipt = new Receipt(answer.receipt);
  const { leaf } = receipt;
  sameCall(asked, leaf);
  const grant = await granted(asked, leaf, trust);
  must(leaf.items === bitmap(grant.itemCodes, asked.items), INVALID, "the leaf names other items");
  must(leaf.outcome === SERVED, INVALID, `the leaf says ${leaf.outcome}, the answer is one`);
  must(isObject(answer.sealed), MALFORMED, "the answer has no envelope");
  const digest = sm3(envelopeBytes(answer.sealed)).toString("hex");
  must(leaf.answer === digest, INVALID, "the leaf is of another answer");
  await verifyNew(receipt, trust, grant.provider);
  const plain = await openEnvelope(answer.sealed, opener, Buffer.from(asked.request.event, "hex"));
  must(leaf.plain === sm3(plain).toString("hex"), INVALID, "the envelope holds another plaintext than the leaf says");
  return { ...read(asked, plain, leaf), receipt };
}

/** Check the receipt of a refusal; undefined where the code is one that leaves none. */
export async function checkRefusal(asked, error, trust) {
  if (error.facts.receipt === undefined) {
    must(!mustBeProven(error.code), INVALID, `${error.code} was answered without a receipt`);
    return undefined;
  }
  const receipt = new Receipt(error.facts.receipt);
  const { leaf } = receipt;
  if (error.code === "call-replayed") {
    // The first call's receipt: another text, or this one long ago.
    must(leaf.event === asked.request.event, INVALID, "the receipt is of another event");
    await verifyKept(receipt, trust);
  } else {
    sameCall(asked, leaf);
    must(leaf.outcome === error.code, INVALID, `the leaf says ${leaf.outcome}, not ${error.code}`);
    // The node's first department logs what it knows no provider of.
    const unknown = error.code === "authorisation-unknown";
    await verifyNew(receipt, trust, unknown ? receipt.log.department : (await granted(asked, leaf, trust)).provider);
  }
  return receipt;
}

/** Check a new receipt by the keys in force for a department's present log. */
export const verifyNew = (receipt, trust, department) => verifyBy(receipt, trust, department);

/**
 * Check a receipt of earlier by the log it is of and the keys in force at its leaf's time. That the log was superseded
 * or its key replaced since takes nothing back; only the chain's anchor makes such a receipt final.
 */
export function verifyKept(receipt, trust) {
  const { department, generation } = receipt.log;
  return verifyBy(receipt, trust, department, { generation, at: Math.floor(receipt.leaf.at / 1000) });
}

async function verifyBy(receipt, trust, department, when) {
  let known;
  try {
    known = await trust.logKeys(department, when);
  } catch (error) {
    if (!isNotFound(error)) throw error;
    throw new LedgerError(INVALID, `department ${department} has no registered log`, {}, { cause: error });
  }
  verifyReceipt(receipt, known);
}

function sameCall({ request, authorisation }, leaf) {
  must(leaf.event === request.event, INVALID, "the leaf is of another event");
  verifyTimes(leaf);
  const age = leaf.judged - request.created;
  must(age >= -NEWEST_SECONDS && age <= OLDEST_SECONDS, INVALID, `the leaf says it was judged ${age} s after it`);
  must(leaf.base === request.base, INVALID, "the leaf has another signed text");
  must(leaf.signature === request.signature, INVALID, "the leaf has another signature");
  must(leaf.authorisation === authorisation, INVALID, "the leaf names another authorisation");
}

/** What the client's own node says of the authorisation, which the leaf must say too. */
async function granted(asked, leaf, trust) {
  const grant = await trust.grant(asked.authorisation);
  must(leaf.entry === grant.entry, INVALID, "the leaf names another entry");
  must(leaf.version === grant.version, INVALID, "the leaf names another version");
  return grant;
}

/** Read the plaintext, and hold its opening against the leaf's commitments. */
function read(asked, plain, leaf) {
  const opened = canonical.parse(plain, MALFORMED, PLAINTEXT_LIMIT);
  must(isObject(opened) && isObject(opened.opening), MALFORMED, "the plaintext does not have the members of an answer");
  for (const name of ["operator", "matter"]) {
    const committed = commitment(unb64u(opened.opening[name], MALFORMED), asked[name]);
    must(committed === leaf[name], INVALID, `the leaf commits to another ${name}`);
  }
  const { rows, next, masked, asOf } = opened;
  const isText = (value) => typeof value === "string";
  const fits =
    Array.isArray(rows) && rows.every(isObject) && Array.isArray(masked) && masked.every(isText) && isText(asOf);
  must(fits && (next === null || isText(next)), MALFORMED, "a member of the plaintext is of another type than an answer's");
  must(leaf.rows === rows.length, INVALID, "the leaf counts other rows");
  return { rows, next, masked, asOf };
}
