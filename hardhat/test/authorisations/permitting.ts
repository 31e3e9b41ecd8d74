// What the chain says of a call: each reason, in the order a caller may learn them.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import type { Hex } from "viem";
import { DAY, refuses, START } from "../harness/chain.ts";
import {
  APP_KEY,
  APPLICATION,
  type City,
  DATA,
  POLICE,
  POLICE_OFFICE,
  PURPOSE,
  REVIEWER,
  SCHOOL,
  SCHOOL_HEAD,
  SCHOOL_OFFICE,
  textHash,
} from "../harness/city.ts";
import { Answers, AuthorisationStates, DepartmentStatuses, KeyKinds, Permits, Steps } from "../harness/enums.ts";
import { supplied } from "../harness/parties.ts";
import { keyNamed } from "../harness/sm2.ts";
import { Case, everySituation, type Situation } from "./situations.ts";

const FROM = START + 40_000n;
const UNTIL = START + 90_000n;

/** What a caller with the right key, items and purpose is told in each state. */
const BY_STATE: Record<number, number> = {
  [AuthorisationStates.APPLIED]: Permits.NOT_AGREED,
  [AuthorisationStates.FORWARDED]: Permits.NOT_AGREED,
  [AuthorisationStates.RETURNED]: Permits.NOT_AGREED,
  [AuthorisationStates.SUPPLEMENTING]: Permits.NOT_AGREED,
  [AuthorisationStates.REFUSED]: Permits.NOT_AGREED,
  [AuthorisationStates.WITHDRAWN]: Permits.NOT_AGREED,
  [AuthorisationStates.AGREED]: Permits.PERMITTED,
  [AuthorisationStates.DELIVERED]: Permits.PERMITTED,
  [AuthorisationStates.ACTIVE]: Permits.PERMITTED,
  [AuthorisationStates.SUSPENDED]: Permits.SUSPENDED,
  [AuthorisationStates.RECTIFIED]: Permits.SUSPENDED,
  [AuthorisationStates.TERMINATED]: Permits.TERMINATED,
  [AuthorisationStates.DISPOSED]: Permits.TERMINATED,
  [AuthorisationStates.CLOSED]: Permits.TERMINATED,
};

export function describePermits(): void {
  let city: City;
  let situations: Situation[];
  let restore: () => Promise<void>;
  /** Agreed, for items 0, 1, 2, from FROM until UNTIL. */
  let id: bigint;
  before(async () => {
    city = await supplied();
    situations = await everySituation(city);
    id = (await Case.agreed(city, { validFrom: FROM, validUntil: UNTIL })).id;
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  const permits = (authorisation: bigint, key: Hex = APP_KEY.id, items = 0b111n, purpose = PURPOSE): Promise<number> =>
    city.chain.read(city.authorisations, "permits", [authorisation, key, items, purpose]);

  /** Let the next block have this time. */
  const at = (time: bigint): void => {
    city.chain.now = time - 1n;
  };

  it("tells in every state what the state says", async () => {
    for (const { id: one, name, state } of situations) assert.equal(await permits(one), BY_STATE[state], name);
    assert.deepEqual(new Set(situations.map(({ state }) => String(state))), new Set(Object.keys(BY_STATE)));
  });

  it("has one answer for what does not exist and for what is not yours", async () => {
    const [other, officer] = [keyNamed("another application's key"), POLICE_OFFICE];
    await city.registerApplication(SCHOOL, "OTHER", SCHOOL_OFFICE);
    const { events } = await city.registerApplication(SCHOOL, "THIRD", SCHOOL_OFFICE);
    await city.addKey(events[0]!.args.application, other, SCHOOL_HEAD, { kind: KeyKinds.APPLICATION });
    for (const { id: one, name } of situations) {
      for (const key of [other.id, officer.id, keyNamed("nobody").id, APPLICATION, `0x${"0".repeat(64)}` as Hex]) {
        assert.equal(await permits(one, key), Permits.UNKNOWN, name);
      }
    }
    for (const one of [0n, id + 1n, 2n ** 64n - 1n]) {
      for (const key of [APP_KEY.id, other.id]) assert.equal(await permits(one, key), Permits.UNKNOWN);
    }
  });

  it("does not know a key before and after its validity, nor once revoked", async () => {
    const key = keyNamed("short-lived key");
    await city.addKey(APPLICATION, key, SCHOOL_HEAD, { kind: KeyKinds.APPLICATION, validFrom: FROM + 10n, validUntil: FROM + 20n });
    for (const [time, expected] of [[9n, Permits.UNKNOWN], [10n, Permits.PERMITTED], [19n, Permits.PERMITTED], [20n, Permits.UNKNOWN]] as const) {
      at(FROM + time);
      assert.equal(await permits(id, key.id), expected, `second ${time}`);
    }
    await city.revokeKey(APP_KEY.id, SCHOOL_HEAD);
    assert.equal(await permits(id), Permits.UNKNOWN);
  });

  it("permits from the first second until before the last", async () => {
    for (const [time, expected] of [
      [FROM - 1n, Permits.NOT_STARTED],
      [FROM, Permits.PERMITTED],
      [UNTIL - 1n, Permits.PERMITTED],
      [UNTIL, Permits.EXPIRED],
      [UNTIL + 300n * DAY - 100_000n, Permits.EXPIRED],
    ] as const) {
      at(time);
      assert.equal(await permits(id), expected, String(time));
    }
  });

  it("permits the purpose granted and no other", async () => {
    at(FROM);
    for (const purpose of [textHash("marketing"), `0x${"0".repeat(64)}` as Hex]) {
      assert.equal(await permits(id, APP_KEY.id, 0b111n, purpose), Permits.PURPOSE_NOT_GRANTED);
    }
  });

  it("permits any of the items granted, none beyond them, and never none", async () => {
    at(FROM);
    for (const items of [0b001n, 0b010n, 0b100n, 0b101n, 0b111n]) assert.equal(await permits(id, APP_KEY.id, items), Permits.PERMITTED);
    for (const items of [0n, 0b1000n, 0b1111n, 2n ** 255n, 2n ** 256n - 1n]) {
      assert.equal(await permits(id, APP_KEY.id, items), Permits.ITEM_NOT_GRANTED, String(items));
    }
  });

  it("permits what a part agreed to has left", async () => {
    const one = await Case.applied(city);
    await one.take(Steps.PASS, REVIEWER);
    await one.reply({ answer: Answers.PARTLY, items: 0b010n });
    assert.equal(await permits(one.id, APP_KEY.id, 0b010n), Permits.PERMITTED);
    assert.equal(await permits(one.id, APP_KEY.id, 0b001n), Permits.ITEM_NOT_GRANTED);
  });

  it("permits nothing while either party is suspended or closed, and everything again afterwards", async () => {
    const { ACTIVE, SUSPENDED, CLOSED } = DepartmentStatuses;
    at(FROM);
    for (const department of [POLICE, SCHOOL]) {
      await city.setStatus(department, SUSPENDED);
      assert.equal(await permits(id), Permits.DEPARTMENT_SUSPENDED);
      await city.setStatus(department, ACTIVE);
      assert.equal(await permits(id), Permits.PERMITTED);
    }
    await city.setStatus(SCHOOL, CLOSED);
    assert.equal(await permits(id), Permits.DEPARTMENT_SUSPENDED);
  });

  it("permits nothing of an entry while it is frozen", async () => {
    at(FROM);
    await city.freeze("R1");
    assert.equal(await permits(id), Permits.ENTRY_FROZEN);
    await city.unfreeze("R1");
    assert.equal(await permits(id), Permits.PERMITTED);
  });

  it("permits what was agreed to before the entry was withdrawn, until its end", async () => {
    await city.withdraw(["R1"]);
    await city.reviewWithdrawals([city.withdrawalReview("R1")]);
    at(FROM);
    assert.equal(await permits(id), Permits.PERMITTED);
    at(UNTIL);
    assert.equal(await permits(id), Permits.EXPIRED);
  });

  describe("of two reasons", () => {
    it("tells whose it is before the department, the department before the freeze, the freeze before the state", async () => {
      const suspended = situations.find(({ state }) => state === AuthorisationStates.SUSPENDED)!.id;
      await city.freeze("R1");
      assert.equal(await permits(suspended), Permits.ENTRY_FROZEN);
      await city.setStatus(POLICE, DepartmentStatuses.SUSPENDED);
      assert.equal(await permits(suspended), Permits.DEPARTMENT_SUSPENDED);
      assert.equal(await permits(suspended, keyNamed("nobody").id), Permits.UNKNOWN);
    });

    it("tells the state before the time, the time before the purpose, the purpose before the items", async () => {
      const wrong = textHash("marketing");
      const suspended = situations.find(({ state }) => state === AuthorisationStates.SUSPENDED)!.id;
      at(START + 301n * DAY);
      assert.equal(await permits(suspended), Permits.SUSPENDED);
      at(FROM - 1n);
      assert.equal(await permits(id, APP_KEY.id, 0n, wrong), Permits.NOT_STARTED);
      at(UNTIL);
      assert.equal(await permits(id, APP_KEY.id, 0n, wrong), Permits.EXPIRED);
      at(FROM);
      assert.equal(await permits(id, APP_KEY.id, 0n, wrong), Permits.PURPOSE_NOT_GRANTED);
    });
  });

  describe("what is asked of one authorisation", () => {
    it("is refused where there is none", async () => {
      for (const view of ["authorisationOf", "partiesOf"]) {
        for (const one of [0n, id + 1n]) {
          await refuses(city.chain.read(city.authorisations, view, [one]), "AuthorisationUnknown", [one]);
        }
      }
    });

    it("has the same parties in every state", async () => {
      for (const { id: one, name } of situations) {
        assert.deepEqual(await city.chain.read(city.authorisations, "partiesOf", [one]), [SCHOOL, POLICE, DATA], name);
      }
      assert.equal(await city.chain.read(city.authorisations, "count"), BigInt(situations.length) + 1n);
    });
  });
}
