// Merkle trees and proofs over SHA-256, word for word as RFC 6962 section 2.1 defines them.
//
// The contract verifies by the loops of RFC 9162; that this is written from the recursive definitions makes it a check.
import { createHash } from "node:crypto";
import { toHex, type Hex } from "viem";
import { ZERO } from "./chain.ts";

function sha256(...parts: Uint8Array[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Largest power of two smaller than `n`, which is at least 2. */
function split(n: number): number {
  let k = 1;
  while (2 * k < n) k *= 2;
  return k;
}

/** Hash of one leaf. */
export function leafHash(leaf: Uint8Array): Hex {
  return toHex(sha256(Buffer.of(0), leaf));
}

/** The trees of the first leaves of a list. D[a:b] of the definitions is `(a, b)` here. */
export class Tree {
  readonly #leaves: readonly Uint8Array[];
  /** Where the made-up full subtrees of a tree without leaves may not be cut. */
  readonly #edges: readonly number[];
  readonly #hashes = new Map<string, Buffer>();

  constructor(leaves: readonly Uint8Array[], edges: readonly number[] = []) {
    this.#leaves = leaves;
    this.#edges = edges;
  }

  /**
   * Trees too large to build, good for the roots and consistency proofs of these sizes: every full subtree that none
   * of them cuts has a hash that is made up. Nobody who sees roots and proofs only can tell.
   */
  static of(sizes: readonly number[]): Tree {
    return new Tree([], sizes);
  }

  /** Root of the tree of the first `size` leaves. */
  root(size: number): Hex {
    return toHex(size === 0 ? sha256() : this.#hash(0, size));
  }

  /** Proof that leaf `index` is in the tree of the first `size` leaves, from the bottom. */
  inclusionProof(index: number, size: number): Hex[] {
    return this.#path(index, 0, size).map((hash) => toHex(hash));
  }

  /** Proof that the tree of `size` leaves contains that of `oldSize`; empty where there is nothing to show. */
  consistencyProof(oldSize: number, size: number): Hex[] {
    return oldSize === 0 ? [] : this.#subproof(oldSize, 0, size, true).map((hash) => toHex(hash));
  }

  /** MTH(D[a:b]), of at least one leaf. */
  #hash(a: number, b: number): Buffer {
    const key = `${a}:${b}`;
    let hash = this.#hashes.get(key);
    if (hash === undefined) {
      hash = this.#isMadeUp(a, b) ? sha256(Buffer.from(key)) : this.#compute(a, b);
      this.#hashes.set(key, hash);
    }
    return hash;
  }

  #compute(a: number, b: number): Buffer {
    if (b - a === 1) return sha256(Buffer.of(0), this.#leaves[a]!);
    const k = a + split(b - a);
    return sha256(Buffer.of(1), this.#hash(a, k), this.#hash(k, b));
  }

  #isMadeUp(a: number, b: number): boolean {
    const isFull = b - a === 1 || b - a === 2 * split(b - a);
    return this.#edges.length > 0 && isFull && !this.#edges.some((edge) => a < edge && edge < b);
  }

  /** PATH(m, D[a:b]). */
  #path(m: number, a: number, b: number): Buffer[] {
    if (b - a === 1) return [];
    const k = split(b - a);
    if (m < k) return [...this.#path(m, a, a + k), this.#hash(a + k, b)];
    return [...this.#path(m - k, a + k, b), this.#hash(a, a + k)];
  }

  /** SUBPROOF(m, D[a:b], whole), for 0 < m <= b - a. */
  #subproof(m: number, a: number, b: number, whole: boolean): Buffer[] {
    if (m === b - a) return whole ? [] : [this.#hash(a, b)];
    const k = split(b - a);
    if (m <= k) return [...this.#subproof(m, a, a + k, whole), this.#hash(a + k, b)];
    return [...this.#subproof(m - k, a + k, b, false), this.#hash(a, a + k)];
  }
}

/** The same hash with one bit changed. */
export function flipped(hash: Hex): Hex {
  return `${hash.slice(0, -1)}${(parseInt(hash.slice(-1), 16) ^ 1).toString(16)}` as Hex;
}

/** Every way to spoil a proof: one short at either end, one long at either end, each hash flipped, two swapped. */
export function spoilt(proof: readonly Hex[]): Hex[][] {
  const wrong: Hex[][] = [[...proof, ZERO], [ZERO, ...proof]];
  if (proof.length > 0) {
    wrong.push(proof.slice(1), proof.slice(0, -1), [...proof, proof.at(-1)!], [proof[0]!, ...proof]);
    wrong.push(...proof.map((hash, i) => proof.with(i, flipped(hash))));
  }
  if (proof.length > 1) wrong.push([proof[1]!, proof[0]!, ...proof.slice(2)]);
  return wrong;
}
