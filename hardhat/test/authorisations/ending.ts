// How a use ends: by its provider at a date, by its consumer, and what becomes of the data afterwards.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { DAY, type Mined, refuses, START, ZERO } from "../harness/chain.ts";
import { APP_KEY, type City, digest, POLICE_OFFICE, PURPOSE, SCHOOL_OFFICE } from "../harness/city.ts";
import { AuthorisationStates, Permits, Steps } from "../harness/enums.ts";
import { supplied } from "../harness/parties.ts";
import { Case } from "./situations.ts";

const { AGREED, TERMINATED, DISPOSED, CLOSED } = AuthorisationStates;
const UNTIL = START + 200n * DAY;

export function describeEnding(): void {
  let city: City;
  let one: Case;
  let restore: () => Promise<void>;
  before(async () => {
    city = await supplied();
    one = await Case.agreed(city, { validUntil: UNTIL });
    restore = await city.chain.snapshot();
  });
  beforeEach(async () => {
    await restore();
    one.subject = digest("reply");
  });

  const permits = (): Promise<number> =>
    city.chain.read(city.authorisations, "permits", [one.id, APP_KEY.id, 1n, PURPOSE]);
  const report = (signer = SCHOOL_OFFICE): Promise<Mined> => city.step(one.id, Steps.REPORT_DISPOSAL, one.subject, signer);

  describe("the end of a service", () => {
    const end = (effective: bigint): Promise<Mined> =>
      city.step(one.id, Steps.END_SERVICE, one.subject, POLICE_OFFICE, { effective });

    it("shortens the period, and leaves the state: that it is over is derived", async () => {
      const old = await one.stored();
      const effective = city.chain.now + 100n;
      await end(effective);
      const subject = digest(`step ${Steps.END_SERVICE}`);
      assert.deepEqual(await one.stored(), { ...old, validUntil: Number(effective), subject });
      city.chain.now = effective - 2n;
      assert.equal(await permits(), Permits.PERMITTED);
      city.chain.now = effective - 1n;
      assert.equal(await permits(), Permits.EXPIRED);
    });

    it("never makes it longer", async () => {
      for (const effective of [UNTIL, UNTIL + 1n, 2n ** 64n - 1n]) {
        await end(effective);
        assert.equal((await one.stored()).validUntil, Number(UNTIL));
        await restore();
      }
    });

    it("lies ahead", async () => {
      const time = city.chain.now + 1n;
      await refuses(end(time), "EffectiveInvalid", [one.id, time]);
      await refuses(end(0n), "EffectiveInvalid", [one.id, 0n]);
      await restore();
      await end(time + 1n);
    });

    it("is set anew, but only to an earlier second", async () => {
      for (const [effective, until] of [[UNTIL - 5n, 5n], [UNTIL - 9n, 9n], [UNTIL - 1n, 9n]] as const) {
        await one.take(Steps.END_SERVICE, POLICE_OFFICE, { effective });
        assert.equal((await one.stored()).validUntil, Number(UNTIL - until));
      }
    });

    it("is set again after both sides have made the period longer", async () => {
      await one.take(Steps.END_SERVICE, POLICE_OFFICE, { effective: UNTIL - 5n });
      const longer = { validUntil: UNTIL + 5n };
      await one.change(Steps.PROPOSE_CHANGE, SCHOOL_OFFICE, longer);
      await one.change(Steps.ACCEPT_CHANGE, POLICE_OFFICE, longer);
      assert.equal((await one.stored()).validUntil, Number(UNTIL + 5n));
      await one.take(Steps.END_SERVICE, POLICE_OFFICE, { effective: UNTIL - 7n, revision: 2 });
      assert.equal((await one.stored()).validUntil, Number(UNTIL - 7n));
    });
  });

  describe("a disposal", () => {
    it("is reported after the use, accepted, and closes", async () => {
      await one.takeAll([Steps.FINISH, SCHOOL_OFFICE], [Steps.REPORT_DISPOSAL, SCHOOL_OFFICE]);
      assert.equal((await one.stored()).state, DISPOSED);
      await one.take(Steps.ACCEPT_DISPOSAL, POLICE_OFFICE);
      assert.equal((await one.stored()).state, CLOSED);
    });

    it("is disputed, and reported anew", async () => {
      await one.takeAll([Steps.FINISH, SCHOOL_OFFICE], [Steps.REPORT_DISPOSAL, SCHOOL_OFFICE]);
      await one.take(Steps.DISPUTE_DISPOSAL, POLICE_OFFICE);
      assert.equal((await one.stored()).state, TERMINATED);
      await one.takeAll([Steps.REPORT_DISPOSAL, SCHOOL_OFFICE], [Steps.ACCEPT_DISPOSAL, POLICE_OFFICE]);
    });

    it("is reported once the period is over, to the second, in every state of the use", async () => {
      const delivered = [Steps.DELIVER, POLICE_OFFICE] as const;
      const suspended = [Steps.SUSPEND, POLICE_OFFICE] as const;
      for (const way of [
        [],
        [delivered],
        [delivered, [Steps.CONFIRM, SCHOOL_OFFICE]],
        [suspended],
        [suspended, [Steps.RECTIFY, SCHOOL_OFFICE]],
      ] as const) {
        await one.takeAll(...way);
        const { state } = await one.stored();
        city.chain.now = UNTIL - 2n;
        await refuses(report(), "StateUnsuitable", [one.id, state]);
        city.chain.now = UNTIL - 1n;
        await report();
        assert.equal((await one.stored()).state, DISPOSED);
        await restore();
        one.subject = digest("reply");
      }
    });

    it("is reported once the service has ended, too", async () => {
      const effective = city.chain.now + 100n;
      await one.take(Steps.END_SERVICE, POLICE_OFFICE, { effective });
      await refuses(report(), "StateUnsuitable", [one.id, AGREED]);
      city.chain.now = effective - 1n;
      await report();
    });

    it("is not reported of what was never agreed to, however long ago", async () => {
      const never = await Case.applied(city, "R1", { validUntil: UNTIL });
      city.chain.now = UNTIL + DAY;
      const refusal = city.step(never.id, Steps.REPORT_DISPOSAL, never.subject, SCHOOL_OFFICE);
      await refuses(refusal, "StateUnsuitable", [never.id, AuthorisationStates.APPLIED]);
    });

    it("is reported and disputed with a document", async () => {
      await one.take(Steps.FINISH, SCHOOL_OFFICE);
      const bare = { digest: ZERO, nonce: 57n };
      const reported = city.step(one.id, Steps.REPORT_DISPOSAL, one.subject, SCHOOL_OFFICE, bare);
      await refuses(reported, "DigestMissing", [SCHOOL_OFFICE.id, 57n]);
      await one.take(Steps.REPORT_DISPOSAL, SCHOOL_OFFICE);
      const disputed = city.step(one.id, Steps.DISPUTE_DISPOSAL, one.subject, POLICE_OFFICE, bare);
      await refuses(disputed, "DigestMissing", [POLICE_OFFICE.id, 57n]);
    });
  });
}
