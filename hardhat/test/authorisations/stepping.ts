// Steps: every one from every state by everybody, as the table of design.md section 5 says; then what a step binds.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { emits, eventOf, refuses, ZERO } from "../harness/chain.ts";
import { type City, COUNTY, DATA, DATA_HEAD, digest, idOf, POLICE_OFFICE, REVIEWER, SCHOOL_OFFICE } from "../harness/city.ts";
import { Role, State, Step } from "../harness/enums.ts";
import { type Officer, officerOf, OFFICERS, registerOfficers, supplied, TOWN } from "../harness/parties.ts";
import { Case, everySituation, type Situation } from "./situations.ts";
import { LATER, refusalOf, TABLE } from "./table.ts";

const { agreed, delivered, active, suspended } = State;

export function describeAdvance(): void {
  let city: City;
  let situations: Situation[];
  let restore: () => Promise<void>;
  before(async () => {
    city = await supplied();
    await registerOfficers(city);
    situations = await everySituation(city);
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  /** Arguments of a step as the situation asks for it; without `signer` with a signature that nobody gets to see. */
  function argsOf(step: number, { id, subject }: Situation, officer: Officer, protective: boolean, signed: boolean): unknown[] {
    const message = { authorisation: id, step, revision: 1, subject: protective ? ZERO : subject, digest: digest("paper") };
    const twist = signed ? {} : { signature: { r: 1n, s: 1n } };
    return city.chain.sign(city.authorisations, "advance", message, officer.key, twist);
  }

  describe("the table", () => {
    it("covers every step of the design once", () => {
      const steps = [...TABLE.map(({ step }) => step), ...LATER].toSorted((a, b) => a - b);
      assert.deepEqual(steps, Object.values(Step));
    });

    for (const [name, step] of Object.entries(Step)) {
      const row = TABLE.find((one) => one.step === step);
      if (row === undefined) continue;
      it(`lets ${name} pass from its states, by its parties and their roles, and nowhere else`, async () => {
        let passed = 0;
        for (const situation of situations) {
          for (const officer of OFFICERS) {
            const label = `${name} while ${situation.name} by the ${officer.title}`;
            const expected = refusalOf(row, situation, officer);
            const args = argsOf(step, situation, officer, row.protective === true, expected === undefined);
            if (expected !== undefined) {
              const refusal = city.chain.read(city.authorisations, "advance", args);
              await refuses(refusal, ...expected).catch((error) => Promise.reject(new Error(label, { cause: error })));
              continue;
            }
            const seq = (await city.chain.read(city.authorisations, "sequence")) + 1n;
            const mined = await city.chain.send(city.authorisations, "advance", args);
            const state: number = row.to === "prior" ? agreed : row.to;
            emits(mined, "Advanced", eventOf(args, { state, seq }));
            const now = await city.chain.read(city.authorisations, "authorisationOf", [situation.id]);
            assert.deepEqual([now.state, now.subject], [state, digest("paper")], label);
            passed += 1;
            await restore();
          }
        }
        assert.ok(passed >= row.from.length, `${passed} passed`);
      });
    }

    it("has no row yet for the other steps of the design", async () => {
      for (const step of LATER) {
        for (const situation of situations) {
          // The step itself is refused, before anybody's role is looked at: one officer of each party will do.
          for (const officer of OFFICERS.filter(({ role }) => role === Role.officeHead)) {
            const args = argsOf(step, situation, officer, false, false);
            await refuses(city.chain.read(city.authorisations, "advance", args), "StepUnknown", [step]);
          }
        }
      }
    });

    it("has no row for numbers that are no step", async () => {
      for (const step of [0, 24, 255]) {
        const refusal = city.step(situations[0]!.id, step, digest("application"), REVIEWER);
        await refuses(refusal, "StepUnknown", [step]);
      }
    });

    it("can be read row by row", async () => {
      for (let step = 0; step < 256; step++) {
        const row = TABLE.find((one) => one.step === step);
        assert.deepEqual(await city.chain.read(city.authorisations, "ruleOf", [step]), {
          from: (row?.from ?? []).reduce((bits, state) => bits | (1 << state), 0),
          to: row === undefined || row.to === "prior" ? 0 : row.to,
          protective: row?.protective ?? false,
          screening: row?.screening ?? false,
          bySuspender: row?.bySuspender ?? false,
          consumer: row?.consumer ?? 0,
          provider: row?.provider ?? 0,
          competent: row?.competent ?? 0,
        });
      }
    });
  });

  describe("screening", () => {
    it("is not held where the competent department does not screen", async () => {
      const { events } = await city.applyFor([city.application("T1", { entry: idOf(TOWN, "T1") })]);
      const id = events[0]!.args.first;
      for (const step of [Step.pass, Step.return]) {
        const refusal = city.step(id, step, digest("application"), officerOf("stranger", Role.reviewer));
        await refuses(refusal, "ScreeningUnsuitable", [id, COUNTY, false]);
      }
    });
  });

  describe("suspending", () => {
    const usable = [
      { name: "agreed", state: agreed, steps: [] },
      { name: "delivered", state: delivered, steps: [[Step.deliver, POLICE_OFFICE]] },
      { name: "active", state: active, steps: [[Step.deliver, POLICE_OFFICE], [Step.confirm, SCHOOL_OFFICE]] },
    ] as const;

    for (const { name, state, steps } of usable) {
      it(`goes back to ${name} when resumed, rectified or not`, async () => {
        for (const way of [[], [Step.rectify]]) {
          const one = await Case.agreed(city);
          for (const [step, signer] of steps) await one.take(step, signer);
          await one.take(Step.suspend, POLICE_OFFICE);
          for (const step of way) await one.take(step, SCHOOL_OFFICE);
          const before = await city.chain.read(city.authorisations, "authorisationOf", [one.id]);
          assert.deepEqual([before.prior, before.suspendedBy], [state, 2]);
          await one.take(Step.resume, POLICE_OFFICE);
          const after = await city.chain.read(city.authorisations, "authorisationOf", [one.id]);
          assert.deepEqual([after.state, after.prior, after.suspendedBy], [state, 0, 0]);
        }
      });
    }

    it("is remembered anew each time: who suspended, and from where", async () => {
      const one = await Case.agreed(city);
      await one.take(Step.suspend, POLICE_OFFICE);
      await one.take(Step.resume, POLICE_OFFICE);
      await one.take(Step.deliver, POLICE_OFFICE);
      await one.take(Step.suspend, DATA_HEAD);
      const found = await city.chain.read(city.authorisations, "authorisationOf", [one.id]);
      assert.deepEqual([found.prior, found.suspendedBy], [delivered, 3]);
      const refusal = city.step(one.id, Step.resume, one.subject, POLICE_OFFICE);
      const expected = [DATA, POLICE_OFFICE.id, Role.departmentHead, 0];
      await refuses(refusal, "RoleMissing", expected);
      await one.take(Step.resume, DATA_HEAD);
      const after = await city.chain.read(city.authorisations, "authorisationOf", [one.id]);
      assert.equal(after.state, delivered);
    });

    it("by a duty officer counts as the party's own", async () => {
      for (const [party, number] of [["provider", 2], ["competent", 3]] as const) {
        const one = await Case.agreed(city);
        await one.take(Step.suspend, officerOf(party, Role.dutyOfficer));
        const found = await city.chain.read(city.authorisations, "authorisationOf", [one.id]);
        assert.equal(found.suspendedBy, number);
      }
    });

    it("may not be done twice over", async () => {
      const { id } = situations.find(({ name }) => name === "suspended by the provider")!;
      await refuses(city.step(id, Step.suspend, ZERO, DATA_HEAD), "StateUnsuitable", [id, suspended]);
    });
  });

  describe("the subject", () => {
    const anywhere = digest("another paper");

    it("of a step is the digest of the latest paper, whoever wrote it", async () => {
      const one = await Case.agreed(city);
      for (const wrong of [anywhere, digest("application"), ZERO]) {
        const refusal = city.step(one.id, Step.deliver, wrong, POLICE_OFFICE);
        await refuses(refusal, "SubjectMismatch", [digest("reply"), wrong]);
      }
      await city.step(one.id, Step.deliver, digest("reply"), POLICE_OFFICE);
      await city.step(one.id, Step.confirm, digest(`step ${Step.deliver}`), SCHOOL_OFFICE);
    });

    it("of a protective step is zero, so that no paper can hold it up", async () => {
      const one = await Case.agreed(city);
      for (const step of [Step.suspend, Step.terminateForCause]) {
        for (const wrong of [digest("reply"), one.subject, anywhere]) {
          await refuses(city.step(one.id, step, wrong, POLICE_OFFICE), "SubjectMismatch", [ZERO, wrong]);
        }
        await city.step(one.id, step, ZERO, POLICE_OFFICE);
      }
    });

    it("stays what it was after a step without a paper", async () => {
      const one = await Case.agreed(city);
      await city.step(one.id, Step.deliver, one.subject, POLICE_OFFICE, { digest: ZERO });
      const found = await city.chain.read(city.authorisations, "authorisationOf", [one.id]);
      assert.equal(found.subject, digest("reply"));
      await city.step(one.id, Step.confirm, digest("reply"), SCHOOL_OFFICE);
    });
  });

  it("is refused for another revision of the terms", async () => {
    const one = await Case.agreed(city);
    for (const revision of [0, 2, 2 ** 32 - 1]) {
      const refusal = city.step(one.id, Step.deliver, one.subject, POLICE_OFFICE, { revision });
      await refuses(refusal, "RevisionMismatch", [one.id, 1, revision]);
    }
  });

  it("is refused where there is no such authorisation", async () => {
    for (const id of [0n, BigInt(situations.length) + 100n, 2n ** 64n - 1n]) {
      await refuses(city.step(id, Step.suspend, ZERO, POLICE_OFFICE), "AuthorisationUnknown", [id]);
    }
  });
}
