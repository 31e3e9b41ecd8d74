// Anchors: a log is registered once, grows only by consistency proofs, can be asked for what it contains, and ends.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { getAddress, zeroAddress, type Hex } from "viem";
import { emits, eventOf, type Fields, refuses, ZERO } from "./harness/chain.ts";
import { City, departmentId, digest, POLICE, POLICE_HEAD, SCHOOL, SCHOOL_HEAD, SCHOOL_OFFICE, textHash } from "./harness/city.ts";
import { CHECKPOINT, EMPTY, LARGEST, LEAVES, TREE } from "./anchors/leaves.ts";
import { describeViews } from "./anchors/proving.ts";
import { describeFreeze } from "./anchors/splitting.ts";
import { describeSupersedeLog } from "./anchors/succeeding.ts";
import { itLeavesNothingOut } from "./harness/completeness.ts";
import { Roles } from "./harness/enums.ts";
import { flipped, spoilt, Tree } from "./harness/merkle.ts";

describe("AccessAnchors", () => {
  let city: City;
  let log: Hex;
  let restore: () => Promise<void>;
  before(async () => {
    city = await City.enrolled();
    await city.registerLog(POLICE, city.chain.account, POLICE_HEAD);
    log = textHash(originOf("111309000000POLICE"));
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  /** The origin as docs/protocol.md has it. */
  const originOf = (code: string): string =>
    `shareledger:${city.chain.chainId}:${city.registry.address.slice(2).toLowerCase()}:${code}`;

  const head = (of = log): Promise<unknown[]> => city.chain.read(city.anchors, "head", [of]);
  const read = (view: string, args: unknown[]): Promise<boolean> => city.chain.read(city.anchors, view, args);

  /** Anchor the tree of `newSize` leaves on that of `oldSize`. */
  function anchor(oldSize: number, newSize: number, changes: Fields = {}, from = city.chain.account) {
    const proof = changes.proof ?? TREE.consistencyProof(oldSize, newSize);
    const fields: Fields = { log, oldSize, newSize, root: TREE.root(newSize), checkpointHash: CHECKPOINT, ...changes, proof };
    const args = ["log", "oldSize", "newSize", "root", "checkpointHash", "proof"].map((name) => fields[name]);
    return city.chain.send(city.anchors, "anchor", args, from);
  }

  describe("registerLog", () => {
    it("opens a department's log, empty, for one relay", async () => {
      const message = { department: SCHOOL, relay: getAddress(city.chain.other) };
      const args = city.chain.sign(city.anchors, "registerLog", message, SCHOOL_HEAD);
      const expected = { log: textHash(originOf("111309000000SCHOOL")), seq: 2n };
      emits(await city.chain.send(city.anchors, "registerLog", args), "LogRegistered", eventOf(args, expected));
      assert.deepEqual(await head(expected.log), [getAddress(city.chain.other), 0n, EMPTY]);
    });

    it("is refused without a relay", async () => {
      await refuses(city.registerLog(SCHOOL, zeroAddress, SCHOOL_HEAD), "RelayMissing", [SCHOOL]);
    });

    it("is refused a second time, with the same relay or another, empty or not", async () => {
      for (const size of [0, 3]) {
        if (size > 0) await anchor(0, size);
        for (const relay of [city.chain.account, city.chain.other]) {
          await refuses(city.registerLog(POLICE, relay, POLICE_HEAD), "LogAlreadyRegistered", [POLICE, log]);
        }
      }
      assert.deepEqual(await head(), [getAddress(city.chain.account), 3n, TREE.root(3)]);
    });

    it("is signed by a head of that very department", async () => {
      for (const [signer, held] of [[POLICE_HEAD, 0], [SCHOOL_OFFICE, Roles.OFFICE_HEAD]] as const) {
        const refusal = city.registerLog(SCHOOL, city.chain.account, signer);
        await refuses(refusal, "RoleMissing", [SCHOOL, signer.id, Roles.DEPARTMENT_HEAD, held]);
      }
    });
  });

  describe("originOf and logOf", () => {
    it("give the origin of the protocol and its hash, registered or not", async () => {
      for (const code of ["111309000000POLICE", "111309000000SCHOOL", "99999999999999999Z"]) {
        const department = departmentId(code);
        assert.equal(await read("originOf", [department]), originOf(code));
        assert.equal(await read("logOf", [department]), textHash(originOf(code)));
      }
    });

    it("belong to this registry: under another, the same department has another log", async () => {
      const other = await City.deployed();
      const registry = await other.chain.deploy("DepartmentRegistry", [other.verifier.address, POLICE_HEAD.x, POLICE_HEAD.y]);
      const anchors = await other.chain.deploy("AccessAnchors", [registry.address]);
      const origin = await other.chain.read(anchors, "originOf", [POLICE]);
      assert.equal(origin, originOf("111309000000POLICE").replace(city.registry.address.slice(2).toLowerCase(), registry.address.slice(2).toLowerCase()));
      assert.notEqual(await other.chain.read(anchors, "logOf", [POLICE]), log);
    });
  });

  describe("anchor", () => {
    it("takes any first size, and emits what it anchored", async () => {
      for (const size of [1, 2, 3, 64, LARGEST]) {
        const anchored = { log, size: BigInt(size), root: TREE.root(size), checkpointHash: CHECKPOINT, oldSize: 0n, seq: 2n };
        emits(await anchor(0, size), "Anchored", anchored);
        assert.deepEqual(await head(), [getAddress(city.chain.account), BigInt(size), TREE.root(size)]);
        await restore();
      }
    });

    it("takes every next size up to 70, one leaf at a time", async () => {
      for (let size = 1; size <= LARGEST; size++) {
        const anchored = { log, size: BigInt(size), root: TREE.root(size), checkpointHash: CHECKPOINT };
        emits(await anchor(size - 1, size), "Anchored", { ...anchored, oldSize: BigInt(size - 1), seq: BigInt(size + 1) });
      }
      assert.deepEqual(await head(), [getAddress(city.chain.account), BigInt(LARGEST), TREE.root(LARGEST)]);
      assert.equal(await city.chain.read(city.anchors, "sequence"), BigInt(LARGEST + 1));
    });

    it("is refused for a log nobody registered", async () => {
      const other = await city.chain.read(city.anchors, "logOf", [SCHOOL]);
      for (const unknown of [other, ZERO]) await refuses(anchor(0, 1, { log: unknown }), "LogUnknown", [unknown]);
    });

    it("is refused from any account but the relay, even word for word what is anchored", async () => {
      const expected = [log, getAddress(city.chain.account), getAddress(city.chain.other)];
      await refuses(anchor(0, 1, {}, city.chain.other), "RelayMismatch", expected);
      await anchor(0, 1);
      await refuses(anchor(0, 1, {}, city.chain.other), "RelayMismatch", expected);
    });

    it("is refused where the log would shrink, or change at the size it has", async () => {
      await anchor(0, 7);
      for (const size of [0, 1, 6]) await refuses(anchor(7, size, { proof: [] }), "LogNotGrowing", [log, 7n, BigInt(size)]);
      await refuses(anchor(7, 7, { root: TREE.root(8), proof: [] }), "LogNotGrowing", [log, 7n, 7n]);
    });

    it("is refused where another anchor came first", async () => {
      await anchor(0, 7);
      for (const oldSize of [0, 6, 8]) {
        const proof = TREE.consistencyProof(7, 9);
        await refuses(anchor(oldSize, 9, { proof }), "HeadMoved", [log, 7n, BigInt(oldSize)]);
      }
    });

    it("succeeds again with what is anchored, and changes nothing", async () => {
      await anchor(0, 7);
      // What the anchorer sends again may carry the old proof or another checkpoint's hash: the head is what counts.
      for (const changes of [{}, { proof: [] }, { oldSize: 7 }, { checkpointHash: digest("another") }]) {
        assert.deepEqual((await anchor(0, 7, changes)).events, []);
      }
      assert.deepEqual(await head(), [getAddress(city.chain.account), 7n, TREE.root(7)]);
      assert.equal(await city.chain.read(city.anchors, "sequence"), 2n);
    });

    it("succeeds with the empty tree before the first leaf, and changes nothing", async () => {
      assert.deepEqual((await anchor(0, 0)).events, []);
      assert.deepEqual(await head(), [getAddress(city.chain.account), 0n, EMPTY]);
      await refuses(anchor(0, 0, { root: TREE.root(1) }), "LogNotGrowing", [log, 0n, 0n]);
    });

    it("is refused with a proof that is one hash short, one long, or flipped, and nothing moves", async () => {
      for (const [oldSize, newSize] of [[1, 2], [4, 6], [6, 8], [7, 13], [64, LARGEST]] as const) {
        await anchor(0, oldSize);
        for (const proof of spoilt(TREE.consistencyProof(oldSize, newSize))) {
          const expected = [log, BigInt(oldSize), BigInt(newSize), TREE.root(newSize)];
          await refuses(anchor(oldSize, newSize, { proof }), "ConsistencyRefused", expected);
        }
        assert.deepEqual(await head(), [getAddress(city.chain.account), BigInt(oldSize), TREE.root(oldSize)]);
        await restore();
      }
    });

    it("is refused with a root that a right proof does not lead to", async () => {
      await anchor(0, 5);
      for (const wrong of [flipped(TREE.root(9)), TREE.root(10), ZERO]) {
        await refuses(anchor(5, 9, { root: wrong }), "ConsistencyRefused", [log, 5n, 9n, wrong]);
      }
    });

    it("is refused with the root and the proof of a smaller or a larger tree than it claims", async () => {
      for (const [oldSize, size, claimed] of [[4, 6, 16], [4, 16, 6], [1, 2, 4], [1, 4, 2], [3, 5, 9], [3, 9, 5]] as const) {
        await anchor(0, oldSize);
        const fields = { root: TREE.root(size), proof: TREE.consistencyProof(oldSize, size) };
        const expected = [log, BigInt(oldSize), BigInt(claimed), fields.root];
        await refuses(anchor(oldSize, claimed, fields), "ConsistencyRefused", expected);
        await restore();
      }
    });

    it("is refused with a hash left over, even where that leads to both roots", async () => {
      // A relay that lies about both sizes: these are the roots of 7 and 8 leaves, said to have 3 and 4.
      await anchor(0, 3, { root: TREE.root(7) });
      const fields = { root: TREE.root(8), proof: TREE.consistencyProof(7, 8) };
      await refuses(anchor(3, 4, fields), "ConsistencyRefused", [log, 3n, 4n, fields.root]);
    });

    it("is refused where a leaf that was anchored has been changed", async () => {
      for (let changed = 0; changed < 5; changed++) {
        await anchor(0, 5);
        const forged = new Tree(LEAVES.with(changed, Buffer.from("forged")));
        const fields = { root: forged.root(9), proof: forged.consistencyProof(5, 9) };
        await refuses(anchor(5, 9, fields), "ConsistencyRefused", [log, 5n, 9n, fields.root]);
        await restore();
      }
    });

    it("is refused on the empty tree with a proof, which has nothing to show", async () => {
      await refuses(anchor(0, 3, { proof: [TREE.root(3)] }), "ConsistencyRefused", [log, 0n, 3n, TREE.root(3)]);
    });

    it("keeps logs apart", async () => {
      await city.registerLog(SCHOOL, city.chain.other, SCHOOL_HEAD);
      const other = await city.chain.read(city.anchors, "logOf", [SCHOOL]);
      await anchor(0, 3);
      await anchor(0, 5, { log: other }, city.chain.other);
      assert.deepEqual(await head(), [getAddress(city.chain.account), 3n, TREE.root(3)]);
      assert.deepEqual(await head(other), [getAddress(city.chain.other), 5n, TREE.root(5)]);
    });

    it("takes sizes up to the largest there is", async () => {
      const size = 2n ** 64n - 1n;
      const anchored = { log, size, root: ZERO, checkpointHash: CHECKPOINT, oldSize: 0n, seq: 2n };
      const args = [log, 0n, size, ZERO, CHECKPOINT, []];
      emits(await city.chain.send(city.anchors, "anchor", args), "Anchored", anchored);
    });
  });

  describe("head", () => {
    it("of a log nobody registered is all zero", async () => {
      assert.deepEqual(await head(textHash("no log")), [zeroAddress, 0n, ZERO]);
    });
  });

  describeViews({ log: () => log, anchor, read });

  describe("supersedeLog", describeSupersedeLog);
  describe("freeze", describeFreeze);

  itLeavesNothingOut("AccessAnchors", ["DigestMissing"]);
});
