// Steps: every one from every state by everybody, as the table of design.md section 5 says; then what a step binds.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { DAY, emits, eventOf, type Fields, refuses, ZERO } from "../harness/chain.ts";
import { type City, COUNTY, digest, idOf, POLICE_OFFICE, REVIEWER, SCHOOL_OFFICE } from "../harness/city.ts";
import { AuthorisationStates, Roles, StepFlags, Steps } from "../harness/enums.ts";
import { type Officer, officerOf, OFFICERS, registerOfficers, supplied, TOWN } from "../harness/parties.ts";
import { Case, everySituation, type Situation } from "./situations.ts";
import { has, isMandated, refusalOf, type Row, RULINGS, TABLE } from "./table.ts";

const { AGREED, SUSPENDED, TERMINATED, FORWARDED } = AuthorisationStates;

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

  /** A ruling that is possible in a situation, and does not go where it already is. */
  const rulingIn = ({ state }: Situation): number =>
    ({ [AuthorisationStates.REFUSED]: FORWARDED, [AGREED]: SUSPENDED, [SUSPENDED]: TERMINATED })[state] ?? TERMINATED;

  /** What a situation asks of a row's step. */
  function fieldsOf(row: Row, situation: Situation): Fields {
    if (has(row, StepFlags.TERMS)) return {};
    const outcome = has(row, StepFlags.RULES) ? rulingIn(situation) : 0;
    return { outcome, effective: has(row, StepFlags.ENDS) ? city.chain.now + 30n * DAY : 0n };
  }

  /** Function and arguments of a step as the situation asks for it; without `signed` with a signature that nobody gets to see. */
  function callOf(row: Row, situation: Situation, officer: Officer, signed: boolean): [string, unknown[]] {
    const { id, subject } = situation;
    const fields = { ...fieldsOf(row, situation), digest: digest("paper") };
    const answered = has(row, StepFlags.PROTECTIVE) ? ZERO : subject;
    const [name, message] = has(row, StepFlags.TERMS)
      ? ["change", city.changeMessage(id, row.step, answered, fields)]
      : ["advance", city.stepMessage(id, row.step, answered, fields)];
    const twist = signed ? {} : { signature: { r: 1n, s: 1n } };
    return [name as string, city.chain.sign(city.authorisations, name as string, message as Fields, officer.key, twist)];
  }

  /** The state a row leads to from a situation; every one that was interrupted was agreed, or passed by the reviewer. */
  function stateAfter(row: Row, situation: Situation): number {
    if (row.to === "same") return situation.state;
    if (row.to === "ruled") return rulingIn(situation);
    if (row.to === "prior") return row.step === Steps.SUPPLEMENT ? FORWARDED : AGREED;
    return row.to;
  }

  describe("the table", () => {
    it("covers every step of the design once", () => {
      const steps = TABLE.map(({ step }) => step).toSorted((a, b) => a - b);
      assert.deepEqual(steps, Object.values(Steps).toSorted((a, b) => a - b));
    });

    for (const [name, step] of Object.entries(Steps)) {
      const row = TABLE.find((one) => one.step === step)!;
      it(`lets ${name} pass from its states, by its parties and their roles, and nowhere else`, async () => {
        let passed = 0;
        for (const situation of situations) {
          // Who may not take a step is told so first, wherever it leads from: one state of each kind will do.
          const signs = row.from.includes(situation.state) ? OFFICERS : OFFICERS.filter((one) => isMandated(row, situation, one));
          for (const officer of signs) {
            const label = `${name} while ${situation.name} by the ${officer.title}`;
            const expected = refusalOf(row, situation, officer);
            const [call, args] = callOf(row, situation, officer, isMandated(row, situation, officer));
            if (expected !== undefined) {
              const refusal = city.chain.read(city.authorisations, call, args);
              await refuses(refusal, ...expected).catch((error) => Promise.reject(new Error(label, { cause: error })));
              continue;
            }
            const seq = (await city.chain.read(city.authorisations, "sequence")) + 1n;
            const mined = await city.chain.send(city.authorisations, call, args);
            const state = stateAfter(row, situation);
            const revision = row.step === Steps.ACCEPT_CHANGE ? 2 : 1;
            if (call === "advance") emits(mined, "Advanced", eventOf(args, { state, seq }));
            else emits(mined, "Changed", eventOf(args, { state, newRevision: revision, seq }));
            const now = await city.chain.read(city.authorisations, "authorisationOf", [situation.id]);
            const subject = has(row, StepFlags.PROTECTIVE) ? situation.subject : digest("paper");
            assert.deepEqual([now.state, now.subject, now.revision], [state, subject, revision], label);
            passed += 1;
            await restore();
          }
        }
        assert.ok(passed > 0, "none passed");
      });
    }

    it("has no row for numbers that are no step, and none of another function's", async () => {
      const { id, subject } = situations[0]!;
      for (const step of [0, 25, 255, Steps.PROPOSE_CHANGE, Steps.ACCEPT_CHANGE]) {
        await refuses(city.step(id, step, subject, REVIEWER), "StepUnknown", [step]);
      }
      for (const step of [0, 25, 255, Steps.PASS, Steps.REJECT_CHANGE]) {
        await refuses(city.change(id, step, subject, REVIEWER), "StepUnknown", [step]);
      }
    });

    it("can be read row by row", async () => {
      const bits = (states: readonly number[] = []): number => states.reduce((sum, state) => sum | (1 << state), 0);
      for (let step = 0; step < 256; step++) {
        const row = TABLE.find((one) => one.step === step);
        assert.deepEqual(await city.chain.read(city.authorisations, "ruleOf", [step]), {
          from: bits(row?.from),
          fromEnded: bits(row?.fromEnded),
          to: typeof row?.to === "number" ? row.to : 0,
          flags: row?.flags ?? 0,
          once: row?.once ?? 0,
          onlyAfter: row?.onlyAfter ?? 0,
          consumer: row?.consumer ?? 0,
          provider: row?.provider ?? 0,
          competent: row?.competent ?? 0,
        });
      }
    });

    it("tells the outcomes of a dispute state by state", async () => {
      for (let state = 0; state < 256; state++) {
        const outcomes = (RULINGS.get(state) ?? []).reduce<number>((sum, one) => sum | (one === "prior" ? 1 : 1 << one), 0);
        assert.equal(await city.chain.read(city.authorisations, "rulingsOf", [state]), outcomes);
      }
    });
  });

  describe("screening", () => {
    it("is not held where the competent department does not screen", async () => {
      const { events } = await city.applyFor([city.application("T1", { entry: idOf(TOWN, "T1") })]);
      const id = events[0]!.args.first;
      for (const step of [Steps.PASS, Steps.RETURN]) {
        const refusal = city.step(id, step, digest("application"), officerOf("stranger", Roles.REVIEWER));
        await refuses(refusal, "ScreeningUnsuitable", [id, COUNTY, false]);
      }
    });
  });

  describe("the subject", () => {
    const anywhere = digest("another paper");

    it("of a step is the digest of the latest paper, whoever wrote it", async () => {
      const one = await Case.agreed(city);
      for (const wrong of [anywhere, digest("application"), ZERO]) {
        const refusal = city.step(one.id, Steps.DELIVER, wrong, POLICE_OFFICE);
        await refuses(refusal, "SubjectMismatch", [digest("reply"), wrong]);
      }
      await city.step(one.id, Steps.DELIVER, digest("reply"), POLICE_OFFICE);
      await city.step(one.id, Steps.CONFIRM, digest(`step ${Steps.DELIVER}`), SCHOOL_OFFICE);
    });

    it("of a protective step is zero, so that no paper can hold it up", async () => {
      const one = await Case.agreed(city);
      for (const step of [Steps.SUSPEND, Steps.TERMINATE_FOR_CAUSE]) {
        for (const wrong of [digest("reply"), anywhere]) {
          await refuses(city.step(one.id, step, wrong, POLICE_OFFICE), "SubjectMismatch", [ZERO, wrong]);
        }
        await city.step(one.id, step, ZERO, POLICE_OFFICE);
      }
    });

    it("is not that of a protective step afterwards: a paper nobody shows ends nothing", async () => {
      const one = await Case.agreed(city);
      await city.step(one.id, Steps.SUSPEND, ZERO, POLICE_OFFICE, { digest: digest("never shown") });
      assert.equal((await one.stored()).subject, digest("reply"));
      await city.step(one.id, Steps.RECTIFY, digest("reply"), SCHOOL_OFFICE);
    });

    it("stays what it was after a step without a paper", async () => {
      const one = await Case.agreed(city);
      await city.step(one.id, Steps.DELIVER, one.subject, POLICE_OFFICE, { digest: ZERO });
      assert.equal((await one.stored()).subject, digest("reply"));
      await city.step(one.id, Steps.CONFIRM, digest("reply"), SCHOOL_OFFICE);
    });
  });

  describe("a paper", () => {
    it("is named by every step that others answer or that ends the use", async () => {
      for (const row of TABLE.filter((one) => has(one, StepFlags.DOCUMENT) && !has(one, StepFlags.TERMS))) {
        const situation = situations.find(({ state, proposer }) => row.from.includes(state) && proposer === undefined)!;
        const officer = OFFICERS.find((one) => isMandated(row, situation, one))!;
        const fields = { ...fieldsOf(row, situation), digest: ZERO, nonce: 41n };
        const refusal = city.step(situation.id, row.step, situation.subject, officer.key, fields);
        await refuses(refusal, "DigestMissing", [officer.key.id, 41n]);
      }
    });
  });

  it("is refused for another revision of the terms", async () => {
    const one = await Case.agreed(city);
    for (const revision of [0, 2, 2 ** 32 - 1]) {
      const refusal = city.step(one.id, Steps.DELIVER, one.subject, POLICE_OFFICE, { revision });
      await refuses(refusal, "RevisionMismatch", [one.id, 1, revision]);
    }
  });

  it("is refused with fields that are another step's: an outcome, or an end", async () => {
    const one = await Case.agreed(city);
    const deliver = (fields: Fields) => city.step(one.id, Steps.DELIVER, one.subject, POLICE_OFFICE, fields);
    await refuses(deliver({ outcome: AGREED }), "OutcomeInvalid", [one.id, AGREED]);
    await refuses(deliver({ effective: 1n }), "EffectiveInvalid", [one.id, 1n]);
  });

  it("is refused where there is no such authorisation", async () => {
    for (const id of [0n, BigInt(situations.length) + 100n, 2n ** 64n - 1n]) {
      await refuses(city.step(id, Steps.SUSPEND, ZERO, POLICE_OFFICE), "AuthorisationUnknown", [id]);
    }
  });
}
