// Generations of a department's log: the next begins empty, the one before it keeps what it has anchored.
import assert from "node:assert/strict";
import { before, beforeEach, it } from "node:test";
import { getAddress, zeroAddress, type Hex } from "viem";
import { emits, eventOf, refuses, ZERO, type Mined } from "../harness/chain.ts";
import { City, POLICE, POLICE_HEAD, POLICE_OFFICE, SCHOOL, SCHOOL_HEAD, textHash } from "../harness/city.ts";
import { Roles } from "../harness/enums.ts";
import { CHECKPOINT, EMPTY, TREE } from "./leaves.ts";

export function describeSupersedeLog(): void {
  let city: City;
  let first: Hex;
  let restore: () => Promise<void>;
  before(async () => {
    city = await City.enrolled();
    await city.registerLog(POLICE, city.chain.account, POLICE_HEAD);
    first = await city.chain.read(city.anchors, "logOf", [POLICE]);
    await anchor(first, 0, 5);
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  const read = (view: string, args: unknown[] = [POLICE]): Promise<any> => city.chain.read(city.anchors, view, args);
  const supersede = (relay = city.chain.other, fields = {}, signer = POLICE_HEAD): Promise<Mined> =>
    city.supersedeLog(POLICE, relay, signer, fields);

  function anchor(log: Hex, oldSize: number, newSize: number, from = city.chain.account): Promise<Mined> {
    const args = [log, oldSize, newSize, TREE.root(newSize), CHECKPOINT, TREE.consistencyProof(oldSize, newSize)];
    return city.chain.send(city.anchors, "anchor", args, from);
  }

  it("opens the next log, empty, under an origin of its own, and says everything in its event", async () => {
    const origin: string = await read("originOf");
    const log = textHash(`${origin}:2`);
    const mined = await supersede(getAddress(city.chain.other));
    emits(mined, "LogSuperseded", eventOf(mined.args, { old: first, log, generation: 2, seq: 3n }));
    assert.deepEqual([await read("originOf"), await read("logOf"), await read("generationOf")], [`${origin}:2`, log, 2]);
    assert.deepEqual(await read("head", [log]), [getAddress(city.chain.other), 0n, EMPTY]);
    assert.deepEqual(await read("stateOf", [log]), [2, false, false]);
  });

  it("leaves the old log as it is, and lets nothing more into it", async () => {
    await supersede();
    assert.deepEqual(await read("head", [first]), [getAddress(city.chain.account), 5n, TREE.root(5)]);
    assert.deepEqual(await read("stateOf", [first]), [1, false, true]);
    await refuses(anchor(first, 5, 7), "LogIsSuperseded", [first]);
    // What the anchorer cannot know to have arrived may still be sent again.
    assert.deepEqual((await anchor(first, 5, 5)).events, []);
    assert.equal(await read("verifyConsistency", [first, 7, TREE.root(7), TREE.consistencyProof(5, 7)]), true);
  });

  it("takes the next log's leaves from its own relay", async () => {
    await supersede();
    const log = await read("logOf");
    await refuses(anchor(log, 0, 3), "RelayMismatch", [log, getAddress(city.chain.other), getAddress(city.chain.account)]);
    await anchor(log, 0, 3, city.chain.other);
    assert.deepEqual(await read("head", [log]), [getAddress(city.chain.other), 3n, TREE.root(3)]);
  });

  it("may happen again and again, each generation once", async () => {
    const origin: string = await read("originOf");
    const logs = [first];
    for (let generation = 2; generation <= 12; generation++) {
      await supersede(city.chain.account);
      logs.push(await read("logOf"));
      assert.equal(logs.at(-1), textHash(`${origin}:${generation}`));
    }
    assert.equal(new Set(logs).size, 12);
    const superseded = await Promise.all(logs.map(async (log) => (await read("stateOf", [log]))[2]));
    assert.deepEqual(superseded, [...Array(11).fill(true), false]);
    const again = city.registerLog(POLICE, city.chain.account, POLICE_HEAD);
    await refuses(again, "LogAlreadyRegistered", [POLICE, logs.at(-1)]);
  });

  it("needs a log to follow, a relay and a document", async () => {
    const none = await read("logOf", [SCHOOL]);
    await refuses(city.supersedeLog(SCHOOL, city.chain.account, SCHOOL_HEAD), "LogUnknown", [none]);
    assert.deepEqual([await read("generationOf", [SCHOOL]), await read("stateOf", [none])], [1, [0, false, false]]);
    await refuses(supersede(zeroAddress), "RelayMissing", [POLICE]);
    await refuses(supersede(city.chain.other, { digest: ZERO, nonce: 97n }), "DigestMissing", [POLICE_HEAD.id, 97n]);
  });

  it("is signed by a head of that very department", async () => {
    for (const [signer, held] of [[SCHOOL_HEAD, 0], [POLICE_OFFICE, Roles.OFFICE_HEAD]] as const) {
      await refuses(supersede(city.chain.other, {}, signer), "RoleMissing", [POLICE, signer.id, Roles.DEPARTMENT_HEAD, held]);
    }
  });
}
