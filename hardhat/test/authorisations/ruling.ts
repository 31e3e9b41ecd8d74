// Disputes: ruled by the provider's competent department, or by the lowest that is above both parties.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { type Mined, refuses, ZERO } from "../harness/chain.ts";
import {
  type City,
  COUNTY,
  COUNTY_HEAD,
  DATA_HEAD,
  digest,
  idOf,
  POLICE_HEAD,
  POLICE_OFFICE,
  REVIEWER,
  SCHOOL_OFFICE,
} from "../harness/city.ts";
import { Answers, AuthorisationStates, Roles, Sides, Steps } from "../harness/enums.ts";
import { supplied, TOWN, TOWN_HEAD, TOWN_OFFICE } from "../harness/parties.ts";
import type { Sm2Key } from "../harness/sm2.ts";
import { Case } from "./situations.ts";
import { RULINGS } from "./table.ts";

const { FORWARDED, AGREED, REFUSED, DELIVERED, SUSPENDED, TERMINATED } = AuthorisationStates;

export function describeRuling(): void {
  let city: City;
  let restore: () => Promise<void>;
  before(async () => {
    city = await supplied();
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  const rule = ({ id, subject }: Case, outcome: number, signer: Sm2Key = DATA_HEAD): Promise<Mined> =>
    city.step(id, Steps.RULE_DISPUTE, subject, signer, { outcome });

  async function refused(): Promise<Case> {
    const one = await (await Case.applied(city)).takeAll([Steps.PASS, REVIEWER]);
    await one.reply({ answer: Answers.REFUSE, items: 0n });
    return one;
  }

  /** Delivered, then suspended by the provider. */
  const suspended = async (): Promise<Case> =>
    (await Case.agreed(city)).takeAll([Steps.DELIVER, POLICE_OFFICE], [Steps.SUSPEND, POLICE_OFFICE]);
  const WAYS: [number, () => Promise<Case>][] = [
    [REFUSED, refused],
    [AGREED, () => Case.agreed(city)],
    [SUSPENDED, suspended],
    [TERMINATED, async () => (await Case.agreed(city)).takeAll([Steps.FINISH, SCHOOL_OFFICE])],
  ];

  it("ends where the table says, and nowhere else", async () => {
    for (const [state, begin] of WAYS) {
      const one = await begin();
      const again = await city.chain.snapshot();
      const allowed = RULINGS.get(state)!.map((outcome) => (outcome === "prior" ? DELIVERED : outcome));
      for (let outcome = 0; outcome <= 16; outcome++) {
        if (allowed.includes(outcome)) {
          const mined = await rule(one, outcome);
          assert.deepEqual([mined.events[0]?.args.state, mined.events[0]?.args.outcome], [outcome, outcome]);
          const found = await one.stored();
          assert.deepEqual([found.state, found.subject], [outcome, digest(`step ${Steps.RULE_DISPUTE}`)]);
        } else {
          await refuses(rule(one, outcome), "OutcomeInvalid", [one.id, outcome]);
        }
        await again();
      }
      await restore();
    }
    const one = await suspended();
    await refuses(rule(one, 255), "OutcomeInvalid", [one.id, 255]);
  });

  it("that reopens a refusal leaves the provider to answer anew", async () => {
    const one = await refused();
    await rule(one, FORWARDED);
    one.subject = digest(`step ${Steps.RULE_DISPUTE}`);
    await one.reply();
    assert.equal((await one.stored()).state, AGREED);
  });

  it("that suspends is the competent department's suspension", async () => {
    const one = await Case.agreed(city);
    await one.take(Steps.RULE_DISPUTE, DATA_HEAD, { outcome: SUSPENDED });
    const { prior, suspendedBy } = await one.stored();
    assert.deepEqual([prior, suspendedBy], [AGREED, Sides.COMPETENT]);
    await one.take(Steps.RESUME, DATA_HEAD);
    assert.equal((await one.stored()).state, AGREED);
  });

  it("that upholds a suspension leaves it whose it was", async () => {
    const one = await suspended();
    await one.take(Steps.RULE_DISPUTE, DATA_HEAD, { outcome: SUSPENDED });
    const { prior, suspendedBy } = await one.stored();
    assert.deepEqual([prior, suspendedBy], [DELIVERED, Sides.PROVIDER]);
  });

  it("that lifts a suspension leaves nothing of it", async () => {
    const one = await suspended();
    await one.take(Steps.RULE_DISPUTE, DATA_HEAD, { outcome: DELIVERED });
    const { state, prior, suspendedBy } = await one.stored();
    assert.deepEqual([state, prior, suspendedBy], [DELIVERED, 0, 0]);
  });

  it("needs a document", async () => {
    const { id, subject } = await refused();
    const bare = { outcome: REFUSED, digest: ZERO, nonce: 59n };
    const refusal = city.step(id, Steps.RULE_DISPUTE, subject, DATA_HEAD, bare);
    await refuses(refusal, "DigestMissing", [DATA_HEAD.id, 59n]);
  });

  describe("who signs", () => {
    /** The school applies to the town, which is under the county; both are, further up, under the data department. */
    async function inTown(): Promise<Case> {
      const one = await Case.applied(city, "T1", { entry: idOf(TOWN, "T1") });
      await city.reply(one.id, { subject: one.subject, answer: Answers.REFUSE, items: 0n }, TOWN_OFFICE);
      one.subject = digest("reply");
      return one;
    }

    it("is a head of the provider's competent department, or of the lowest above both", async () => {
      for (const signer of [COUNTY_HEAD, DATA_HEAD]) {
        const one = await inTown();
        await rule(one, FORWARDED, signer);
        assert.equal((await one.stored()).state, FORWARDED);
        await restore();
      }
    });

    it("is no head of either party", async () => {
      const one = await inTown();
      await refuses(rule(one, FORWARDED, TOWN_HEAD), "RoleMissing", [COUNTY, TOWN_HEAD.id, Roles.DEPARTMENT_HEAD, 0]);
      await refuses(rule(one, FORWARDED, POLICE_HEAD), "RoleMissing", [COUNTY, POLICE_HEAD.id, Roles.DEPARTMENT_HEAD, 0]);
    });

    it("of a superior suspends for the competent department", async () => {
      const one = await Case.applied(city, "T1", { entry: idOf(TOWN, "T1") });
      await city.reply(one.id, { subject: one.subject }, TOWN_OFFICE);
      one.subject = digest("reply");
      await one.take(Steps.RULE_DISPUTE, DATA_HEAD, { outcome: SUSPENDED });
      assert.equal((await one.stored()).suspendedBy, Sides.COMPETENT);
      const refusal = city.step(one.id, Steps.RESUME, one.subject, DATA_HEAD);
      await refuses(refusal, "RoleMissing", [COUNTY, DATA_HEAD.id, Roles.DEPARTMENT_HEAD, 0]);
      await one.take(Steps.RESUME, COUNTY_HEAD);
    });
  });
}
