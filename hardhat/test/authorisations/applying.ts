// Applications: what one may ask for, and what a standing reply answers at once.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { emits, eventOf, type Fields, refuses, START, ZERO } from "../harness/chain.ts";
import {
  APPLICATION,
  type City,
  COUNTY,
  COUNTY_HEAD,
  digest,
  idOf,
  POLICE,
  POLICE_OFFICE,
  PURPOSE,
  REVIEWER,
  SCHOOL,
  SCHOOL_HEAD,
  SCHOOL_OFFICE,
  textHash,
} from "../harness/city.ts";
import { AuthorisationStates, DepartmentStatuses, Modes, Roles, ShareTypes, Steps } from "../harness/enums.ts";
import { supplied } from "../harness/parties.ts";
import { keyNamed, type Sm2Key } from "../harness/sm2.ts";

const LATEST = 2n ** 40n - 1n;
const COUNTY_OFFICE = keyNamed("county office");

export function describeApplyFor(): void {
  let city: City;
  let restore: () => Promise<void>;
  before(async () => {
    city = await supplied();
    await city.officer(COUNTY, COUNTY_OFFICE, COUNTY_HEAD, Roles.OFFICE_HEAD);
    await city.registerApplication(COUNTY, "OTHER", COUNTY_OFFICE);
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  const stored = (id: bigint): Promise<Fields> => city.chain.read(city.authorisations, "authorisationOf", [id]);
  const entry = (code: string) => idOf(POLICE, code);

  /** What the contract must keep of an application. */
  function kept(application: Fields, fields: Fields = {}): Fields {
    const { digest: subject, validFrom, validUntil, ...rest } = application;
    return {
      ...rest,
      subject,
      state: AuthorisationStates.APPLIED,
      prior: 0,
      shareType: ShareTypes.CONDITIONAL,
      suspendedBy: 0,
      marks: 0,
      lastItem: 11,
      revision: 1,
      validFrom: Number(validFrom),
      validUntil: Number(validUntil),
      ...fields,
    };
  }

  describe("an application", () => {
    it("is kept as it was signed, and waits", async () => {
      const application = city.application("R1");
      const args = city.chain.sign(city.authorisations, "applyFor", { department: SCHOOL, applications: [application] }, SCHOOL_OFFICE);
      const mined = await city.chain.send(city.authorisations, "applyFor", args);
      emits(mined, "Applied", eventOf(args, { first: 1n, states: [AuthorisationStates.APPLIED], seq: 1n }));
      assert.deepEqual(await stored(1n), kept(application));
      assert.equal(await city.chain.read(city.authorisations, "count"), 1n);
    });

    it("can be for several entries with one signature, numbered on from the last", async () => {
      await city.applyFor([city.application("R1")]);
      await city.standing("OPEN");
      const applications = [
        city.application("WIDE", { items: 2n ** 255n | 1n, digest: digest("a"), mode: Modes.BATCH }),
        city.application("OPEN", { terms: ZERO, digest: digest("b"), callsPerDay: 7, mode: Modes.FILE }),
        city.application("R1", { digest: digest("c"), purpose: textHash("another"), mode: Modes.STATISTICS }),
      ];
      const args = city.chain.sign(city.authorisations, "applyFor", { department: SCHOOL, applications }, SCHOOL_OFFICE);
      const mined = await city.chain.send(city.authorisations, "applyFor", args);
      const states = [AuthorisationStates.APPLIED, AuthorisationStates.AGREED, AuthorisationStates.APPLIED];
      emits(mined, "Applied", eventOf(args, { first: 2n, states, seq: 2n }));
      const open = { state: AuthorisationStates.AGREED, shareType: ShareTypes.UNCONDITIONAL };
      assert.deepEqual(await stored(2n), kept(applications[0]!, { lastItem: 255 }));
      assert.deepEqual(await stored(3n), kept(applications[1]!, open));
      assert.deepEqual(await stored(4n), kept(applications[2]!));
      assert.equal(await city.chain.read(city.authorisations, "count"), 4n);
    });

    it("names its parties, whoever signed", async () => {
      await city.applyFor([city.application("R1")]);
      const parties = await city.chain.read(city.authorisations, "partiesOf", [1n]);
      assert.deepEqual(parties, [SCHOOL, POLICE, (await city.chain.read(city.registry, "departmentOf", [POLICE])).competent]);
    });

    it("is signed by an office head of the consumer, not by one of the provider or a head", async () => {
      const refusal = city.applyFor([city.application("R1")], POLICE_OFFICE);
      await refuses(refusal, "RoleMissing", [SCHOOL, POLICE_OFFICE.id, Roles.OFFICE_HEAD, 0]);
      const head = city.applyFor([city.application("R1")], SCHOOL_HEAD);
      await refuses(head, "RoleMissing", [SCHOOL, SCHOOL_HEAD.id, Roles.OFFICE_HEAD, Roles.DEPARTMENT_HEAD]);
    });
  });

  describe("a wrong application", () => {
    /** Refused alone, and after a right one: all or nothing. */
    async function refused(application: Fields, name: string, expected: unknown[]): Promise<void> {
      const right = city.application("R1");
      for (const list of [[application], [right, application]]) {
        await refuses(city.applyFor(list), name, expected);
      }
      assert.equal(await city.chain.read(city.authorisations, "count"), 0n);
      await refuses(stored(1n), "AuthorisationUnknown", [1n]);
    }

    it("applies for nothing", async () => {
      await refuses(city.applyFor([]), "ApplicationsEmpty", [SCHOOL]);
    });

    it("names no document", async () => {
      const message = { department: SCHOOL, applications: [city.application("R1"), city.application("R1", { digest: ZERO })], nonce: 12n };
      const refusal = city.chain.decide(city.authorisations, "applyFor", message, SCHOOL_OFFICE);
      await refuses(refusal, "DigestMissing", [SCHOOL_OFFICE.id, 12n]);
    });

    it("names another department's application", async () => {
      const other = idOf(COUNTY, "OTHER");
      await refused(city.application("R1", { application: other }), "ApplicationNotOfDepartment", [other, SCHOOL, COUNTY]);
      const refusal = city.applyFor([city.application("R1")], COUNTY_OFFICE, COUNTY);
      await refuses(refusal, "ApplicationNotOfDepartment", [APPLICATION, COUNTY, SCHOOL]);
    });

    it("names an application nobody registered", async () => {
      await refused(city.application("R1", { application: PURPOSE }), "ApplicationUnknown", [PURPOSE]);
    });

    it("names an entry nobody filed", async () => {
      await refused(city.application("NONE"), "EntryUnknown", [entry("NONE")]);
    });

    it("names another version than the published one", async () => {
      await refused(city.application("DRAFT"), "VersionNotCurrent", [entry("DRAFT"), 0, 1]);
      await refused(city.application("DRAFT", { version: 0 }), "VersionNotCurrent", [entry("DRAFT"), 0, 0]);
      for (const version of [0, 2]) {
        await refused(city.application("R1", { version }), "VersionNotCurrent", [entry("R1"), 1, version]);
      }
      await city.submit([city.version("R1", 2)]);
      await refused(city.application("R1", { version: 2 }), "VersionNotCurrent", [entry("R1"), 1, 2]);
      await city.reviewAll([city.review("R1", 2)]);
      await refuses(city.applyFor([city.application("R1")]), "VersionNotCurrent", [entry("R1"), 2, 1]);
      await city.applyFor([city.application("R1", { version: 2 })]);
    });

    it("is for data that is not shared, in whatever mode", async () => {
      for (const mode of Object.values(Modes)) {
        await refused(city.application("SHUT", { mode }), "EntryNotShared", [entry("SHUT"), mode]);
      }
    });

    it("names no item, or one the version does not have", async () => {
      for (const items of [0n, 1n << 12n, (1n << 13n) - 1n, 1n << 255n, 2n ** 256n - 1n]) {
        await refused(city.application("R1", { items }), "ItemsInvalid", [entry("R1"), items, 12]);
      }
      await refused(city.application("WIDE", { items: 0n }), "ItemsInvalid", [entry("WIDE"), 0n, 256]);
      await city.applyFor([city.application("R1", { items: (1n << 12n) - 1n }), city.application("WIDE", { items: 2n ** 256n - 1n })]);
    });

    it("names a mode that is none", async () => {
      for (const mode of [0, 5, 255]) await refused(city.application("R1", { mode }), "ModeInvalid", [mode]);
    });

    it("asks for a quota of nothing", async () => {
      for (const [callsPerDay, rowsPerDay] of [[0, 1], [1, 0], [0, 0]] as const) {
        await refused(city.application("R1", { callsPerDay, rowsPerDay }), "QuotaZero", [callsPerDay, rowsPerDay]);
      }
      await city.applyFor([city.application("R1", { callsPerDay: 1, rowsPerDay: 1 })]);
    });

    it("asks for a time that is none, is over, or lies beyond what the chain keeps", async () => {
      for (const [validFrom, validUntil] of [
        [START, START],
        [START + 9n, START + 5n],
        [0n, START],
        [0n, LATEST + 1n],
        [2n ** 64n - 2n, 2n ** 64n - 1n],
      ] as const) {
        await refused(city.application("R1", { validFrom, validUntil }), "PeriodInvalid", [validFrom, validUntil]);
      }
    });

    it("asks for a time that ends with the block; a second more is a time", async () => {
      const over = city.chain.now + 1n;
      await refuses(city.applyFor([city.application("R1", { validUntil: over })]), "PeriodInvalid", [START, over]);
      await restore();
      await city.applyFor([city.application("R1", { validUntil: over + 1n }), city.application("R1", { validUntil: LATEST })]);
    });
  });

  describe("an entry", () => {
    it("that is frozen is not applied for", async () => {
      await city.freeze("R1");
      await refuses(city.applyFor([city.application("R1")]), "EntryIsFrozen", [entry("R1")]);
    });

    it("of a provider that is suspended is not applied for", async () => {
      await city.setStatus(POLICE, DepartmentStatuses.SUSPENDED);
      const expected = [POLICE, DepartmentStatuses.SUSPENDED];
      await refuses(city.applyFor([city.application("R1")]), "DepartmentNotActive", expected);
    });
  });

  describe("one agreement of a standing reply at a time", () => {
    const apply = (fields: Fields = {}) => city.application("OPEN", { terms: ZERO, ...fields });
    const statesOf = async (...applications: Fields[]): Promise<number[]> =>
      (await city.applyFor(applications)).events[0]!.args.states;
    const standingOf = (consumer = SCHOOL): Promise<bigint> =>
      city.chain.read(city.authorisations, "standingOf", [entry("OPEN"), consumer]);
    const { APPLIED, AGREED } = AuthorisationStates;
    beforeEach(async () => {
      await city.standing("OPEN");
    });

    it("is all that a consumer has of an entry: the next application waits, in one decision or two", async () => {
      assert.equal(await standingOf(), 0n);
      assert.deepEqual(await statesOf(apply(), apply()), [AGREED, APPLIED]);
      assert.deepEqual(await statesOf(apply()), [APPLIED]);
      assert.equal(await standingOf(), 1n);
      const waiting = await stored(2n);
      assert.deepEqual([waiting.callsPerDay, waiting.rowsPerDay], [1000, 10_000], "as applied for");
    });

    it("counts in every state of the use, and when it was ended", async () => {
      await city.applyFor([apply()]);
      const one = { id: 1n, subject: digest("application") };
      const take = async (step: number, signer: Sm2Key, isProtective = false): Promise<void> => {
        await city.step(one.id, step, isProtective ? ZERO : one.subject, signer);
        if (!isProtective) one.subject = digest(`step ${step}`);
      };
      for (const [step, signer] of [[Steps.DELIVER, POLICE_OFFICE], [Steps.CONFIRM, SCHOOL_OFFICE]] as const) {
        await take(step, signer);
        assert.deepEqual(await statesOf(apply()), [APPLIED]);
      }
      await take(Steps.SUSPEND, POLICE_OFFICE, true);
      assert.deepEqual(await statesOf(apply()), [APPLIED]);
      await take(Steps.RECTIFY, SCHOOL_OFFICE);
      assert.deepEqual(await statesOf(apply()), [APPLIED]);
      await take(Steps.FINISH, SCHOOL_OFFICE);
      assert.deepEqual(await statesOf(apply()), [APPLIED]);
    });

    it("counts to the end of the Beijing day in which its period ends, to the second", async () => {
      const validUntil = city.chain.now + 1000n;
      await city.applyFor([apply({ validUntil })]);
      const [day, east] = [86_400n, 8n * 3600n];
      const midnight = ((validUntil - 1n + east) / day + 1n) * day - east;
      city.chain.now = midnight - 2n;
      const again = await city.chain.snapshot();
      assert.deepEqual(await statesOf(apply()), [APPLIED]);
      await again();
      city.chain.now = midnight - 1n;
      assert.deepEqual(await statesOf(apply()), [AGREED]);
    });

    it("is over with a period that ends at midnight", async () => {
      const [day, east] = [86_400n, 8n * 3600n];
      const midnight = ((city.chain.now + east) / day + 1n) * day - east;
      await city.applyFor([apply({ validUntil: midnight })]);
      city.chain.now = midnight - 1n;
      assert.deepEqual(await statesOf(apply()), [AGREED]);
    });

    it("is one for each entry and each consumer", async () => {
      await city.publish("OPEN2", ShareTypes.UNCONDITIONAL);
      await city.standing("OPEN2");
      assert.deepEqual(await statesOf(apply(), apply({ entry: entry("OPEN2") })), [AGREED, AGREED]);
      const theirs = apply({ application: idOf(COUNTY, "OTHER") });
      const { events } = await city.applyFor([theirs], COUNTY_OFFICE, COUNTY);
      assert.deepEqual(events[0]!.args.states, [AGREED]);
      assert.deepEqual([await standingOf(), await standingOf(COUNTY)], [1n, 3n]);
    });

    it("is not one of two applications of the same consumer: they share it", async () => {
      await city.registerApplication(SCHOOL, "SECOND", SCHOOL_OFFICE);
      const second = apply({ application: idOf(SCHOOL, "SECOND") });
      assert.deepEqual(await statesOf(apply(), second), [AGREED, APPLIED]);
    });

    it("is not what the provider agrees to itself", async () => {
      await city.applyFor([apply(), apply()]);
      await city.step(2n, Steps.PASS, digest("application"), REVIEWER);
      await city.reply(2n, { subject: digest(`step ${Steps.PASS}`), terms: ZERO });
      assert.equal(await standingOf(), 1n);
    });
  });

  describe("a standing reply", () => {
    const terms = digest("terms");

    it("agrees at once, and the smaller quota of each kind wins", async () => {
      for (const [asked, standing, granted] of [
        [[1000, 10_000], [500, 50_000], [500, 10_000]],
        [[100, 90_000], [500, 50_000], [100, 50_000]],
        [[500, 50_000], [500, 50_000], [500, 50_000]],
        [[1, 1], [500, 50_000], [1, 1]],
        [[2 ** 32 - 1, 2 ** 32 - 1], [1, 2], [1, 2]],
      ] as const) {
        await city.standing("OPEN", { callsPerDay: standing[0], rowsPerDay: standing[1], terms });
        const application = city.application("OPEN", { callsPerDay: asked[0], rowsPerDay: asked[1] });
        const { events } = await city.applyFor([application]);
        assert.deepEqual(events[0]!.args.states, [AuthorisationStates.AGREED]);
        const [callsPerDay, rowsPerDay] = granted;
        const expected = kept(application, { state: AuthorisationStates.AGREED, shareType: ShareTypes.UNCONDITIONAL, callsPerDay, rowsPerDay });
        assert.deepEqual(await stored(events[0]!.args.first), expected);
        await restore();
      }
    });

    it("agrees only to its own terms; others wait, with the quotas asked for", async () => {
      await city.standing("OPEN", { terms, callsPerDay: 1, rowsPerDay: 1 });
      for (const other of [ZERO, digest("other terms")]) {
        const application = city.application("OPEN", { terms: other });
        const { events } = await city.applyFor([application]);
        assert.deepEqual(events[0]!.args.states, [AuthorisationStates.APPLIED]);
        assert.deepEqual(await stored(events[0]!.args.first), kept(application, { shareType: ShareTypes.UNCONDITIONAL }));
      }
    });

    it("agrees to no terms where it has none", async () => {
      await city.standing("OPEN", { terms: ZERO });
      const { events } = await city.applyFor([city.application("OPEN", { terms: ZERO }), city.application("OPEN", { terms })]);
      assert.deepEqual(events[0]!.args.states, [AuthorisationStates.AGREED, AuthorisationStates.APPLIED]);
    });

    it("agrees to nothing before it is given, or after it is withdrawn", async () => {
      const application = city.application("OPEN");
      const before = await city.applyFor([application]);
      await city.standing("OPEN", { terms });
      await city.standing("OPEN", { terms, standing: false });
      const after = await city.applyFor([application]);
      for (const { events } of [before, after]) assert.deepEqual(events[0]!.args.states, [AuthorisationStates.APPLIED]);
    });

    it("agrees to nothing of a later version that is conditional", async () => {
      await city.standing("OPEN", { terms });
      await city.submit([city.version("OPEN", 2, { shareType: ShareTypes.CONDITIONAL })]);
      const early = await city.applyFor([city.application("OPEN")]);
      assert.deepEqual(early.events[0]!.args.states, [AuthorisationStates.AGREED]);
      await city.reviewAll([city.review("OPEN", 2)]);
      const late = await city.applyFor([city.application("OPEN", { version: 2 })]);
      assert.deepEqual(late.events[0]!.args.states, [AuthorisationStates.APPLIED]);
    });
  });
}
