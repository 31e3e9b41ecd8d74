// Keys go for good, and with them every decision and every call.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import type { Hex } from "viem";
import { emits, eventOf, refuses, ZERO, type Fields, type Mined } from "../harness/chain.ts";
import {
  APP_KEY,
  APPLICATION,
  City,
  DATA_HEAD,
  departmentId,
  digest,
  MAX_TIME,
  POLICE,
  POLICE_DUTY,
  POLICE_HEAD,
  POLICE_OFFICE,
  SCHOOL,
  SCHOOL_HEAD,
  SCHOOL_OFFICE,
} from "../harness/city.ts";
import { KeyKinds, Roles } from "../harness/enums.ts";
import { keyNamed, type Sm2Key } from "../harness/sm2.ts";
import { noHead } from "./keys.ts";

const FRESH = keyNamed("fresh");
const NOWHERE = departmentId("111309000000NOBODY");

let city: City;
let restore: () => Promise<void>;

const keyOf = (key: Sm2Key): Promise<Fields> => city.chain.read(city.registry, "keyOf", [key.id]);

export function describeRevocation(): void {
  before(async () => {
    city = await City.enrolled();
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  describe("revokeKey", describeRevokeKey);
  describe("applicationOfKey", describeApplicationOfKey);
}

function describeRevokeKey(): void {
  it("ends a key from this block on, and says everything in its event", async () => {
    const seq = (await city.chain.read(city.registry, "sequence")) + 1n;
    const old = await keyOf(POLICE_OFFICE);
    const mined = await city.revokeKey(POLICE_OFFICE.id, POLICE_HEAD);
    emits(mined, "KeyRevoked", eventOf(mined.args, { seq }));
    assert.deepEqual(await keyOf(POLICE_OFFICE), { ...old, revokedAt: city.chain.now });
  });

  it("is for good: a key cannot be revoked again", async () => {
    await city.revokeKey(POLICE_OFFICE.id, POLICE_HEAD);
    const revokedAt = city.chain.now;
    await refuses(city.revokeKey(POLICE_OFFICE.id, POLICE_HEAD), "KeyAlreadyRevoked", [POLICE_OFFICE.id, revokedAt]);
    assert.equal((await keyOf(POLICE_OFFICE)).revokedAt, revokedAt);
  });

  it("needs a registered key", async () => {
    await refuses(city.revokeKey(FRESH.id, POLICE_HEAD), "KeyUnknown", [FRESH.id]);
  });

  it("is signed by a head of the department that holds the key, no other officer or department", async () => {
    const revoke = (signer: Sm2Key): Promise<Mined> => city.revokeKey(POLICE_OFFICE.id, signer);
    await refuses(revoke(POLICE_OFFICE), "RoleMissing", noHead(POLICE, POLICE_OFFICE, Roles.OFFICE_HEAD));
    await refuses(revoke(POLICE_DUTY), "RoleMissing", noHead(POLICE, POLICE_DUTY, Roles.DUTY_OFFICER));
    await refuses(revoke(SCHOOL_HEAD), "RoleMissing", noHead(POLICE, SCHOOL_HEAD));
    await refuses(revoke(DATA_HEAD), "RoleMissing", noHead(POLICE, DATA_HEAD));
  });

  it("is signed for an application's key by a head of the application's department", async () => {
    await refuses(city.revokeKey(APP_KEY.id, POLICE_HEAD), "RoleMissing", noHead(SCHOOL, POLICE_HEAD));
    const mined = await city.revokeKey(APP_KEY.id, SCHOOL_HEAD);
    assert.equal(mined.events[0]?.args.key, APP_KEY.id);
  });

  it("may be signed by a deputy, but not for the deputy's own key in its own department", async () => {
    await city.grantRoles(POLICE, SCHOOL_OFFICE.id, Roles.DEPARTMENT_HEAD, POLICE_HEAD);
    const again = await city.chain.snapshot();
    await city.revokeKey(POLICE_OFFICE.id, SCHOOL_OFFICE);
    await again();
    // The department that granted a role does not answer for the key it granted it to.
    await refuses(city.revokeKey(SCHOOL_OFFICE.id, POLICE_HEAD), "RoleMissing", noHead(SCHOOL, POLICE_HEAD));
  });

  it("reaches keys whose time is over or has not come", async () => {
    await city.addKey(POLICE, FRESH, POLICE_HEAD, { validFrom: MAX_TIME - 1n, validUntil: MAX_TIME });
    await city.revokeKey(FRESH.id, POLICE_HEAD);
    assert.equal((await keyOf(FRESH)).revokedAt, city.chain.now);
  });

  it("takes every decision from the key, in every department and contract", async () => {
    await city.grantRoles(SCHOOL, POLICE_HEAD.id, Roles.DEPARTMENT_HEAD | Roles.OFFICE_HEAD, SCHOOL_HEAD);
    await city.revokeKey(POLICE_HEAD.id, POLICE_HEAD);
    const expected = [POLICE_HEAD.id, city.chain.now];
    await refuses(city.addKey(POLICE, FRESH, POLICE_HEAD), "KeyAlreadyRevoked", expected);
    await refuses(city.addKey(SCHOOL, FRESH, POLICE_HEAD), "KeyAlreadyRevoked", expected);
    await refuses(city.grantRoles(POLICE, POLICE_DUTY.id, 0, POLICE_HEAD), "KeyAlreadyRevoked", expected);
    await refuses(city.registerApplication(SCHOOL, "NEW", POLICE_HEAD), "KeyAlreadyRevoked", expected);
    await refuses(city.submit([city.version("R1")]), "KeyAlreadyRevoked", expected);
    await refuses(city.applyFor([city.application("R1")], POLICE_HEAD), "KeyAlreadyRevoked", expected);
    await refuses(city.registerLog(POLICE, city.chain.account, POLICE_HEAD), "KeyAlreadyRevoked", expected);
    await refuses(city.enrol(NOWHERE, FRESH, POLICE_HEAD, { competent: POLICE }), "KeyAlreadyRevoked", expected);
  });

  it("leaves a head key alone that another head revokes in vain", async () => {
    await refuses(city.revokeKey(POLICE_HEAD.id, SCHOOL_HEAD), "RoleMissing", noHead(POLICE, SCHOOL_HEAD));
    assert.equal((await keyOf(POLICE_HEAD)).revokedAt, 0n);
    await city.revokeKey(POLICE_OFFICE.id, POLICE_HEAD, { digest: digest("lost") });
  });
}

function describeApplicationOfKey(): void {
  const applicationOf = (key: Sm2Key): Promise<Hex> => city.chain.read(city.registry, "applicationOfKey", [key.id]);

  it("is the application that holds the key", async () => {
    assert.equal(await applicationOf(APP_KEY), APPLICATION);
  });

  it("is none for a key that nobody registered, or that is not an application's", async () => {
    assert.equal(await applicationOf(FRESH), ZERO);
    assert.equal(await applicationOf(SCHOOL_OFFICE), ZERO);
  });

  it("is none from the block that revokes the key", async () => {
    await city.revokeKey(APP_KEY.id, SCHOOL_HEAD);
    assert.equal(await applicationOf(APP_KEY), ZERO);
  });

  it("is there from the key's first second until before its last", async () => {
    const [validFrom, validUntil] = [city.chain.now + 100n, city.chain.now + 200n];
    await city.addKey(APPLICATION, FRESH, SCHOOL_HEAD, { kind: KeyKinds.APPLICATION, validFrom, validUntil });
    const found: [bigint, Hex][] = [
      [validFrom - 1n, ZERO],
      [validFrom, APPLICATION],
      [validUntil - 1n, APPLICATION],
      [validUntil, ZERO],
    ];
    for (const [time, application] of found) {
      city.chain.now = time - 1n; // views are asked at the next block's time
      assert.equal(await applicationOf(FRESH), application, String(time));
    }
  });
}
