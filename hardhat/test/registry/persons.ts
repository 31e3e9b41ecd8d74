// Persons: a random handle for everybody who holds an officer's key, of one department only.
import assert from "node:assert/strict";
import { before, beforeEach, it } from "node:test";
import type { Hex } from "viem";
import { refuses, ZERO, type Fields, type Mined } from "../harness/chain.ts";
import {
  APPLICATION,
  City,
  DATA_HEAD,
  departmentId,
  personOf,
  POLICE,
  POLICE_HEAD,
  POLICE_OFFICE,
  SCHOOL,
  SCHOOL_HEAD,
  textHash,
} from "../harness/city.ts";
import { KeyKinds } from "../harness/enums.ts";
import { keyNamed } from "../harness/sm2.ts";

export function describePersons(): void {
  const FRESH = keyNamed("fresh");
  const SOMEBODY = textHash("somebody");
  const PORT = departmentId("11130900000000PORT");

  let city: City;
  let restore: () => Promise<void>;
  before(async () => {
    city = await City.enrolled();
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  const departmentOf = (person: Hex): Promise<Hex> => city.chain.read(city.registry, "departmentOfPerson", [person]);
  const add = (fields: Fields, signer = POLICE_HEAD, holder: Hex = POLICE): Promise<Mined> =>
    city.addKey(holder, FRESH, signer, fields);

  it("belong to the department whose key names them first", async () => {
    assert.equal(await departmentOf(SOMEBODY), ZERO);
    await add({ person: SOMEBODY });
    assert.equal(await departmentOf(SOMEBODY), POLICE);
    assert.equal((await city.chain.read(city.registry, "keyOf", [FRESH.id])).person, SOMEBODY);
    assert.equal(await departmentOf(personOf(POLICE_HEAD)), POLICE);
  });

  it("may hold several keys in it", async () => {
    await add({ person: personOf(POLICE_HEAD) });
    await city.addKey(POLICE, keyNamed("third"), POLICE_HEAD, { person: personOf(POLICE_HEAD) });
    await city.recover(POLICE, keyNamed("fourth"), DATA_HEAD, { person: personOf(POLICE_OFFICE) });
  });

  it("hold no key of another department, whichever way it comes in, nor after theirs are revoked", async () => {
    const person = personOf(POLICE_OFFICE);
    const expected = (department: Hex): unknown[] => [person, POLICE, department];
    await refuses(add({ person }, SCHOOL_HEAD, SCHOOL), "PersonOfAnother", expected(SCHOOL));
    await refuses(city.enrol(PORT, FRESH, DATA_HEAD, { person }), "PersonOfAnother", expected(PORT));
    await refuses(city.recover(SCHOOL, FRESH, DATA_HEAD, { person }), "PersonOfAnother", expected(SCHOOL));
    await city.revokeKey(POLICE_OFFICE.id, POLICE_HEAD);
    await refuses(add({ person }, SCHOOL_HEAD, SCHOOL), "PersonOfAnother", expected(SCHOOL));
  });

  it("are named for every officer's key", async () => {
    await refuses(add({ person: ZERO }), "PersonMissing", [FRESH.id]);
    await refuses(city.enrol(PORT, FRESH, DATA_HEAD, { person: ZERO }), "PersonMissing", [FRESH.id]);
  });

  it("are named for no other key", async () => {
    const { DEPARTMENT, APPLICATION: APP } = KeyKinds;
    for (const [kind, holder, signer] of [[DEPARTMENT, POLICE, POLICE_HEAD], [APP, APPLICATION, SCHOOL_HEAD]] as const) {
      await refuses(add({ kind, person: SOMEBODY }, signer, holder), "PersonNotAllowed", [FRESH.id, SOMEBODY]);
    }
    assert.equal(await departmentOf(SOMEBODY), ZERO);
  });

  it("stay free when the key is refused", async () => {
    const refusal = city.addKey(POLICE, FRESH, POLICE_HEAD, { person: SOMEBODY }, { possession: POLICE_HEAD });
    await assert.rejects(refusal);
    assert.equal(await departmentOf(SOMEBODY), ZERO);
  });
}
