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
import { Answer, KeyKind, Permit, State, Step } from "../harness/enums.ts";
import { supplied } from "../harness/parties.ts";
import { keyNamed } from "../harness/sm2.ts";
import { Case, everySituation, type Situation } from "./situations.ts";

const FROM = START + 40_000n;
const UNTIL = START + 90_000n;

/** What a caller with the right key, items and purpose is told in each state. */
const BY_STATE: Record<number, number> = {
  [State.applied]: Permit.notAgreed,
  [State.forwarded]: Permit.notAgreed,
  [State.returned]: Permit.notAgreed,
  [State.refused]: Permit.notAgreed,
  [State.withdrawn]: Permit.notAgreed,
  [State.agreed]: Permit.permitted,
  [State.delivered]: Permit.permitted,
  [State.active]: Permit.permitted,
  [State.suspended]: Permit.suspended,
  [State.rectified]: Permit.suspended,
  [State.terminated]: Permit.terminated,
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
    await city.addKey(events[0]!.args.application, other, SCHOOL_HEAD, { kind: KeyKind.application });
    for (const { id: one, name } of situations) {
      for (const key of [other.id, officer.id, keyNamed("nobody").id, APPLICATION, `0x${"0".repeat(64)}` as Hex]) {
        assert.equal(await permits(one, key), Permit.unknown, name);
      }
    }
    for (const one of [0n, id + 1n, 2n ** 64n - 1n]) {
      for (const key of [APP_KEY.id, other.id]) assert.equal(await permits(one, key), Permit.unknown);
    }
  });

  it("does not know a key before and after its validity, nor once revoked", async () => {
    const key = keyNamed("short-lived key");
    await city.addKey(APPLICATION, key, SCHOOL_HEAD, { kind: KeyKind.application, validFrom: FROM + 10n, validUntil: FROM + 20n });
    for (const [time, expected] of [[9n, Permit.unknown], [10n, Permit.permitted], [19n, Permit.permitted], [20n, Permit.unknown]] as const) {
      at(FROM + time);
      assert.equal(await permits(id, key.id), expected, `second ${time}`);
    }
    await city.revokeKey(APP_KEY.id, SCHOOL_HEAD);
    assert.equal(await permits(id), Permit.unknown);
  });

  it("permits from the first second until before the last", async () => {
    for (const [time, expected] of [
      [FROM - 1n, Permit.notStarted],
      [FROM, Permit.permitted],
      [UNTIL - 1n, Permit.permitted],
      [UNTIL, Permit.expired],
      [UNTIL + 300n * DAY - 100_000n, Permit.expired],
    ] as const) {
      at(time);
      assert.equal(await permits(id), expected, String(time));
    }
  });

  it("permits the purpose granted and no other", async () => {
    at(FROM);
    for (const purpose of [textHash("marketing"), `0x${"0".repeat(64)}` as Hex]) {
      assert.equal(await permits(id, APP_KEY.id, 0b111n, purpose), Permit.purposeNotGranted);
    }
  });

  it("permits any of the items granted, none beyond them, and never none", async () => {
    at(FROM);
    for (const items of [0b001n, 0b010n, 0b100n, 0b101n, 0b111n]) assert.equal(await permits(id, APP_KEY.id, items), Permit.permitted);
    for (const items of [0n, 0b1000n, 0b1111n, 2n ** 255n, 2n ** 256n - 1n]) {
      assert.equal(await permits(id, APP_KEY.id, items), Permit.itemNotGranted, String(items));
    }
  });

  it("permits what a part agreed to has left", async () => {
    const one = await Case.applied(city);
    await one.take(Step.pass, REVIEWER);
    await one.reply({ answer: Answer.partly, items: 0b010n });
    assert.equal(await permits(one.id, APP_KEY.id, 0b010n), Permit.permitted);
    assert.equal(await permits(one.id, APP_KEY.id, 0b001n), Permit.itemNotGranted);
  });

  describe("of two reasons", () => {
    it("tells the state before the time, the time before the purpose, the purpose before the items", async () => {
      const wrong = textHash("marketing");
      const suspended = situations.find(({ state }) => state === State.suspended)!.id;
      at(START + 301n * DAY);
      assert.equal(await permits(suspended), Permit.suspended);
      at(FROM - 1n);
      assert.equal(await permits(id, APP_KEY.id, 0n, wrong), Permit.notStarted);
      at(UNTIL);
      assert.equal(await permits(id, APP_KEY.id, 0n, wrong), Permit.expired);
      at(FROM);
      assert.equal(await permits(id, APP_KEY.id, 0n, wrong), Permit.purposeNotGranted);
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
