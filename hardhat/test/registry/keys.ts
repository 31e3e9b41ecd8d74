// Keys come in with the new key's own signature over the same text.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { toHex, type Hex } from "viem";
import { DAY, emits, eventOf, possessionOf, refuses, START, type Fields, type Mined } from "../harness/chain.ts";
import {
  APPLICATION,
  City,
  COUNTY_HEAD,
  DATA_HEAD,
  departmentId,
  idOf,
  MAX_TIME,
  personOf,
  POLICE,
  POLICE_HEAD,
  POLICE_OFFICE,
  SCHOOL,
  SCHOOL_HEAD,
  SCHOOL_OFFICE,
} from "../harness/city.ts";
import { KeyKinds, Roles } from "../harness/enums.ts";
import { keyNamed, type Sm2Key } from "../harness/sm2.ts";

const FRESH = keyNamed("fresh");
const NOWHERE = departmentId("111309000000NOBODY");

/** What `RoleMissing` says of a key that is no department head there. */
export function noHead(department: Hex, key: Sm2Key, held = 0): unknown[] {
  return [department, key.id, Roles.DEPARTMENT_HEAD, held];
}

let city: City;
let restore: () => Promise<void>;

const keyOf = (key: Sm2Key): Promise<Fields> => city.chain.read(city.registry, "keyOf", [key.id]);

export function describeAddKey(): void {
  before(async () => {
    city = await City.enrolled();
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  const add = (fields: Fields = {}, signer = POLICE_HEAD, holder = POLICE): Promise<Mined> =>
    city.addKey(holder, FRESH, signer, fields);

  it("keeps the key as decided, and says everything in its event", async () => {
    const seq = (await city.chain.read(city.registry, "sequence")) + 1n;
    const mined = await add({ validFrom: START + 5n, validUntil: MAX_TIME });
    emits(mined, "KeyAdded", eventOf(mined.args, { addedKey: FRESH.id, ...possessionOf(mined.args), seq }));
    assert.deepEqual(await keyOf(FRESH), {
      holder: POLICE,
      kind: KeyKinds.OFFICER,
      validFrom: START + 5n,
      validUntil: MAX_TIME,
      revokedAt: 0n,
      qx: FRESH.x,
      qy: FRESH.y,
      za: toHex(FRESH.za),
      person: personOf(FRESH),
    });
  });

  it("gives the key no role", async () => {
    await add();
    assert.equal(await city.chain.read(city.registry, "rolesOf", [POLICE, FRESH.id]), 0);
    await refuses(city.grantRoles(POLICE, FRESH.id, Roles.AUDITOR, FRESH), "RoleMissing", noHead(POLICE, FRESH));
  });

  describe("the kind and the holder", () => {
    it("are an officer's or a department's key, held by a department", async () => {
      for (const kind of [KeyKinds.OFFICER, KeyKinds.DEPARTMENT]) {
        await add({ kind });
        assert.deepEqual([(await keyOf(FRESH)).kind, (await keyOf(FRESH)).holder], [kind, POLICE]);
        await restore();
      }
    });

    it("are an application's key, held by an application", async () => {
      await add({ kind: KeyKinds.APPLICATION }, SCHOOL_HEAD, APPLICATION);
      assert.deepEqual([(await keyOf(FRESH)).kind, (await keyOf(FRESH)).holder], [KeyKinds.APPLICATION, APPLICATION]);
    });

    it("are one of three kinds", async () => {
      for (const kind of [0, 4, 255]) await refuses(add({ kind }), "KeyKindInvalid", [kind]);
    });

    it("do not mix: no application holds an officer's key, no department an application's", async () => {
      await refuses(add({ kind: KeyKinds.OFFICER }, SCHOOL_HEAD, APPLICATION), "DepartmentUnknown", [APPLICATION]);
      await refuses(add({ kind: KeyKinds.DEPARTMENT }, SCHOOL_HEAD, APPLICATION), "DepartmentUnknown", [APPLICATION]);
      await refuses(add({ kind: KeyKinds.APPLICATION }), "ApplicationUnknown", [POLICE]);
    });

    it("are known", async () => {
      const other = idOf(SCHOOL, "NEVER");
      await refuses(add({}, POLICE_HEAD, NOWHERE), "DepartmentUnknown", [NOWHERE]);
      await refuses(add({ kind: KeyKinds.APPLICATION }, SCHOOL_HEAD, other), "ApplicationUnknown", [other]);
    });
  });

  describe("who signs", () => {
    it("is a head of the department that holds it, no other officer", async () => {
      const missing = noHead(POLICE, POLICE_OFFICE, Roles.OFFICE_HEAD);
      await refuses(add({}, POLICE_OFFICE), "RoleMissing", missing);
    });

    it("is no head of another department, not even of the competent one", async () => {
      await refuses(add({}, SCHOOL_HEAD), "RoleMissing", noHead(POLICE, SCHOOL_HEAD));
      await refuses(add({}, DATA_HEAD), "RoleMissing", noHead(POLICE, DATA_HEAD));
    });

    it("is for an application a head of its department", async () => {
      const kind = KeyKinds.APPLICATION;
      await refuses(add({ kind }, POLICE_HEAD, APPLICATION), "RoleMissing", noHead(SCHOOL, POLICE_HEAD));
      const missing = noHead(SCHOOL, SCHOOL_OFFICE, Roles.OFFICE_HEAD);
      await refuses(add({ kind }, SCHOOL_OFFICE, APPLICATION), "RoleMissing", missing);
    });

    it("may be a deputy whose key another department holds", async () => {
      await city.grantRoles(POLICE, COUNTY_HEAD.id, Roles.DEPARTMENT_HEAD, POLICE_HEAD);
      assert.equal((await add({}, COUNTY_HEAD)).events[0]?.args.signingKey, COUNTY_HEAD.id);
    });

    it("cannot be the new key itself", async () => {
      await refuses(add({}, FRESH), "KeyUnknown", [FRESH.id]);
    });
  });

  describe("the period", () => {
    it("begins before it ends", async () => {
      for (const [validFrom, validUntil] of [
        [START + DAY, START + DAY],
        [START + DAY, START + DAY - 1n],
        [MAX_TIME, MAX_TIME],
      ]) {
        await refuses(add({ validFrom, validUntil }), "PeriodInvalid", [validFrom, validUntil]);
      }
    });

    it("has not ended already, to the second", async () => {
      const time = city.chain.now + 1n;
      await refuses(add({ validFrom: 0n, validUntil: time }), "PeriodInvalid", [0n, time]);
      await restore();
      await add({ validFrom: 0n, validUntil: time + 1n });
      assert.equal((await keyOf(FRESH)).validUntil, time + 1n);
    });

    it("may begin later", async () => {
      await add({ validFrom: MAX_TIME - 1n, validUntil: MAX_TIME });
      assert.equal((await keyOf(FRESH)).validFrom, MAX_TIME - 1n);
    });
  });

  describe("the public key", () => {
    it("is a point of the curve", async () => {
      await refuses(add({ qy: FRESH.y + 1n }), "KeyNotOnCurve", [FRESH.x, FRESH.y + 1n]);
      await refuses(add({ qx: 0n, qy: 0n }), "KeyNotOnCurve", [0n, 0n]);
    });

    it("is registered once, by whomever and for whatever", async () => {
      const again = (holder: Hex, head: Sm2Key, kind = KeyKinds.OFFICER): Promise<Mined> =>
        city.addKey(holder, POLICE_OFFICE, head, { kind });
      await refuses(again(POLICE, POLICE_HEAD), "KeyAlreadyRegistered", [POLICE_OFFICE.id]);
      await refuses(again(SCHOOL, SCHOOL_HEAD), "KeyAlreadyRegistered", [POLICE_OFFICE.id]);
      await refuses(again(POLICE, POLICE_HEAD, KeyKinds.DEPARTMENT), "KeyAlreadyRegistered", [POLICE_OFFICE.id]);
    });

    it("does not come back after it was revoked", async () => {
      await city.revokeKey(POLICE_OFFICE.id, POLICE_HEAD);
      await refuses(city.addKey(POLICE, POLICE_OFFICE, POLICE_HEAD), "KeyAlreadyRegistered", [POLICE_OFFICE.id]);
    });
  });

  describe("possession", () => {
    const sign = (possession: Sm2Key): unknown[] =>
      city.chain.sign(city.registry, "addKey", city.addKeyMessage(POLICE, FRESH), POLICE_HEAD, { possession });

    const refusesPossession = async (args: unknown[]): Promise<void> => {
      const { possessionR, possessionS } = possessionOf(args);
      const expected = [FRESH.id, possessionR, possessionS];
      await refuses(city.chain.send(city.registry, "addKey", args), "PossessionRefused", expected);
    };

    it("is not shown by another key, nor by the signature of who decides", async () => {
      await refusesPossession(sign(SCHOOL_HEAD));
      await refusesPossession(sign(POLICE_HEAD));
    });

    it("is not shown by the key's signature over another decision", async () => {
      const [[, , earlier], [decision, signature]] = [sign(FRESH), sign(FRESH)];
      await refusesPossession([decision, signature, earlier]);
    });

    it("is not shown by nothing", async () => {
      const [decision, signature] = sign(FRESH);
      await refusesPossession([decision, signature, { r: 0n, s: 0n }]);
    });
  });

  it("leaves the key unknown when it is refused", async () => {
    await refuses(add({ validUntil: 0n }), "PeriodInvalid", [START, 0n]);
    await refuses(keyOf(FRESH), "KeyUnknown", [FRESH.id]);
    await add();
  });
}
