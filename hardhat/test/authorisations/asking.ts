// What is asked for before the reply: supplements and more time, once each.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { refuses, ZERO } from "../harness/chain.ts";
import { type City, DATA_HEAD, digest, POLICE_OFFICE, REVIEWER, SCHOOL_OFFICE } from "../harness/city.ts";
import { AuthorisationStates, Marks, Steps } from "../harness/enums.ts";
import { supplied } from "../harness/parties.ts";
import { Case } from "./situations.ts";

const { APPLIED, FORWARDED, SUPPLEMENTING, WITHDRAWN } = AuthorisationStates;

export function describeAsking(): void {
  let city: City;
  let restore: () => Promise<void>;
  before(async () => {
    city = await supplied();
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  const passed = async (): Promise<Case> => (await Case.applied(city)).takeAll([Steps.PASS, REVIEWER]);

  describe("a supplement", () => {
    it("interrupts and goes back to where it was, applied or passed by the reviewer", async () => {
      for (const [one, state] of [[await Case.applied(city), APPLIED], [await passed(), FORWARDED]] as const) {
        await one.take(Steps.REQUEST_SUPPLEMENT, POLICE_OFFICE);
        const waiting = await one.stored();
        assert.deepEqual([waiting.state, waiting.prior], [SUPPLEMENTING, state]);
        await one.take(Steps.SUPPLEMENT, SCHOOL_OFFICE);
        const after = await one.stored();
        assert.deepEqual([after.state, after.prior, after.suspendedBy], [state, 0, 0]);
        assert.equal(after.subject, digest(`step ${Steps.SUPPLEMENT}`));
      }
    });

    it("is requested once by each side", async () => {
      const one = await passed();
      const askers = [[POLICE_OFFICE, Marks.SUPPLEMENT_REQUESTED_BY_PROVIDER], [REVIEWER, Marks.SUPPLEMENT_REQUESTED_BY_COMPETENT]] as const;
      let marks = 0;
      for (const [signer, mark] of askers) {
        await one.takeAll([Steps.REQUEST_SUPPLEMENT, signer], [Steps.SUPPLEMENT, SCHOOL_OFFICE]);
        marks |= mark;
        assert.equal((await one.stored()).marks, marks);
      }
      for (const [signer] of askers) {
        const refusal = city.step(one.id, Steps.REQUEST_SUPPLEMENT, one.subject, signer);
        await refuses(refusal, "AlreadyDone", [one.id, Steps.REQUEST_SUPPLEMENT]);
      }
    });

    it("is answered with a document", async () => {
      const one = await (await passed()).takeAll([Steps.REQUEST_SUPPLEMENT, REVIEWER]);
      const refusal = city.step(one.id, Steps.SUPPLEMENT, one.subject, SCHOOL_OFFICE, { digest: ZERO, nonce: 51n });
      await refuses(refusal, "DigestMissing", [SCHOOL_OFFICE.id, 51n]);
    });

    it("is requested with one, too: it says all that is missing, item by item", async () => {
      for (const signer of [POLICE_OFFICE, REVIEWER]) {
        const one = await passed();
        const refusal = city.step(one.id, Steps.REQUEST_SUPPLEMENT, one.subject, signer, { digest: ZERO, nonce: 53n });
        await refuses(refusal, "DigestMissing", [signer.id, 53n]);
      }
    });

    it("holds the reply and the review up, but not the consumer's withdrawal", async () => {
      const one = await (await passed()).takeAll([Steps.REQUEST_SUPPLEMENT, POLICE_OFFICE]);
      await refuses(city.reply(one.id, { subject: one.subject }), "StateUnsuitable", [one.id, SUPPLEMENTING]);
      const pass = city.step(one.id, Steps.PASS, one.subject, REVIEWER);
      await refuses(pass, "StateUnsuitable", [one.id, SUPPLEMENTING]);
      await one.take(Steps.WITHDRAW, SCHOOL_OFFICE);
      assert.equal((await one.stored()).state, WITHDRAWN);
    });
  });

  describe("more time", () => {
    it("is requested once, and answered once, either way", async () => {
      for (const [answer, other] of [[Steps.GRANT_EXTENSION, Steps.REJECT_EXTENSION], [Steps.REJECT_EXTENSION, Steps.GRANT_EXTENSION]] as const) {
        const one = await passed();
        await one.take(Steps.REQUEST_EXTENSION, POLICE_OFFICE);
        await one.take(answer, DATA_HEAD);
        const { state, marks } = await one.stored();
        assert.deepEqual([state, marks], [FORWARDED, Marks.EXTENSION_REQUESTED | Marks.EXTENSION_ANSWERED]);
        for (const [step, signer] of [[Steps.REQUEST_EXTENSION, POLICE_OFFICE], [answer, DATA_HEAD], [other, DATA_HEAD]] as const) {
          await refuses(city.step(one.id, step, one.subject, signer), "AlreadyDone", [one.id, step]);
        }
        await one.reply();
      }
    });

    it("is requested with a document, and answered with or without one", async () => {
      const one = await passed();
      const bare = { digest: ZERO, nonce: 54n };
      const refusal = city.step(one.id, Steps.REQUEST_EXTENSION, one.subject, POLICE_OFFICE, bare);
      await refuses(refusal, "DigestMissing", [POLICE_OFFICE.id, 54n]);
      await one.take(Steps.REQUEST_EXTENSION, POLICE_OFFICE);
      await city.step(one.id, Steps.GRANT_EXTENSION, one.subject, DATA_HEAD, bare);
      assert.equal((await one.stored()).subject, one.subject);
    });

    it("is not granted or rejected unasked", async () => {
      const one = await passed();
      for (const step of [Steps.GRANT_EXTENSION, Steps.REJECT_EXTENSION]) {
        await refuses(city.step(one.id, step, one.subject, DATA_HEAD), "NotAskedFor", [one.id, step]);
      }
    });

    it("does not hold the reply up", async () => {
      const one = await passed();
      await one.take(Steps.REQUEST_EXTENSION, POLICE_OFFICE);
      await one.reply();
      const late = city.step(one.id, Steps.GRANT_EXTENSION, one.subject, DATA_HEAD);
      await refuses(late, "StateUnsuitable", [one.id, AuthorisationStates.AGREED]);
    });
  });
}
