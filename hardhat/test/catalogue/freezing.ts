// Freezing: by order of the provider's competent department, in an emergency without a paper; taken back by its head.
import assert from "node:assert/strict";
import { before, beforeEach, it } from "node:test";
import { emits, eventOf, refuses, ZERO, type Fields, type Mined } from "../harness/chain.ts";
import { City, DATA, DATA_HEAD, idOf, POLICE, POLICE_HEAD, REVIEWER } from "../harness/city.ts";
import { EntryStates, Roles, ShareTypes } from "../harness/enums.ts";
import { keyNamed, type Sm2Key } from "../harness/sm2.ts";

const R1 = idOf(POLICE, "R1");
const DUTY = keyNamed("data duty");

export function describeFreezing(): void {
  let city: City;
  let restore: () => Promise<void>;
  before(async () => {
    city = await City.published();
    await city.officer(DATA, DUTY, DATA_HEAD, Roles.DUTY_OFFICER);
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  const entryOf = (): Promise<Fields> => city.chain.read(city.catalogue, "entryOf", [R1]);
  const missing = (key: Sm2Key, required: number, held: number): unknown[] => [DATA, key.id, required, held];
  const both = Roles.DEPARTMENT_HEAD | Roles.DUTY_OFFICER;

  it("marks the entry, and says everything in its event", async () => {
    const old = await entryOf();
    const mined = await city.freeze("R1");
    emits(mined, "FreezeOrdered", eventOf(mined.args, { competent: DATA, seq: 3n }));
    assert.deepEqual(await entryOf(), { ...old, frozen: true });
  });

  it("is taken back, and says everything in its event", async () => {
    const old = await entryOf();
    await city.freeze("R1");
    const mined = await city.unfreeze("R1");
    emits(mined, "FreezeLifted", eventOf(mined.args, { competent: DATA, seq: 4n }));
    assert.deepEqual(await entryOf(), old);
  });

  it("is done once, and taken back once", async () => {
    await refuses(city.unfreeze("R1"), "EntryNotFrozen", [R1]);
    await city.freeze("R1");
    await refuses(city.freeze("R1"), "EntryIsFrozen", [R1]);
    await city.unfreeze("R1");
    await refuses(city.unfreeze("R1"), "EntryNotFrozen", [R1]);
  });

  it("needs no document, but one to be taken back", async () => {
    await city.freeze("R1", DATA_HEAD, { digest: ZERO });
    await refuses(city.unfreeze("R1", DATA_HEAD, { digest: ZERO, nonce: 95n }), "DigestMissing", [DATA_HEAD.id, 95n]);
  });

  it("is ordered by a head or a duty officer of the competent department, and taken back by a head", async () => {
    await refuses(city.freeze("R1", POLICE_HEAD), "RoleMissing", missing(POLICE_HEAD, both, 0));
    await refuses(city.freeze("R1", REVIEWER), "RoleMissing", missing(REVIEWER, both, Roles.REVIEWER));
    await city.freeze("R1", DUTY);
    const head = Roles.DEPARTMENT_HEAD;
    await refuses(city.unfreeze("R1", DUTY), "RoleMissing", missing(DUTY, head, Roles.DUTY_OFFICER));
    await refuses(city.unfreeze("R1", POLICE_HEAD), "RoleMissing", missing(POLICE_HEAD, head, 0));
    await city.unfreeze("R1", DATA_HEAD);
  });

  it("is that of a known entry", async () => {
    for (const decide of [(): Promise<Mined> => city.freeze("NEVER"), (): Promise<Mined> => city.unfreeze("NEVER")]) {
      await refuses(decide(), "EntryUnknown", [idOf(POLICE, "NEVER")]);
    }
  });

  it("does not keep versions from being filed and published: the mended one has to come in", async () => {
    await city.freeze("R1");
    await city.publish("R1", ShareTypes.CONDITIONAL, 2);
    const { current, state, frozen } = await entryOf();
    assert.deepEqual([current, state, frozen], [2, EntryStates.PUBLISHED, true]);
  });

  it("reaches an entry that has never been published", async () => {
    await city.submit([city.version("NEW")]);
    await city.freeze("NEW");
    await city.reviewAll([city.review("NEW")]);
    await refuses(city.applyFor([city.application("NEW")]), "EntryIsFrozen", [idOf(POLICE, "NEW")]);
  });

  it("keeps everybody from applying, until it is taken back", async () => {
    await city.freeze("R1");
    await refuses(city.applyFor([city.application("R1")]), "EntryIsFrozen", [R1]);
    await city.unfreeze("R1");
    await city.applyFor([city.application("R1")]);
  });
}
