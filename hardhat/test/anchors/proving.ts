// What anybody may ask of a log: whether a later tree contains it, whether a leaf is in it.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Hex } from "viem";
import { type Fields, type Mined, ZERO } from "../harness/chain.ts";
import { textHash } from "../harness/city.ts";
import { leafHash, spoilt, Tree } from "../harness/merkle.ts";
import { EMPTY, LARGEST, LEAVES, TREE } from "./leaves.ts";

/** A registered log, empty before each test. */
export interface Setting {
  readonly log: () => Hex;
  /** Anchor the tree of `newSize` leaves on that of `oldSize`. */
  readonly anchor: (oldSize: number, newSize: number, changes?: Fields) => Promise<Mined>;
  readonly read: (view: string, args: unknown[]) => Promise<boolean>;
}

export function describeViews({ log, anchor, read }: Setting): void {
  describe("verifyConsistency", () => {
    it("connects every size up to 70 with every later one, and with no other root or proof", async () => {
      for (let oldSize = 1; oldSize <= LARGEST; oldSize++) {
        await anchor(oldSize - 1, oldSize);
        for (let newSize = oldSize; newSize <= LARGEST; newSize++) {
          const proof = newSize === oldSize ? [] : TREE.consistencyProof(oldSize, newSize);
          const label = `${oldSize} to ${newSize}`;
          assert.equal(await read("verifyConsistency", [log(), newSize, TREE.root(newSize), proof]), true, label);
          // One lie for each, another one every time.
          const lies = spoilt(proof);
          const lie = lies[(oldSize * 7 + newSize) % lies.length];
          assert.equal(await read("verifyConsistency", [log(), newSize, TREE.root(newSize), lie]), false, label);
          if (newSize % 8 === 0) {
            assert.equal(await read("verifyConsistency", [log(), newSize, TREE.root(newSize + 1), proof]), false, label);
          }
        }
      }
    });

    it("has nothing to show from the empty tree, and shows no smaller one", async () => {
      assert.equal(await read("verifyConsistency", [log(), 5, TREE.root(5), []]), true);
      assert.equal(await read("verifyConsistency", [log(), 5, TREE.root(5), [TREE.root(5)]]), false);
      await anchor(0, 5);
      assert.equal(await read("verifyConsistency", [log(), 4, TREE.root(4), TREE.consistencyProof(4, 5)]), false);
    });

    it("shows nothing for a log nobody registered", async () => {
      const unknown = textHash("no log");
      for (const [size, of] of [[0, ZERO], [0, EMPTY], [1, TREE.root(1)]] as const) {
        assert.equal(await read("verifyConsistency", [unknown, size, of, []]), false);
      }
    });
  });

  describe("verifyInclusion", () => {
    it("finds every leaf of every size up to 70 at its own place only", async () => {
      for (let size = 1; size <= LARGEST; size++) {
        await anchor(size - 1, size);
        for (let index = 0; index < size; index++) {
          const [leaf, proof] = [leafHash(LEAVES[index]!), TREE.inclusionProof(index, size)];
          const label = `${index} of ${size}`;
          assert.equal(await read("verifyInclusion", [log(), index, leaf, proof]), true, label);
          const lies = spoilt(proof);
          const lie = lies[(size * 7 + index) % lies.length];
          assert.equal(await read("verifyInclusion", [log(), index, leaf, lie]), false, label);
          if (size % 8 === 0) {
            assert.equal(await read("verifyInclusion", [log(), index + 1, leaf, proof]), false, label);
          }
        }
      }
    });

    it("finds no leaf that is not there, whatever the proof", async () => {
      await anchor(0, 13);
      for (let index = 0; index < 13; index++) {
        const proof = TREE.inclusionProof(index, 13);
        assert.equal(await read("verifyInclusion", [log(), index, leafHash(LEAVES[13]!), proof]), false);
        for (const wrong of spoilt(proof)) {
          assert.equal(await read("verifyInclusion", [log(), index, leafHash(LEAVES[index]!), wrong]), false);
        }
      }
      for (const index of [13n, 14n, 2n ** 64n - 1n]) {
        assert.equal(await read("verifyInclusion", [log(), index, leafHash(LEAVES[12]!), TREE.inclusionProof(12, 13)]), false);
      }
    });

    it("takes no inner node for a leaf: the root of two leaves is none", async () => {
      await anchor(0, 4);
      assert.equal(await read("verifyInclusion", [log(), 0, TREE.root(2), [new Tree(LEAVES.slice(2, 4)).root(2)]]), false);
    });

    it("finds no leaf by a proof with a hash left over, even where that leads to the root", async () => {
      // The root of 4 leaves, said to have 2.
      await anchor(0, 2, { root: TREE.root(4) });
      assert.equal(await read("verifyInclusion", [log(), 1, leafHash(LEAVES[3]!), TREE.inclusionProof(3, 4)]), false);
    });

    it("finds nothing in an empty log, or one nobody registered", async () => {
      for (const of of [log(), textHash("no log")]) {
        for (const leaf of [EMPTY, ZERO, leafHash(LEAVES[0]!)]) {
          assert.equal(await read("verifyInclusion", [of, 0, leaf, []]), false);
        }
      }
    });
  });
}
