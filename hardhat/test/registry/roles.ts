// Roles: granted by a department to a key, whosever it is, for a time, and taken away.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import type { Hex } from "viem";
import { DAY, emits, eventOf, refuses, START, type Fields, type Mined } from "../harness/chain.ts";
import {
  APP_KEY,
  City,
  COUNTY,
  COUNTY_HEAD,
  DATA,
  DATA_HEAD,
  departmentId,
  MAX_TIME,
  POLICE,
  POLICE_HEAD,
  POLICE_OFFICE,
  REVIEWER,
  SCHOOL,
  SCHOOL_HEAD,
  SCHOOL_OFFICE,
} from "../harness/city.ts";
import { KeyKinds, Roles } from "../harness/enums.ts";
import { keyNamed, type Sm2Key } from "../harness/sm2.ts";

const FRESH = keyNamed("fresh");

export function describeGrantRoles(): void {
  let city: City;
  let restore: () => Promise<void>;
  before(async () => {
    city = await City.enrolled();
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  const grant = (key: Sm2Key, roles: number, fields: Fields = {}, signer = POLICE_HEAD): Promise<Mined> =>
    city.grantRoles(POLICE, key.id, roles, signer, fields);
  const rolesOf = (key: Sm2Key, department: Hex = POLICE): Promise<number> =>
    city.chain.read(city.registry, "rolesOf", [department, key.id]);
  const grantOf = (key: Sm2Key): Promise<Fields> => city.chain.read(city.registry, "grantOf", [POLICE, key.id]);

  it("keeps the grant as decided, and says everything in its event", async () => {
    const seq = (await city.chain.read(city.registry, "sequence")) + 1n;
    const period = { validFrom: START - DAY, validUntil: MAX_TIME };
    const mined = await grant(REVIEWER, Roles.AUDITOR | Roles.DATA_OFFICER, period);
    emits(mined, "RolesGranted", eventOf(mined.args, { seq }));
    assert.deepEqual(await grantOf(REVIEWER), { roles: Roles.AUDITOR | Roles.DATA_OFFICER, ...period });
    assert.equal(await rolesOf(REVIEWER), Roles.AUDITOR | Roles.DATA_OFFICER);
  });

  it("reaches the key of another department, and only in the department that grants", async () => {
    await grant(SCHOOL_OFFICE, Roles.REVIEWER);
    assert.equal(await rolesOf(SCHOOL_OFFICE), Roles.REVIEWER);
    assert.equal(await rolesOf(SCHOOL_OFFICE, SCHOOL), Roles.OFFICE_HEAD);
    assert.equal(await rolesOf(SCHOOL_OFFICE, DATA), 0);
  });

  it("replaces what the department granted to the key before", async () => {
    await grant(POLICE_OFFICE, Roles.AUDITOR);
    assert.equal(await rolesOf(POLICE_OFFICE), Roles.AUDITOR);
    await refuses(city.registerApplication(POLICE, "X", POLICE_OFFICE), "RoleMissing", [
      POLICE,
      POLICE_OFFICE.id,
      Roles.OFFICE_HEAD,
      Roles.AUDITOR,
    ]);
  });

  it("can give every role there is at once", async () => {
    const all = Object.values(Roles).reduce((sum, role) => sum | role);
    await grant(POLICE_OFFICE, all);
    assert.equal(await rolesOf(POLICE_OFFICE), all);
  });

  it("gives no role there is not", async () => {
    for (const roles of [64, 64 | Roles.AUDITOR, 2 ** 31, 2 ** 32 - 1]) {
      await refuses(grant(POLICE_OFFICE, roles), "RolesUnknown", [roles]);
    }
    assert.equal(await rolesOf(POLICE_OFFICE), Roles.OFFICE_HEAD);
  });

  it("makes heads who grant in turn", async () => {
    await grant(SCHOOL_OFFICE, Roles.DEPARTMENT_HEAD);
    await grant(REVIEWER, Roles.AUDITOR, {}, SCHOOL_OFFICE);
    assert.equal(await rolesOf(REVIEWER), Roles.AUDITOR);
  });

  describe("who signs", () => {
    const missing = (key: Sm2Key, held: number): unknown[] => [POLICE, key.id, Roles.DEPARTMENT_HEAD, held];

    it("is a head of the department, no other officer", async () => {
      const expected = missing(POLICE_OFFICE, Roles.OFFICE_HEAD);
      await refuses(grant(POLICE_OFFICE, Roles.DEPARTMENT_HEAD, {}, POLICE_OFFICE), "RoleMissing", expected);
    });

    it("is no head of another department, not even of the competent one", async () => {
      await refuses(grant(SCHOOL_OFFICE, Roles.OFFICE_HEAD, {}, SCHOOL_HEAD), "RoleMissing", missing(SCHOOL_HEAD, 0));
      await refuses(grant(POLICE_OFFICE, 0, {}, DATA_HEAD), "RoleMissing", missing(DATA_HEAD, 0));
    });

    it("is nobody for a department that is not enrolled", async () => {
      const nowhere = departmentId("111309000000NOBODY");
      const expected = [nowhere, POLICE_HEAD.id, Roles.DEPARTMENT_HEAD, 0];
      await refuses(city.grantRoles(nowhere, POLICE_OFFICE.id, 1, POLICE_HEAD), "RoleMissing", expected);
    });
  });

  describe("the key", () => {
    it("is registered", async () => {
      await refuses(grant(FRESH, Roles.AUDITOR), "KeyUnknown", [FRESH.id]);
    });

    it("is an officer's", async () => {
      await refuses(grant(APP_KEY, Roles.AUDITOR), "KeyNotOfficer", [APP_KEY.id, KeyKinds.APPLICATION]);
      await city.addKey(POLICE, FRESH, POLICE_HEAD, { kind: KeyKinds.DEPARTMENT });
      await refuses(grant(FRESH, Roles.AUDITOR), "KeyNotOfficer", [FRESH.id, KeyKinds.DEPARTMENT]);
    });

    it("is not revoked", async () => {
      await city.revokeKey(POLICE_OFFICE.id, POLICE_HEAD);
      const revokedAt = city.chain.now;
      await refuses(grant(POLICE_OFFICE, Roles.AUDITOR), "KeyAlreadyRevoked", [POLICE_OFFICE.id, revokedAt]);
    });

    it("is valid now: neither before its first second nor after its last", async () => {
      const [validFrom, validUntil] = [city.chain.now + 100n, city.chain.now + 200n];
      await city.addKey(POLICE, FRESH, POLICE_HEAD, { validFrom, validUntil });
      const again = await city.chain.snapshot();
      for (const time of [validFrom - 1n, validUntil]) {
        city.chain.now = time - 1n;
        await refuses(grant(FRESH, Roles.AUDITOR), "KeyNotValid", [FRESH.id, validFrom, validUntil, time]);
        await again();
      }
      for (const time of [validFrom, validUntil - 1n]) {
        city.chain.now = time - 1n;
        await grant(FRESH, Roles.AUDITOR);
        await again();
      }
    });
  });

  describe("the period", () => {
    it("begins before it ends", async () => {
      for (const [validFrom, validUntil] of [
        [START + DAY, START + DAY],
        [START + DAY, START + DAY - 1n],
        [MAX_TIME, MAX_TIME],
      ]) {
        const granted = grant(POLICE_OFFICE, Roles.AUDITOR, { validFrom, validUntil });
        await refuses(granted, "PeriodInvalid", [validFrom, validUntil]);
      }
    });

    it("has not ended already, to the second", async () => {
      const time = city.chain.now + 1n;
      const over = { validFrom: 0n, validUntil: time };
      await refuses(grant(POLICE_OFFICE, Roles.AUDITOR, over), "PeriodInvalid", [0n, time]);
      await restore();
      await grant(POLICE_OFFICE, Roles.AUDITOR, { validFrom: 0n, validUntil: time + 1n });
      assert.equal(await rolesOf(POLICE_OFFICE), 0, "over by the next block");
    });

    it("is that of the roles, from its first second until before its last", async () => {
      const [validFrom, validUntil] = [city.chain.now + 100n, city.chain.now + 200n];
      await grant(REVIEWER, Roles.AUDITOR, { validFrom, validUntil });
      const found: [bigint, number][] = [
        [validFrom - 1n, 0],
        [validFrom, Roles.AUDITOR],
        [validUntil - 1n, Roles.AUDITOR],
        [validUntil, 0],
      ];
      for (const [time, roles] of found) {
        city.chain.now = time - 1n; // views are asked at the next block's time
        assert.equal(await rolesOf(REVIEWER), roles, String(time));
      }
      assert.deepEqual(await grantOf(REVIEWER), { roles: Roles.AUDITOR, validFrom, validUntil });
    });
  });

  describe("none", () => {
    const none = (key: Sm2Key): Promise<Mined> => grant(key, 0, { validFrom: 0n, validUntil: 0n });

    it("takes the roles away, with an event like any other", async () => {
      const seq = (await city.chain.read(city.registry, "sequence")) + 1n;
      const mined = await none(POLICE_OFFICE);
      emits(mined, "RolesGranted", eventOf(mined.args, { seq }));
      assert.deepEqual(await grantOf(POLICE_OFFICE), { roles: 0, validFrom: 0n, validUntil: 0n });
      assert.equal(await rolesOf(POLICE_OFFICE), 0);
    });

    it("takes a deputy's, whose key the department does not hold, and leaves those elsewhere", async () => {
      await grant(SCHOOL_OFFICE, Roles.OFFICE_HEAD);
      await none(SCHOOL_OFFICE);
      assert.equal(await rolesOf(SCHOOL_OFFICE), 0);
      assert.equal(await rolesOf(SCHOOL_OFFICE, SCHOOL), Roles.OFFICE_HEAD);
    });

    it("takes those of a revoked key", async () => {
      await city.revokeKey(POLICE_OFFICE.id, POLICE_HEAD);
      assert.equal(await rolesOf(POLICE_OFFICE), Roles.OFFICE_HEAD);
      await none(POLICE_OFFICE);
      assert.equal(await rolesOf(POLICE_OFFICE), 0);
    });

    it("ends a department head's deciding at once", async () => {
      await city.grantRoles(COUNTY, SCHOOL_OFFICE.id, Roles.DEPARTMENT_HEAD, COUNTY_HEAD);
      await city.grantRoles(COUNTY, COUNTY_HEAD.id, 0, SCHOOL_OFFICE);
      const expected = [COUNTY, COUNTY_HEAD.id, Roles.DEPARTMENT_HEAD, 0];
      await refuses(city.addKey(COUNTY, FRESH, COUNTY_HEAD), "RoleMissing", expected);
    });
  });
}
