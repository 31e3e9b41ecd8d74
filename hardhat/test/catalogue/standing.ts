// Standing replies: for unconditional data only, by the provider's office head, and gone with a stricter version.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { emits, eventOf, refuses, ZERO, type Fields, type Mined } from "../harness/chain.ts";
import {
  City,
  DATA_HEAD,
  digest,
  idOf,
  POLICE,
  POLICE_HEAD,
  POLICE_OFFICE,
  SCHOOL_OFFICE,
} from "../harness/city.ts";
import { Roles, ShareTypes } from "../harness/enums.ts";
import type { Sm2Key } from "../harness/sm2.ts";

export function describeSetStandingReply(): void {
  let city: City;
  let restore: () => Promise<void>;
  before(async () => {
    city = await City.enrolled();
    await city.publish("OPEN", ShareTypes.UNCONDITIONAL);
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  const OPEN = idOf(POLICE, "OPEN");
  const entryOf = (): Promise<Fields> => city.chain.read(city.catalogue, "entryOf", [OPEN]);
  const given = { standing: true, callsPerDay: 500, rowsPerDay: 50_000, standingTerms: digest("terms") };
  const give = (fields: Fields = {}, signer = POLICE_OFFICE): Promise<Mined> =>
    city.standing("OPEN", { terms: digest("terms"), ...fields }, signer);

  it("keeps the reply as decided, and says everything in its event", async () => {
    const old = await entryOf();
    const mined = await give();
    emits(mined, "StandingReplySet", eventOf(mined.args, { seq: 3n }));
    assert.deepEqual(await entryOf(), { ...old, ...given });
  });

  it("can be given anew with other quotas and terms", async () => {
    await give();
    await give({ callsPerDay: 1, rowsPerDay: 2 ** 32 - 1, terms: ZERO });
    const { standing, callsPerDay, rowsPerDay, standingTerms } = await entryOf();
    assert.deepEqual([standing, callsPerDay, rowsPerDay, standingTerms], [true, 1, 2 ** 32 - 1, ZERO]);
  });

  it("can be ended, with quotas or without", async () => {
    for (const quotas of [{ callsPerDay: 0, rowsPerDay: 0 }, { callsPerDay: 5, rowsPerDay: 0 }]) {
      await give();
      const mined = await give({ standing: false, ...quotas, terms: ZERO });
      emits(mined, "StandingReplySet", eventOf(mined.args, { seq: 4n }));
      assert.equal((await entryOf()).standing, false);
      await restore();
    }
  });

  it("allows something, where it stands", async () => {
    for (const [callsPerDay, rowsPerDay] of [[0, 1], [1, 0], [0, 0]]) {
      await refuses(give({ callsPerDay, rowsPerDay }), "StandingQuotaZero", [OPEN, callsPerDay, rowsPerDay]);
    }
  });

  describe("the entry", () => {
    const standing = (code: string, fields: Fields = {}): Promise<Mined> => city.standing(code, fields);

    it("is known", async () => {
      await refuses(standing("NEVER"), "EntryUnknown", [idOf(POLICE, "NEVER")]);
    });

    it("is in force: a version that awaits review, or was returned, does not do", async () => {
      await city.submit([city.version("NEW", 1, { shareType: ShareTypes.UNCONDITIONAL })]);
      const expected = [idOf(POLICE, "NEW"), 0, 0];
      await refuses(standing("NEW"), "StandingReplyRefused", expected);
      await city.reviewAll([city.review("NEW", 1, false)]);
      await refuses(standing("NEW"), "StandingReplyRefused", expected);
    });

    it("is unconditional, whether the reply is to stand or to end", async () => {
      for (const shareType of [ShareTypes.CONDITIONAL, ShareTypes.NOT_SHARED]) {
        await city.publish(`S${shareType}`, shareType);
        const expected = [idOf(POLICE, `S${shareType}`), 1, shareType];
        await refuses(standing(`S${shareType}`), "StandingReplyRefused", expected);
        await refuses(standing(`S${shareType}`, { standing: false }), "StandingReplyRefused", expected);
      }
    });

    it("may have its next version under review", async () => {
      await city.submit([city.version("OPEN", 2, { shareType: ShareTypes.CONDITIONAL })]);
      await give();
      assert.equal((await entryOf()).standing, true);
    });
  });

  describe("the next version", () => {
    const publish = (shareType: number, version: number): Promise<void> => city.publish("OPEN", shareType, version);

    it("keeps the reply where it is unconditional", async () => {
      await give();
      await publish(ShareTypes.UNCONDITIONAL, 2);
      const { current, standing, callsPerDay, rowsPerDay, standingTerms } = await entryOf();
      assert.deepEqual([current, { standing, callsPerDay, rowsPerDay, standingTerms }], [2, given]);
    });

    it("ends the reply where it is not, once it is published and no sooner", async () => {
      for (const shareType of [ShareTypes.CONDITIONAL, ShareTypes.NOT_SHARED]) {
        await give();
        await city.submit([city.version("OPEN", 2, { shareType })]);
        assert.equal((await entryOf()).standing, true);
        await city.reviewAll([city.review("OPEN", 2)]);
        assert.equal((await entryOf()).standing, false);
        await restore();
      }
    });

    it("leaves the reply where it is returned", async () => {
      await give();
      await city.submit([city.version("OPEN", 2, { shareType: ShareTypes.CONDITIONAL })]);
      await city.reviewAll([city.review("OPEN", 2, false)]);
      assert.equal((await entryOf()).standing, true);
    });

    it("does not bring the reply back when the data is unconditional again", async () => {
      await give();
      await publish(ShareTypes.CONDITIONAL, 2);
      await publish(ShareTypes.UNCONDITIONAL, 3);
      assert.equal((await entryOf()).standing, false);
    });
  });

  describe("who signs", () => {
    const missing = (key: Sm2Key, held: number): unknown[] => [POLICE, key.id, Roles.OFFICE_HEAD, held];

    it("is an office head of the provider, no other officer or department", async () => {
      await refuses(give({}, POLICE_HEAD), "RoleMissing", missing(POLICE_HEAD, Roles.DEPARTMENT_HEAD));
      await refuses(give({}, SCHOOL_OFFICE), "RoleMissing", missing(SCHOOL_OFFICE, 0));
      await refuses(give({}, DATA_HEAD), "RoleMissing", missing(DATA_HEAD, 0));
    });

    it("may be a deputy whose key another department holds", async () => {
      await city.grantRoles(POLICE, SCHOOL_OFFICE.id, Roles.OFFICE_HEAD, POLICE_HEAD);
      await give({}, SCHOOL_OFFICE);
      assert.equal((await entryOf()).standing, true);
    });
  });

  it("leaves the entry as it was when it is refused", async () => {
    await give();
    const old = await entryOf();
    await refuses(give({ callsPerDay: 7, rowsPerDay: 0, terms: ZERO }), "StandingQuotaZero", [OPEN, 7, 0]);
    assert.deepEqual(await entryOf(), old);
  });
}
