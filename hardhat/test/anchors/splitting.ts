// Splits: two roots that a department has signed for one size of its log, shown by anybody, freeze the log.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { getAddress, type Hex } from "viem";
import { DAY, emits, type Fields, type Mined, refuses, START } from "../harness/chain.ts";
import { City, POLICE, POLICE_HEAD, POLICE_OFFICE, SCHOOL, SCHOOL_HEAD, textHash } from "../harness/city.ts";
import { KeyKinds } from "../harness/enums.ts";
import { keyNamed, sign, type Sm2Key } from "../harness/sm2.ts";
import { checkpoint, noteOf } from "./checkpoints.ts";
import { CHECKPOINT, TREE } from "./leaves.ts";

const KEY = keyNamed("police checkpoints");
const SECOND = keyNamed("police checkpoints, the next year");
const THEIRS = keyNamed("school checkpoints");
const A = TREE.root(5);
const B = textHash("another history");

export function describeFreeze(): void {
  let city: City;
  let log: Hex;
  let origin: string;
  let restore: () => Promise<void>;
  before(async () => {
    city = await City.enrolled();
    await city.registerLog(POLICE, city.chain.account, POLICE_HEAD);
    const kind = KeyKinds.DEPARTMENT;
    await city.addKey(POLICE, KEY, POLICE_HEAD, { kind, validUntil: START + DAY });
    await city.addKey(POLICE, SECOND, POLICE_HEAD, { kind });
    await city.addKey(SCHOOL, THEIRS, SCHOOL_HEAD, { kind });
    log = await city.chain.read(city.anchors, "logOf", [POLICE]);
    origin = await city.chain.read(city.anchors, "originOf", [POLICE]);
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  const signed = (root: Hex, key: Sm2Key = KEY, size = 5n, of = origin): Fields => checkpoint(key, of, size, root);
  const show = (first: Fields, second: Fields, changes: Fields = {}, from = city.chain.other): Promise<Mined> => {
    const { department, of, size } = { department: POLICE, of: log, size: 5n, ...changes };
    return city.chain.send(city.anchors, "freeze", [department, of, size, first, second], from);
  };
  const isFrozen = async (of = log): Promise<boolean> => (await city.chain.read(city.anchors, "stateOf", [of]))[1];
  const anchor = (): Promise<Mined> => city.chain.send(city.anchors, "anchor", [log, 0, 5, A, CHECKPOINT, []]);

  it("freezes the log, whoever shows it, and says everything in its event", async () => {
    for (const [first, second] of [[signed(A), signed(B)], [signed(B, SECOND), signed(A)]] as const) {
      const mined = await show(first, second);
      emits(mined, "LogFrozen", {
        log,
        size: 5n,
        firstRoot: first.root,
        firstKey: first.key,
        firstR: first.r,
        firstS: first.s,
        secondRoot: second.root,
        secondKey: second.key,
        secondR: second.r,
        secondS: second.s,
        seq: 2n,
      });
      assert.equal(await isFrozen(), true);
      await restore();
    }
  });

  it("leaves what is anchored, and lets nothing more in", async () => {
    await anchor();
    await show(signed(A), signed(B));
    assert.deepEqual(await city.chain.read(city.anchors, "head", [log]), [getAddress(city.chain.account), 5n, A]);
    const more = city.chain.send(city.anchors, "anchor", [log, 5, 7, TREE.root(7), CHECKPOINT, TREE.consistencyProof(5, 7)]);
    await refuses(more, "LogIsFrozen", [log]);
    assert.deepEqual((await anchor()).events, []);
  });

  it("happens once to a log, and leaves it to be superseded", async () => {
    await show(signed(A), signed(B));
    await refuses(show(signed(A), signed(B)), "LogIsFrozen", [log]);
    await city.supersedeLog(POLICE, city.chain.account, POLICE_HEAD);
    const next = await city.chain.read(city.anchors, "logOf", [POLICE]);
    assert.equal(await isFrozen(next), false);
  });

  it("reaches a log of an earlier generation, and each for itself", async () => {
    await city.supersedeLog(POLICE, city.chain.account, POLICE_HEAD);
    const next = await city.chain.read(city.anchors, "logOf", [POLICE]);
    // Checkpoints of one log say nothing of the other: their origins differ.
    const refusal = show(signed(A), signed(B), { of: next });
    await refuses(refusal, "CheckpointRefused", [next, 5n, A, KEY.id]);
    await show(signed(A), signed(B));
    assert.deepEqual([await isFrozen(), await isFrozen(next)], [true, false]);
    const [first, second] = [A, B].map((root) => signed(root, KEY, 5n, `${origin}:2`));
    await show(first!, second!, { of: next });
    assert.equal(await isFrozen(next), true);
  });

  it("counts by a key that was revoked since, or whose time is over", async () => {
    await city.revokeKey(SECOND.id, POLICE_HEAD);
    city.chain.now = START + 2n * DAY;
    await show(signed(A, KEY), signed(B, SECOND));
    assert.equal(await isFrozen(), true);
  });

  it("is shown at any size, the largest too, and before anything is anchored", async () => {
    for (const size of [0n, 1n, 10n ** 15n, 2n ** 64n - 1n]) {
      await show(signed(A, KEY, size), signed(B, KEY, size), { size });
      assert.equal(await isFrozen(), true);
      await restore();
    }
  });

  describe("is not shown", () => {
    it("by one root twice, even with two signatures", async () => {
      await refuses(show(signed(A), signed(A, SECOND)), "SplitNotShown", [log, 5n]);
    });

    it("by roots of two sizes", async () => {
      await refuses(show(signed(A), signed(B, KEY, 6n)), "CheckpointRefused", [log, 5n, B, KEY.id]);
      await refuses(show(signed(A, KEY, 6n), signed(B)), "CheckpointRefused", [log, 5n, A, KEY.id]);
    });

    it("by another department's key, an officer's, or one nobody registered", async () => {
      for (const key of [THEIRS, POLICE_OFFICE]) {
        await refuses(show(signed(A), signed(B, key)), "CheckpointRefused", [log, 5n, B, key.id]);
        await refuses(show(signed(A, key), signed(B)), "CheckpointRefused", [log, 5n, A, key.id]);
      }
      const nobody = keyNamed("nobody");
      await refuses(show(signed(A), signed(B, nobody)), "KeyUnknown", [nobody.id]);
    });

    it("by a signature over anything else", async () => {
      const { r, s } = signed(B);
      for (const text of [noteOf(origin, 5n, B).subarray(0, -1), noteOf(`${origin} `, 5n, B), Buffer.from(B)]) {
        await refuses(show(signed(A), { ...signed(B), ...sign(KEY, text) }), "CheckpointRefused", [log, 5n, B, KEY.id]);
      }
      const other = textHash("a third history");
      await refuses(show(signed(A), { root: other, key: KEY.id, r, s }), "CheckpointRefused", [log, 5n, other, KEY.id]);
    });

    it("of a log that is not the department's, or not there", async () => {
      const unknown = textHash("no log");
      await refuses(show(signed(A), signed(B), { of: unknown }), "LogUnknown", [unknown]);
      await refuses(show(signed(A), signed(B), { department: SCHOOL }), "LogNotOfDepartment", [log, SCHOOL]);
    });
  });
}
