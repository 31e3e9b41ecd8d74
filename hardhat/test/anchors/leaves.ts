// The log that is anchored in these tests: its leaves, and the trees of the first of them.
import { digest } from "../harness/city.ts";
import { Tree } from "../harness/merkle.ts";

/** Leaves of the largest tree. */
export const LARGEST = 70;
export const LEAVES = Array.from({ length: LARGEST + 2 }, (_, i) => Buffer.from(`leaf ${i}`));
export const CHECKPOINT = digest("checkpoint");
export const TREE = new Tree(LEAVES);
export const EMPTY = TREE.root(0);
