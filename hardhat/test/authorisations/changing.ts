// Changes of the terms: proposed by one side, accepted in the same words by the other, in force from then on.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { encodeAbiParameters, keccak256, parseAbiParameters, type Hex } from "viem";
import { DAY, emits, eventOf, type Fields, type Mined, refuses, START, ZERO } from "../harness/chain.ts";
import {
  APP_KEY,
  type City,
  DATA_HEAD,
  digest,
  idOf,
  POLICE,
  POLICE_HEAD,
  POLICE_OFFICE,
  PURPOSE,
  REVIEWER,
  SCHOOL,
  SCHOOL_HEAD,
  SCHOOL_OFFICE,
} from "../harness/city.ts";
import { AuthorisationStates, Marks, Permits, Roles, Steps } from "../harness/enums.ts";
import { supplied } from "../harness/parties.ts";
import type { Sm2Key } from "../harness/sm2.ts";
import { Case } from "./situations.ts";

const { PROPOSE_CHANGE, ACCEPT_CHANGE, REJECT_CHANGE } = Steps;
const { AGREED, DELIVERED, SUSPENDED, TERMINATED } = AuthorisationStates;
const SIDES = [
  { by: SCHOOL_OFFICE, other: POLICE_OFFICE, mark: Marks.CHANGE_PROPOSED_BY_CONSUMER, across: POLICE },
  { by: POLICE_OFFICE, other: SCHOOL_OFFICE, mark: Marks.CHANGE_PROPOSED_BY_PROVIDER, across: SCHOOL },
] as const;

export function describeChange(): void {
  let city: City;
  let one: Case;
  let restore: () => Promise<void>;
  before(async () => {
    city = await supplied();
    one = await Case.agreed(city);
    restore = await city.chain.snapshot();
  });
  beforeEach(async () => {
    await restore();
    one.subject = digest("reply");
  });

  const changeOf = (): Promise<Hex> => city.chain.read(city.authorisations, "changeOf", [one.id]);
  const propose = (fields: Fields = {}, signer: Sm2Key = SCHOOL_OFFICE): Promise<Mined> =>
    city.change(one.id, PROPOSE_CHANGE, one.subject, signer, fields);
  const accept = (fields: Fields = {}, signer: Sm2Key = POLICE_OFFICE): Promise<Mined> =>
    city.change(one.id, ACCEPT_CHANGE, digest(`step ${PROPOSE_CHANGE}`), signer, fields);

  /** keccak256 of a decision's terms. */
  function termsOf(fields: Fields): Hex {
    const { items, validFrom, validUntil, callsPerDay, rowsPerDay, terms } = fields;
    const types = parseAbiParameters("uint256, uint64, uint64, uint32, uint32, bytes32");
    return keccak256(encodeAbiParameters(types, [items, validFrom, validUntil, callsPerDay, rowsPerDay, terms]));
  }

  for (const { by, other, mark } of SIDES) {
    const name = by === SCHOOL_OFFICE ? "consumer" : "provider";

    it(`is proposed by the ${name}: nothing changes but that it is open`, async () => {
      const old = await one.stored();
      const seq = (await city.chain.read(city.authorisations, "sequence")) + 1n;
      const mined = await propose({}, by);
      emits(mined, "Changed", eventOf(mined.args, { state: AGREED, newRevision: 1, seq }));
      assert.deepEqual(await one.stored(), { ...old, marks: mark, subject: digest(`step ${PROPOSE_CHANGE}`) });
      assert.equal(await changeOf(), termsOf(mined.args[0] as Fields));
    });

    it(`is accepted by the other side than the ${name}: the terms are in force, one revision later`, async () => {
      const old = await one.stored();
      const wider = { items: 0b1010n, validFrom: START + 5n, validUntil: START + 900n * DAY, callsPerDay: 9999, rowsPerDay: 2 ** 32 - 1 };
      await propose(wider, by);
      const seq = (await city.chain.read(city.authorisations, "sequence")) + 1n;
      const mined = await accept(wider, other);
      emits(mined, "Changed", eventOf(mined.args, { state: AGREED, newRevision: 2, seq }));
      const { validFrom, validUntil, ...rest } = wider;
      const now = { ...rest, validFrom: Number(validFrom), validUntil: Number(validUntil), terms: digest("other terms") };
      assert.deepEqual(await one.stored(), { ...old, ...now, revision: 2, subject: digest(`step ${ACCEPT_CHANGE}`) });
      assert.equal(await changeOf(), ZERO);
    });

    it(`is not accepted by the ${name} itself`, async () => {
      await propose({}, by);
      const { across } = SIDES.find((side) => side.by === by)!;
      await refuses(accept({}, by), "RoleMissing", [across, by.id, Roles.OFFICE_HEAD, 0]);
    });

    it(`is rejected by the other side, or taken back by the ${name}`, async () => {
      for (const signer of [by, other]) {
        const old = await one.stored();
        await one.change(PROPOSE_CHANGE, by);
        await one.take(REJECT_CHANGE, signer);
        assert.deepEqual(await one.stored(), { ...old, subject: digest(`step ${REJECT_CHANGE}`) });
        assert.equal(await changeOf(), ZERO);
        await propose({}, other);
        await restore();
        one.subject = digest("reply");
      }
    });
  }

  it("rules the calls from then on", async () => {
    const permits = (items: bigint): Promise<number> =>
      city.chain.read(city.authorisations, "permits", [one.id, APP_KEY.id, items, PURPOSE]);
    assert.deepEqual([await permits(0b1n), await permits(0b1000n)], [Permits.PERMITTED, Permits.ITEM_NOT_GRANTED]);
    await propose({ items: 0b1000n });
    assert.equal(await permits(0b1n), Permits.PERMITTED);
    await accept({ items: 0b1000n });
    assert.deepEqual([await permits(0b1n), await permits(0b1000n)], [Permits.ITEM_NOT_GRANTED, Permits.PERMITTED]);
  });

  it("is accepted word for word: no term may differ", async () => {
    const mined = await propose();
    const proposed = mined.args[0] as Fields;
    for (const fields of [
      { items: 0b011n },
      { validFrom: START + 1n },
      { validUntil: START + 299n * DAY },
      { callsPerDay: 501 },
      { rowsPerDay: 4999 },
      { terms: digest("terms") },
    ]) {
      await refuses(accept(fields), "ChangeDiffers", [one.id, termsOf(proposed), termsOf({ ...proposed, ...fields })]);
    }
    await accept();
  });

  it("is open one at a time", async () => {
    await one.change(PROPOSE_CHANGE, SCHOOL_OFFICE);
    for (const signer of [SCHOOL_OFFICE, POLICE_OFFICE]) await refuses(propose({}, signer), "ChangePending", [one.id]);
    await one.change(ACCEPT_CHANGE, POLICE_OFFICE);
    await propose({ revision: 2 }, POLICE_OFFICE);
  });

  it("is accepted or rejected only while it is open", async () => {
    for (const signer of [SCHOOL_OFFICE, POLICE_OFFICE]) {
      await refuses(city.change(one.id, ACCEPT_CHANGE, one.subject, signer), "NoChangePending", [one.id]);
      await refuses(city.step(one.id, REJECT_CHANGE, one.subject, signer), "NoChangePending", [one.id]);
    }
  });

  describe("the terms", () => {
    it("name items of the pinned version, whatever the next one has", async () => {
      const R1 = idOf(POLICE, "R1");
      await city.submit([city.version("R1", 2, { itemCount: 200 })]);
      await city.reviewAll([city.review("R1", 2)]);
      for (const items of [0n, 1n << 12n, 2n ** 256n - 1n]) await refuses(propose({ items }), "ItemsInvalid", [R1, items, 12]);
      await propose({ items: (1n << 12n) - 1n });
    });

    it("may name all 256 items of the widest version there is", async () => {
      const all = { items: 2n ** 256n - 1n };
      const { events } = await city.applyFor([city.application("WIDE", all)]);
      const wide = events[0]!.args.first;
      await city.step(wide, Steps.PASS, digest("application"), REVIEWER);
      await city.reply(wide, { ...all, subject: digest(`step ${Steps.PASS}`) });
      await city.change(wide, PROPOSE_CHANGE, digest("reply"), SCHOOL_OFFICE, all);
    });

    it("have a quota", async () => {
      await refuses(propose({ callsPerDay: 0 }), "QuotaZero", [0, 5000]);
      await refuses(propose({ rowsPerDay: 0 }), "QuotaZero", [500, 0]);
    });

    it("have a period that is not over, when it is proposed and when it is accepted", async () => {
      for (const [validFrom, validUntil] of [[START + 9n, START + 9n], [START, START + 1n], [START, 2n ** 40n]] as const) {
        await refuses(propose({ validFrom, validUntil }), "PeriodInvalid", [validFrom, validUntil]);
      }
      const validUntil = city.chain.now + 100n;
      await propose({ validUntil });
      city.chain.now = validUntil - 1n;
      await refuses(accept({ validUntil }), "PeriodInvalid", [START, validUntil]);
    });

    it("answer the latest document of the revision in force, and are one", async () => {
      await refuses(propose({ revision: 2 }), "RevisionMismatch", [one.id, 1, 2]);
      await refuses(propose({ subject: ZERO }), "SubjectMismatch", [digest("reply"), ZERO]);
      await refuses(propose({ digest: ZERO, nonce: 55n }), "DigestMissing", [SCHOOL_OFFICE.id, 55n]);
      await propose();
      await refuses(accept({ subject: digest("reply") }), "SubjectMismatch", [digest(`step ${PROPOSE_CHANGE}`), digest("reply")]);
      await refuses(accept({ digest: ZERO, nonce: 55n }), "DigestMissing", [POLICE_OFFICE.id, 55n]);
    });

    it("leave steps signed for the revision before without effect", async () => {
      await one.change(PROPOSE_CHANGE, SCHOOL_OFFICE);
      await one.change(ACCEPT_CHANGE, POLICE_OFFICE);
      const refusal = city.step(one.id, Steps.DELIVER, one.subject, POLICE_OFFICE);
      await refuses(refusal, "RevisionMismatch", [one.id, 2, 1]);
      await one.take(Steps.DELIVER, POLICE_OFFICE, { revision: 2 });
    });
  });

  describe("an open change", () => {
    it("stays open when the data is delivered and confirmed", async () => {
      await one.change(PROPOSE_CHANGE, SCHOOL_OFFICE);
      await one.takeAll([Steps.DELIVER, POLICE_OFFICE], [Steps.CONFIRM, SCHOOL_OFFICE]);
      await one.change(ACCEPT_CHANGE, POLICE_OFFICE);
      assert.equal((await one.stored()).state, AuthorisationStates.ACTIVE);
    });

    it("lapses when the use is interrupted or ends, and does not come back", async () => {
      const ends: [number, Sm2Key, number, Fields][] = [
        [Steps.SUSPEND, POLICE_OFFICE, SUSPENDED, {}],
        [Steps.FINISH, SCHOOL_OFFICE, TERMINATED, {}],
        [Steps.RULE_DISPUTE, DATA_HEAD, TERMINATED, { outcome: TERMINATED }],
      ];
      for (const [step, signer, state, fields] of ends) {
        await one.change(PROPOSE_CHANGE, SCHOOL_OFFICE);
        await one.take(step, signer, fields);
        const found = await one.stored();
        assert.deepEqual([found.state, found.marks, await changeOf()], [state, 0, ZERO]);
        if (step === Steps.SUSPEND) {
          await one.take(Steps.RESUME, POLICE_OFFICE);
          const late = city.change(one.id, ACCEPT_CHANGE, one.subject, POLICE_OFFICE);
          await refuses(late, "NoChangePending", [one.id]);
        }
        await restore();
        one.subject = digest("reply");
      }
    });

    it("stays open when a dispute is ruled without ending the use", async () => {
      await one.change(PROPOSE_CHANGE, SCHOOL_OFFICE);
      await one.take(Steps.RULE_DISPUTE, DATA_HEAD, { outcome: AGREED });
      await one.change(ACCEPT_CHANGE, POLICE_OFFICE);
    });
  });

  it("is signed by an office head of either side, no other officer or department", async () => {
    const missing = (key: Sm2Key, held: number): unknown[] => [SCHOOL, key.id, Roles.OFFICE_HEAD, held];
    await refuses(propose({}, SCHOOL_HEAD), "RoleMissing", missing(SCHOOL_HEAD, Roles.DEPARTMENT_HEAD));
    await refuses(propose({}, POLICE_HEAD), "RoleMissing", missing(POLICE_HEAD, 0));
    await refuses(propose({}, DATA_HEAD), "RoleMissing", missing(DATA_HEAD, 0));
  });

  it("keeps the marks of what was asked for before the reply", async () => {
    const asked = await Case.applied(city);
    await asked.takeAll([Steps.PASS, REVIEWER], [Steps.REQUEST_EXTENSION, POLICE_OFFICE]);
    await asked.reply();
    await asked.change(PROPOSE_CHANGE, POLICE_OFFICE);
    assert.equal((await asked.stored()).marks, Marks.EXTENSION_REQUESTED | Marks.CHANGE_PROPOSED_BY_PROVIDER);
    await asked.change(ACCEPT_CHANGE, SCHOOL_OFFICE);
    assert.equal((await asked.stored()).marks, Marks.EXTENSION_REQUESTED);
  });

  it("is refused where there is no such authorisation, and before and after the use", async () => {
    await refuses(city.change(99n, PROPOSE_CHANGE, ZERO, SCHOOL_OFFICE), "AuthorisationUnknown", [99n]);
    await one.take(Steps.DELIVER, POLICE_OFFICE);
    assert.equal((await one.stored()).state, DELIVERED);
    await one.take(Steps.FINISH, SCHOOL_OFFICE);
    await refuses(propose(), "StateUnsuitable", [one.id, TERMINATED]);
  });
}
