// Trees, checkpoints, receipts (docs/protocol.md section 6).
import { createPublicKey, verify as verifyEd25519 } from "node:crypto";

import { require_, sha256, unb64u, unbase64, unhex } from "./bytes.mjs";
import * as canonical from "./canonical.mjs";
import * as sm2 from "./sm2.mjs";

const EVERY = "at block custody event judged outcome salt type v";
const ENTRY = "answer entry rows version";
const KINDS = {
  call: `base signature authorisation number prev ${ENTRY} items masked revision plain operator matter`,
  audit: "base signature sequence authorisation question values answer",
  open: ENTRY,
  preview: `base signature sequence ${ENTRY} items masked`,
};
/** A leaf is committed at most so many seconds after the one it was judged at. */
const COMMIT_SECONDS = 60;
const ED25519_DER = Buffer.from("302a300506032b6570032100", "hex");

export const leafHash = (leaf) => sha256(Buffer.from([0]), leaf);
const nodeHash = (left, right) => sha256(Buffer.from([1]), left, right);

/** RFC 9162 2.1.3.2. */
export function verifyInclusion(hash, index, size, proof, root) {
  require_(Number.isSafeInteger(index) && index >= 0 && index < size, "the leaf is outside the tree");
  let [position, last, found] = [BigInt(index), BigInt(size - 1), hash];
  for (const sibling of proof) {
    require_(last > 0n && sibling.length === 32, "the inclusion proof has another length");
    if (position & 1n || position === last) {
      found = nodeHash(sibling, found);
      while (!(position & 1n) && position > 0n) [position, last] = [position >> 1n, last >> 1n];
    } else {
      found = nodeHash(found, sibling);
    }
    [position, last] = [position >> 1n, last >> 1n];
  }
  require_(last === 0n && found.equals(root), "the inclusion proof does not lead to the root");
}

/** RFC 9162 2.1.4.2. */
export function verifyConsistency(oldSize, oldRoot, size, root, proof) {
  require_(oldSize >= 0 && oldSize <= size, "the tree has shrunk");
  if (oldSize === 0 || oldSize === size) {
    const expected = oldSize === 0 ? sha256() : root;
    require_(proof.length === 0 && oldRoot.equals(expected), "equal sizes with different roots");
    return;
  }
  const path = (oldSize & (oldSize - 1)) === 0 ? [oldRoot, ...proof] : proof;
  require_(path.length > 0, "the consistency proof is empty");
  let [position, last] = [BigInt(oldSize - 1), BigInt(size - 1)];
  while (position & 1n) [position, last] = [position >> 1n, last >> 1n];
  let [before, after] = [path[0], path[0]];
  for (const node of path.slice(1)) {
    require_(last > 0n && node.length === 32, "the consistency proof has another length");
    if (position & 1n || position === last) {
      [before, after] = [nodeHash(node, before), nodeHash(node, after)];
      while (!(position & 1n) && position > 0n) [position, last] = [position >> 1n, last >> 1n];
    } else {
      after = nodeHash(after, node);
    }
    [position, last] = [position >> 1n, last >> 1n];
  }
  require_(last === 0n && before.equals(oldRoot) && after.equals(root), "the trees are not consistent");
}

const keyHash = (name, type, key) => sha256(Buffer.from(`${name}\n`), type, key).subarray(0, 4);

/** Check that both keys of a pair signed the note; return its origin, size and root. */
export function verifyNote(note, pair) {
  const end = note.indexOf("\n\n");
  require_(end > 0 && note.endsWith("\n"), "not a signed note");
  const text = Buffer.from(note.slice(0, end + 1));
  const match = /^([!-*,-~]{1,255})\n(0|[1-9][0-9]{0,15})\n([A-Za-z0-9+/]{43}=)\n$/.exec(text.toString());
  require_(match, "not the text of a checkpoint");
  const [, origin, size, root] = match;
  const ed25519 = createPublicKey({ key: Buffer.concat([ED25519_DER, pair.ed25519]), format: "der", type: "spki" });
  const checks = new Map([
    [
      keyHash(origin, Buffer.from([1]), pair.ed25519).toString("hex"),
      (signature) => require_(verifyEd25519(null, text, ed25519, signature), "the Ed25519 line does not hold"),
    ],
    [
      keyHash(origin, Buffer.from("\xffsm2-sm3\n", "latin1"), pair.sm2).toString("hex"),
      (signature) => sm2.verify(pair.sm2, text, signature),
    ],
  ]);
  const seen = new Set();
  for (const line of note.slice(end + 2, -1).split("\n")) {
    const parts = /^— (\S+) ([A-Za-z0-9+/]+={0,2})$/.exec(line);
    require_(parts, "not a signature line");
    const blob = unbase64(parts[2]);
    const key = blob.subarray(0, 4).toString("hex");
    if (parts[1] !== origin || !checks.has(key)) continue;
    checks.get(key)(blob.subarray(4));
    seen.add(key);
  }
  require_(seen.size === checks.size, "a signature line of the log is missing");
  return { origin, size: Number(size), root: unbase64(root), text };
}

export function parseLeaf(bytes, kind = "call") {
  require_(bytes.length <= 4096, "the leaf is too large");
  const leaf = canonical.parse(bytes);
  require_(leaf?.v === 2 && leaf.type === kind, `not a leaf of kind ${kind}, version 2`);
  const members = `${EVERY} ${KINDS[kind]}`.split(" ").sort().join(" ");
  require_(Object.keys(leaf).sort().join(" ") === members, "the leaf has other members");
  const second = Math.floor(leaf.at / 1000);
  require_(leaf.judged <= second && second <= leaf.judged + COMMIT_SECONDS, "the leaf was dated back or came too late");
  return leaf;
}

/** Check that the log of `origin`, by one of its pairs of keys, contains the receipt's leaf; return both. */
export function verifyReceipt(receipt, log) {
  require_(receipt.v === 1, "not a receipt of version 1");
  const bytes = unb64u(receipt.leaf);
  const leaf = parseLeaf(bytes);
  const failures = [];
  for (const pair of log.pairs) {
    try {
      const checkpoint = verifyNote(receipt.checkpoint, pair);
      require_(checkpoint.origin === log.origin, "a checkpoint of another log");
      require_(checkpoint.size === receipt.size, "a checkpoint of another size");
      verifyInclusion(leafHash(bytes), receipt.index, receipt.size, receipt.proof.map(unb64u), checkpoint.root);
      return { leaf, bytes, checkpoint };
    } catch (error) {
      failures.push(error);
    }
  }
  throw failures[0];
}

/** Whose log a note says it is of, and which of that department's. */
export function logOf(note) {
  const match = /^shareledger:(?:0|[1-9][0-9]*):[0-9a-f]{40}:([0-9A-Z]{18})(?::([1-9][0-9]*))?\n/.exec(note);
  require_(match, "not the origin of a log");
  return { department: match[1], generation: Number(match[2] ?? 1) };
}

/** A log as `GET /departments/{code}/log` describes it. */
export function parseLog(described) {
  const pairs = described.keys.map((key) => ({ sm2: unhex(key.sm2, 64), ed25519: unhex(key.ed25519, 32) }));
  require_(pairs.length > 0, "the log has no keys");
  return { origin: described.origin, pairs };
}
