// Suspensions: who suspended is remembered, takes it back, or has it taken over.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { refuses, ZERO } from "../harness/chain.ts";
import { type City, COUNTY, COUNTY_HEAD, DATA, DATA_HEAD, digest, idOf, POLICE_OFFICE, SCHOOL_OFFICE } from "../harness/city.ts";
import { AuthorisationStates, Roles, ShareTypes, Sides, Steps } from "../harness/enums.ts";
import { officerOf, registerOfficers, supplied } from "../harness/parties.ts";
import { keyNamed } from "../harness/sm2.ts";
import { Case } from "./situations.ts";

const { AGREED, DELIVERED, ACTIVE, SUSPENDED } = AuthorisationStates;

export function describeSuspending(): void {
  let city: City;
  let restore: () => Promise<void>;
  before(async () => {
    city = await supplied();
    await registerOfficers(city);
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  async function expect(one: Case, state: number, prior: number, suspendedBy: number): Promise<void> {
    const found = await one.stored();
    assert.deepEqual([found.state, found.prior, found.suspendedBy], [state, prior, suspendedBy]);
  }

  const usable = [
    { name: "agreed", state: AGREED, steps: [] },
    { name: "delivered", state: DELIVERED, steps: [[Steps.DELIVER, POLICE_OFFICE]] },
    { name: "active", state: ACTIVE, steps: [[Steps.DELIVER, POLICE_OFFICE], [Steps.CONFIRM, SCHOOL_OFFICE]] },
  ] as const;

  for (const { name, state, steps } of usable) {
    it(`goes back to ${name} when resumed, rectified or not, taken over or not`, async () => {
      for (const between of [[], [[Steps.RECTIFY, SCHOOL_OFFICE]], [[Steps.TAKE_OVER, DATA_HEAD]]] as const) {
        const one = await (await Case.agreed(city)).takeAll(...steps, [Steps.SUSPEND, POLICE_OFFICE], ...between);
        const [step] = between.flat();
        const after = step === Steps.RECTIFY ? AuthorisationStates.RECTIFIED : SUSPENDED;
        await expect(one, after, state, step === Steps.TAKE_OVER ? Sides.COMPETENT : Sides.PROVIDER);
        await one.take(Steps.RESUME, step === Steps.TAKE_OVER ? DATA_HEAD : POLICE_OFFICE);
        await expect(one, state, 0, 0);
      }
    });
  }

  it("is remembered anew each time: who suspended, and from where", async () => {
    const one = await Case.agreed(city);
    await one.takeAll([Steps.SUSPEND, POLICE_OFFICE], [Steps.RESUME, POLICE_OFFICE], [Steps.DELIVER, POLICE_OFFICE]);
    await one.take(Steps.SUSPEND, DATA_HEAD);
    await expect(one, SUSPENDED, DELIVERED, Sides.COMPETENT);
    const refusal = city.step(one.id, Steps.RESUME, one.subject, POLICE_OFFICE);
    await refuses(refusal, "RoleMissing", [DATA, POLICE_OFFICE.id, Roles.DEPARTMENT_HEAD, 0]);
    await one.take(Steps.RESUME, DATA_HEAD);
    await expect(one, DELIVERED, 0, 0);
  });

  it("by a duty officer counts as the party's own", async () => {
    for (const [party, side] of [["provider", Sides.PROVIDER], ["competent", Sides.COMPETENT]] as const) {
      const one = await Case.agreed(city);
      await one.take(Steps.SUSPEND, officerOf(party, Roles.DUTY_OFFICER));
      await expect(one, SUSPENDED, AGREED, side);
    }
  });

  it("may not be done twice over", async () => {
    const one = await (await Case.agreed(city)).takeAll([Steps.SUSPEND, POLICE_OFFICE]);
    await refuses(city.step(one.id, Steps.SUSPEND, ZERO, DATA_HEAD), "StateUnsuitable", [one.id, SUSPENDED]);
  });

  describe("taken over", () => {
    it("is the competent department's from then on: the provider resumes nothing", async () => {
      for (const signer of [DATA_HEAD, officerOf("competent", Roles.DUTY_OFFICER)]) {
        const one = await (await Case.agreed(city)).takeAll([Steps.SUSPEND, POLICE_OFFICE], [Steps.TAKE_OVER, signer]);
        await expect(one, SUSPENDED, AGREED, Sides.COMPETENT);
        const refusal = city.step(one.id, Steps.RESUME, one.subject, POLICE_OFFICE);
        await refuses(refusal, "RoleMissing", [DATA, POLICE_OFFICE.id, Roles.DEPARTMENT_HEAD, 0]);
      }
    });

    it("has to be rectified again", async () => {
      const one = await (await Case.agreed(city)).takeAll([Steps.SUSPEND, POLICE_OFFICE], [Steps.RECTIFY, SCHOOL_OFFICE]);
      await one.take(Steps.TAKE_OVER, DATA_HEAD);
      await expect(one, SUSPENDED, AGREED, Sides.COMPETENT);
    });

    it("is taken over once, and only from the provider", async () => {
      const one = await (await Case.agreed(city)).takeAll([Steps.SUSPEND, POLICE_OFFICE], [Steps.TAKE_OVER, DATA_HEAD]);
      const own = await (await Case.agreed(city)).takeAll([Steps.SUSPEND, DATA_HEAD]);
      for (const { id } of [one, own]) {
        const refusal = city.step(id, Steps.TAKE_OVER, ZERO, DATA_HEAD);
        await refuses(refusal, "SuspenderUnsuitable", [id, Sides.COMPETENT]);
      }
    });
  });

  describe("by a provider that is its own competent department", () => {
    /** An agreed authorisation of an entry that the data department provides itself. */
    async function itsOwn(): Promise<Case> {
      const [office, reviewer] = [keyNamed("data office"), keyNamed("another reviewer")];
      await city.officer(DATA, office, DATA_HEAD, Roles.OFFICE_HEAD);
      await city.officer(DATA, reviewer, DATA_HEAD, Roles.REVIEWER);
      await city.submit([city.version("D1", 1, { shareType: ShareTypes.CONDITIONAL })], DATA_HEAD, DATA);
      await city.reviewAll([city.review("D1", 1, true, { entry: idOf(DATA, "D1") })], reviewer);
      const one = await Case.applied(city, "D1", { entry: idOf(DATA, "D1") });
      await one.take(Steps.PASS, reviewer);
      await city.reply(one.id, { subject: one.subject }, office);
      one.subject = digest("reply");
      return one;
    }

    it("is the provider's where its office head signs, who then resumes, and so does the head", async () => {
      for (const signer of [keyNamed("data office"), DATA_HEAD]) {
        const one = await itsOwn();
        await one.take(Steps.SUSPEND, keyNamed("data office"));
        await expect(one, SUSPENDED, AGREED, Sides.PROVIDER);
        await one.take(Steps.RESUME, signer);
        await expect(one, AGREED, 0, 0);
        await restore();
      }
    });

    it("is the competent department's where its head signs: the office head does not resume it", async () => {
      const one = await itsOwn();
      await one.take(Steps.SUSPEND, DATA_HEAD);
      await expect(one, SUSPENDED, AGREED, Sides.COMPETENT);
      const office = keyNamed("data office");
      const refusal = city.step(one.id, Steps.RESUME, one.subject, office);
      await refuses(refusal, "RoleMissing", [DATA, office.id, Roles.DEPARTMENT_HEAD, Roles.OFFICE_HEAD]);
      await one.take(Steps.RESUME, DATA_HEAD);
      await expect(one, AGREED, 0, 0);
    });
  });

  it("stays the same when the competent department changes, and the new one resumes it", async () => {
    const one = await (await Case.agreed(city)).takeAll([Steps.SUSPEND, DATA_HEAD]);
    await city.update({ competent: COUNTY }, DATA_HEAD);
    const refusal = city.step(one.id, Steps.RESUME, one.subject, DATA_HEAD);
    await refuses(refusal, "RoleMissing", [COUNTY, DATA_HEAD.id, Roles.DEPARTMENT_HEAD, 0]);
    await one.take(Steps.RESUME, COUNTY_HEAD);
    await expect(one, AGREED, 0, 0);
  });
}
