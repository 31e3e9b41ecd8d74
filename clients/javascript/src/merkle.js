// Proofs of an RFC 6962 tree with SHA-256 (docs/protocol.md 6.2; RFC 9162 2.1.3.2 and 2.1.4.2).
import { sha256 } from "./bytes.js";
import { must } from "./errors.js";

const HASH_SIZE = 32;

export const leafHash = (leaf) => sha256(Buffer.from([0]), leaf);
const nodeHash = (left, right) => sha256(Buffer.from([1]), left, right);
const isSize = (value) => Number.isSafeInteger(value) && value >= 0;

/** Check that the leaf hash is entry `index` of the tree; throws `inclusion-invalid`. */
export function verifyInclusion(hash, index, size, proof, root) {
  const code = "inclusion-invalid";
  must(isSize(index) && isSize(size) && index < size, code, `leaf ${index} is not in a tree of ${size}`);
  let [position, last, found] = [BigInt(index), BigInt(size - 1), hash];
  for (const sibling of proof) {
    must(last > 0n && sibling.length === HASH_SIZE, code, "the inclusion proof has another length");
    if (position & 1n || position === last) {
      found = nodeHash(sibling, found);
      while (!(position & 1n) && position > 0n) [position, last] = [position >> 1n, last >> 1n];
    } else {
      found = nodeHash(found, sibling);
    }
    [position, last] = [position >> 1n, last >> 1n];
  }
  must(last === 0n && found.equals(root), code, `the proof of leaf ${index} does not lead to the root of ${size}`);
}

/** Check that the tree of `size` begins with that of `oldSize`; throws `consistency-invalid`. */
export function verifyConsistency(oldSize, oldRoot, size, root, proof) {
  const code = "consistency-invalid";
  const continued = `a tree of ${size} does not continue one of ${oldSize}`;
  must(isSize(oldSize) && isSize(size) && oldSize <= size, code, continued);
  if (oldSize === 0 || oldSize === size) {
    const expected = oldSize === 0 ? sha256() : root;
    must(proof.length === 0 && oldRoot.equals(expected), code, continued);
    return;
  }
  // A perfect old tree is itself the first node, and left out of the proof.
  const perfect = (BigInt(oldSize) & BigInt(oldSize - 1)) === 0n;
  const path = perfect ? [oldRoot, ...proof] : proof;
  must(path.length > 0 && path.every((node) => node.length === HASH_SIZE), code, "the consistency proof is empty");
  let [position, last] = [BigInt(oldSize - 1), BigInt(size - 1)];
  while (position & 1n) [position, last] = [position >> 1n, last >> 1n];
  let [before, after] = [path[0], path[0]];
  for (const node of path.slice(1)) {
    must(last > 0n, code, "the consistency proof is too long");
    if (position & 1n || position === last) {
      [before, after] = [nodeHash(node, before), nodeHash(node, after)];
      while (!(position & 1n) && position > 0n) [position, last] = [position >> 1n, last >> 1n];
    } else {
      after = nodeHash(after, node);
    }
    [position, last] = [position >> 1n, last >> 1n];
  }
  must(last === 0n && before.equals(oldRoot) && after.equals(root), code, continued);
}
