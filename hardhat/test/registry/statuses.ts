// Departments that are suspended or closed: by whom, and what they may do no longer.
import assert from "node:assert/strict";
import { before, beforeEach, it } from "node:test";
import type { Hex } from "viem";
import { DAY, emits, eventOf, refuses, START, ZERO, type Fields, type Mined } from "../harness/chain.ts";
import {
  APP_KEY,
  APPLICATION,
  City,
  COUNTY,
  COUNTY_HEAD,
  DATA,
  DATA_HEAD,
  departmentId,
  idOf,
  POLICE,
  POLICE_HEAD,
  POLICE_OFFICE,
  REVIEWER,
  SCHOOL,
  SCHOOL_HEAD,
  SCHOOL_OFFICE,
} from "../harness/city.ts";
import { AuthorisationStates, DepartmentStatuses, Roles, Sides, Steps } from "../harness/enums.ts";
import { supplied, TOWN, TOWN_HEAD, TOWN_OFFICE } from "../harness/parties.ts";
import { keyNamed, type Sm2Key } from "../harness/sm2.ts";
import { Case } from "../authorisations/situations.ts";
import { noHead } from "./keys.ts";

const { ACTIVE, SUSPENDED, CLOSED } = DepartmentStatuses;

let city: City;
let restore: () => Promise<void>;

const statusOf = (department: Hex): Promise<number> => city.chain.read(city.registry, "statusOf", [department]);

export function describeSetDepartmentStatus(): void {
  before(async () => {
    city = await City.enrolled();
    await city.enrol(TOWN, TOWN_HEAD, COUNTY_HEAD, { parent: COUNTY, competent: COUNTY });
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  const set = (status: number, fields: Fields = {}, signer = DATA_HEAD): Promise<Mined> =>
    city.setStatus(POLICE, status, signer, fields);

  it("suspends, resumes and closes, and says everything in its event", async () => {
    for (const status of [SUSPENDED, ACTIVE, SUSPENDED, CLOSED]) {
      const seq = (await city.chain.read(city.registry, "sequence")) + 1n;
      const mined = await set(status);
      emits(mined, "DepartmentStatusSet", eventOf(mined.args, { competent: DATA, seq }));
      assert.equal(await statusOf(POLICE), status);
      assert.equal((await city.chain.read(city.registry, "departmentOf", [POLICE])).status, status);
    }
  });

  it("closes an active department, too", async () => {
    await set(CLOSED);
    assert.equal(await statusOf(POLICE), CLOSED);
  });

  it("is one of three", async () => {
    for (const status of [0, 4, 255]) await refuses(set(status), "DepartmentStatusInvalid", [status]);
  });

  it("is another than before, and never another than closed", async () => {
    await refuses(set(ACTIVE), "StatusUnsuitable", [POLICE, ACTIVE]);
    await set(SUSPENDED);
    await refuses(set(SUSPENDED), "StatusUnsuitable", [POLICE, SUSPENDED]);
    await set(CLOSED);
    for (const status of [ACTIVE, SUSPENDED, CLOSED]) await refuses(set(status), "StatusUnsuitable", [POLICE, CLOSED]);
  });

  it("needs a document, save for a suspension", async () => {
    await set(SUSPENDED, { digest: ZERO });
    for (const status of [ACTIVE, CLOSED]) {
      await refuses(set(status, { digest: ZERO, nonce: 71n }), "DigestMissing", [DATA_HEAD.id, 71n]);
    }
  });

  it("is never the first department's", async () => {
    for (const status of [SUSPENDED, CLOSED, ACTIVE]) {
      await refuses(city.setStatus(DATA, status), "RootUnalterable", [DATA]);
    }
  });

  it("closes none that is competent for others, until they are closed or under another", async () => {
    await refuses(city.setStatus(COUNTY, CLOSED), "DepartmentHasDependants", [COUNTY, 1]);
    await city.setStatus(TOWN, CLOSED, COUNTY_HEAD);
    await city.setStatus(COUNTY, CLOSED);
    await restore();
    await city.update({ department: TOWN, competent: DATA }, COUNTY_HEAD);
    await city.setStatus(COUNTY, CLOSED);
    assert.equal((await city.chain.read(city.registry, "departmentOf", [DATA])).dependants, 3);
  });

  it("is signed by a head of the competent department, no other officer or department", async () => {
    await refuses(set(SUSPENDED, {}, POLICE_HEAD), "RoleMissing", noHead(DATA, POLICE_HEAD));
    await refuses(set(SUSPENDED, {}, REVIEWER), "RoleMissing", noHead(DATA, REVIEWER, Roles.REVIEWER));
    await refuses(city.setStatus(TOWN, SUSPENDED), "RoleMissing", noHead(COUNTY, DATA_HEAD));
    await city.setStatus(TOWN, SUSPENDED, COUNTY_HEAD);
  });

  it("is that of an enrolled department", async () => {
    const nowhere = departmentId("111309000000NOBODY");
    await refuses(city.setStatus(nowhere, SUSPENDED), "DepartmentUnknown", [nowhere]);
    assert.equal(await statusOf(nowhere), 0);
  });
}

/** A department that is not active decides nothing, except to protect itself. */
export function describeInactiveDepartment(): void {
  /** Agreed: the school uses an entry of the police. */
  let one: Case;
  before(async () => {
    city = await City.published();
    await city.registerLog(POLICE, city.chain.account, POLICE_HEAD);
    one = await Case.agreed(city);
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  for (const [name, status] of [["suspended", SUSPENDED], ["closed", CLOSED]] as const) {
    it(`decides nothing when it is ${name}, in any contract`, async () => {
      const fresh = keyNamed("fresh");
      await city.setStatus(POLICE, status);
      const code = "R9";
      const decisions: (() => Promise<Mined>)[] = [
        () => city.update(),
        () => city.addKey(POLICE, fresh, POLICE_HEAD),
        () => city.grantRoles(POLICE, POLICE_OFFICE.id, 0, POLICE_HEAD),
        () => city.registerApplication(POLICE, code, POLICE_OFFICE),
        () => city.submit([city.version(code)]),
        () => city.withdraw(["R1"]),
        () => city.standing("R1"),
        () => city.applyFor([city.application("R1")], POLICE_OFFICE, POLICE),
        () => city.reply(one.id, { subject: one.subject }),
        () => city.step(one.id, Steps.DELIVER, one.subject, POLICE_OFFICE),
        () => city.change(one.id, Steps.PROPOSE_CHANGE, one.subject, POLICE_OFFICE),
        () => city.supersedeLog(POLICE, city.chain.account, POLICE_HEAD),
      ];
      for (const decide of decisions) await refuses(decide(), "DepartmentNotActive", [POLICE, status]);
    });

    it(`decides nothing as a competent department when it is ${name}`, async () => {
      await city.update({ department: SCHOOL, competent: COUNTY }, DATA_HEAD);
      if (status === CLOSED) {
        await city.update({ department: SCHOOL, competent: DATA }, COUNTY_HEAD);
        await city.setStatus(COUNTY, status);
      } else {
        await city.setStatus(COUNTY, status);
        await refuses(city.setStatus(SCHOOL, SUSPENDED, COUNTY_HEAD), "RoleMissing", noHead(DATA, COUNTY_HEAD));
      }
      const enrolment = city.enrol(TOWN, TOWN_HEAD, COUNTY_HEAD, { parent: COUNTY, competent: COUNTY });
      await refuses(enrolment, "DepartmentNotActive", [COUNTY, status]);
    });

    it(`revokes its own keys still when it is ${name}, its applications' among them`, async () => {
      await city.setStatus(SCHOOL, status);
      for (const key of [SCHOOL_OFFICE, APP_KEY, SCHOOL_HEAD]) await city.revokeKey(key.id, SCHOOL_HEAD);
    });

    it(`suspends still as a provider when it is ${name}, and does no more than that`, async () => {
      await city.setStatus(POLICE, status);
      await one.take(Steps.SUSPEND, POLICE_OFFICE);
      const { state, suspendedBy } = await one.stored();
      assert.deepEqual([state, suspendedBy], [AuthorisationStates.SUSPENDED, Sides.PROVIDER]);
      const resume = city.step(one.id, Steps.RESUME, one.subject, POLICE_OFFICE);
      await refuses(resume, "DepartmentNotActive", [POLICE, status]);
      const terminate = city.step(one.id, Steps.TERMINATE_FOR_CAUSE, ZERO, POLICE_OFFICE);
      await refuses(terminate, "DepartmentNotActive", [POLICE, status]);
    });
  }

  it("does not act through a deputy, either, nor does its deputy's other role step in for it", async () => {
    // The same key may act for the provider, which is suspended, and for the competent department, which is not.
    await city.grantRoles(POLICE, DATA_HEAD.id, Roles.OFFICE_HEAD, POLICE_HEAD);
    await one.take(Steps.SUSPEND, POLICE_OFFICE);
    await city.setStatus(POLICE, SUSPENDED);
    const refusal = city.step(one.id, Steps.RESUME, one.subject, DATA_HEAD);
    await refuses(refusal, "DepartmentNotActive", [POLICE, SUSPENDED]);
  });

  it("keeps other departments' decisions about it: they review, suspend and terminate", async () => {
    await city.submit([city.version("R9")]);
    await city.setStatus(POLICE, SUSPENDED);
    await city.reviewAll([city.review("R9")]);
    await one.take(Steps.SUSPEND, DATA_HEAD);
    await one.take(Steps.TERMINATE_FOR_CAUSE, DATA_HEAD);
  });

  it("decides again as before when it is resumed", async () => {
    await city.setStatus(POLICE, SUSPENDED);
    await city.setStatus(POLICE, ACTIVE);
    await city.update();
    await one.take(Steps.DELIVER, POLICE_OFFICE);
  });

  it("is applied to by nobody", async () => {
    await city.setStatus(POLICE, SUSPENDED);
    await refuses(city.applyFor([city.application("R1")]), "DepartmentNotActive", [POLICE, SUSPENDED]);
  });

  it("keeps its applications' keys valid, and the period of its roles running", async () => {
    await city.setStatus(SCHOOL, SUSPENDED);
    assert.equal(await city.chain.read(city.registry, "applicationOfKey", [APP_KEY.id]), APPLICATION);
    const grant = { roles: Roles.OFFICE_HEAD, validFrom: START, validUntil: START + 365n * DAY };
    assert.deepEqual(await city.chain.read(city.registry, "grantOf", [SCHOOL, SCHOOL_OFFICE.id]), grant);
    assert.equal(await city.chain.read(city.registry, "applicationOf", [idOf(SCHOOL, "ZHSX")]), SCHOOL);
  });
}

/** Departments whose competent department is not active: the nearest active one above it acts in its place. */
export function describeActing(): void {
  const VILLAGE = departmentId("111309220000VILLAG");
  const T1 = { entry: idOf(TOWN, "T1") };

  before(async () => {
    city = await supplied();
    await city.update({ department: TOWN, competent: COUNTY, mayEnrol: true }, COUNTY_HEAD);
    await city.enrol(VILLAGE, keyNamed("village head"), TOWN_HEAD, { parent: TOWN, competent: TOWN });
    await city.setStatus(COUNTY, SUSPENDED);
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  const competentOf = (department: Hex): Promise<[Hex, boolean]> =>
    city.chain.read(city.registry, "competentOf", [department]);

  it("are suspended and resumed by it, and it is named in the event", async () => {
    await refuses(city.setStatus(TOWN, SUSPENDED, COUNTY_HEAD), "RoleMissing", noHead(DATA, COUNTY_HEAD));
    for (const status of [SUSPENDED, ACTIVE]) {
      const seq = (await city.chain.read(city.registry, "sequence")) + 1n;
      const mined = await city.setStatus(TOWN, status);
      emits(mined, "DepartmentStatusSet", eventOf(mined.args, { competent: DATA, seq }));
    }
  });

  it("are given a new head key and another competent department by it", async () => {
    await city.recover(TOWN, keyNamed("new town head"));
    await city.update({ department: TOWN, competent: DATA, mayEnrol: true }, DATA_HEAD);
    const stored = await city.chain.read(city.registry, "departmentOf", [TOWN]);
    assert.equal(stored.competent, DATA);
    assert.equal((await city.chain.read(city.registry, "departmentOf", [COUNTY])).dependants, 0);
    await city.setStatus(COUNTY, CLOSED);
  });

  it("are closed by it, and no longer depend on the one that is suspended", async () => {
    await city.setStatus(VILLAGE, CLOSED, TOWN_HEAD);
    await city.setStatus(TOWN, CLOSED);
    assert.equal((await city.chain.read(city.registry, "departmentOf", [COUNTY])).dependants, 0);
  });

  it("are given the right to enrol by it", async () => {
    await city.update({ department: TOWN, competent: COUNTY, mayEnrol: false }, DATA_HEAD);
    await city.update({ department: TOWN, competent: COUNTY, mayEnrol: true }, DATA_HEAD);
  });

  it("are enrolled by nobody under the one that is suspended", async () => {
    const fields = { parent: COUNTY, competent: COUNTY };
    const hamlet = departmentId("111309220000HAMLET");
    const head = keyNamed("hamlet head");
    await refuses(city.enrol(hamlet, head, COUNTY_HEAD, fields), "DepartmentNotActive", [COUNTY, SUSPENDED]);
    await refuses(city.enrol(hamlet, head, DATA_HEAD, fields), "RoleMissing", noHead(COUNTY, DATA_HEAD));
    await city.enrol(hamlet, head, DATA_HEAD, { parent: COUNTY, competent: DATA });
  });

  it("have their versions reviewed and their entries frozen by it", async () => {
    await city.submit([city.version("T1", 2)], TOWN_HEAD, TOWN);
    const mined = await city.reviewAll([city.review("T1", 2, true, T1)]);
    emits(mined, "VersionsReviewed", eventOf(mined.args, { competent: DATA, seq: mined.events[0]!.args.seq }));
    await city.freeze("T1", DATA_HEAD, T1);
    await city.unfreeze("T1", DATA_HEAD, T1);
  });

  it("are screened or not as their own competent department has it", async () => {
    assert.deepEqual(await competentOf(TOWN), [DATA, false]);
    assert.deepEqual(await competentOf(POLICE), [DATA, true]);
    const applied = await city.applyFor([city.application("T1", T1)]);
    await city.reply(applied.events[0]!.args.first, {}, TOWN_OFFICE);
  });

  it("have the nearest active one however many are suspended", async () => {
    assert.deepEqual(await competentOf(VILLAGE), [TOWN, false]);
    await city.setStatus(TOWN, SUSPENDED);
    assert.deepEqual(await competentOf(VILLAGE), [DATA, false]);
    await city.setStatus(COUNTY, ACTIVE);
    assert.deepEqual(await competentOf(VILLAGE), [COUNTY, false]);
    await refuses(city.setStatus(VILLAGE, SUSPENDED), "RoleMissing", noHead(COUNTY, DATA_HEAD));
    await city.setStatus(VILLAGE, SUSPENDED, COUNTY_HEAD);
  });

  it("have a dispute ruled by it as the common superior", async () => {
    assert.equal(await city.chain.read(city.registry, "commonSuperiorOf", [TOWN, TOWN]), DATA);
    await city.setStatus(COUNTY, ACTIVE);
    assert.equal(await city.chain.read(city.registry, "commonSuperiorOf", [TOWN, TOWN]), COUNTY);
  });

  it("are its own again once it is active", async () => {
    await city.setStatus(COUNTY, ACTIVE);
    await refuses(city.setStatus(TOWN, SUSPENDED), "RoleMissing", noHead(COUNTY, DATA_HEAD));
    await city.setStatus(TOWN, SUSPENDED, COUNTY_HEAD);
  });
}

/** New head keys, given by the competent department; the old head has 7 days to cancel. */
export function describeRecoverKey(): void {
  const NEW_HEAD = keyNamed("new police head");
  const WEEK = 7n * DAY;

  before(async () => {
    city = await City.enrolled();
    await city.enrol(TOWN, TOWN_HEAD, COUNTY_HEAD, { parent: COUNTY, competent: COUNTY });
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  const recover = (fields: Fields = {}, signer = DATA_HEAD, head = NEW_HEAD): Promise<Mined> =>
    city.recover(POLICE, head, signer, fields);
  const FOREVER = 2n ** 64n - 1n;

  it("registers key and role at once, valid after 7 days, and says everything in its event", async () => {
    const seq = (await city.chain.read(city.registry, "sequence")) + 1n;
    const mined = await recover();
    const validFrom = city.chain.now + WEEK;
    const { r: possessionR, s: possessionS } = mined.args[2] as Fields;
    const added = { headKey: NEW_HEAD.id, validFrom, possessionR, possessionS, seq };
    emits(mined, "KeyRecovered", eventOf(mined.args, added));
    const key = await city.chain.read(city.registry, "keyOf", [NEW_HEAD.id]);
    const { person } = mined.args[0] as Fields;
    assert.deepEqual([key.holder, key.validFrom, key.validUntil, key.person], [POLICE, validFrom, FOREVER, person]);
    const grant = { roles: Roles.DEPARTMENT_HEAD, validFrom, validUntil: FOREVER };
    assert.deepEqual(await city.chain.read(city.registry, "grantOf", [POLICE, NEW_HEAD.id]), grant);
  });

  it("decides from the first second after 7 days, and not before", async () => {
    await recover();
    const validFrom = city.chain.now + WEEK;
    const again = await city.chain.snapshot();
    city.chain.now = validFrom - 2n;
    await refuses(city.update({}, NEW_HEAD), "KeyNotValid", [NEW_HEAD.id, validFrom, FOREVER, validFrom - 1n]);
    await again();
    city.chain.now = validFrom - 1n;
    await city.update({}, NEW_HEAD);
  });

  it("is cancelled by an old head meanwhile, and for good", async () => {
    await recover();
    const validFrom = city.chain.now + WEEK;
    await city.revokeKey(NEW_HEAD.id, POLICE_HEAD);
    const revokedAt = city.chain.now;
    city.chain.now = validFrom;
    await refuses(city.update({}, NEW_HEAD), "KeyAlreadyRevoked", [NEW_HEAD.id, revokedAt]);
    await refuses(recover(), "KeyAlreadyRegistered", [NEW_HEAD.id]);
  });

  it("is cancelled by an old head even of a department that is suspended", async () => {
    await recover();
    await city.setStatus(POLICE, SUSPENDED);
    await city.revokeKey(NEW_HEAD.id, POLICE_HEAD);
  });

  it("is not cancelled by the new head or by who gave it", async () => {
    await recover();
    const validFrom = city.chain.now + WEEK;
    const time = city.chain.now + 1n;
    await refuses(city.revokeKey(NEW_HEAD.id, NEW_HEAD), "KeyNotValid", [NEW_HEAD.id, validFrom, FOREVER, time]);
    await refuses(city.revokeKey(NEW_HEAD.id, DATA_HEAD), "RoleMissing", noHead(POLICE, DATA_HEAD));
  });

  it("may be given several times over", async () => {
    await recover();
    await recover({}, DATA_HEAD, keyNamed("another new police head"));
  });

  it("reaches a suspended department, and no closed one", async () => {
    await city.setStatus(POLICE, SUSPENDED);
    await recover();
    await city.setStatus(POLICE, CLOSED);
    const refusal = recover({}, DATA_HEAD, keyNamed("another new police head"));
    await refuses(refusal, "StatusUnsuitable", [POLICE, CLOSED]);
  });

  it("is the root's own affair for the root", async () => {
    await city.recover(DATA, NEW_HEAD);
    await refuses(city.recover(DATA, keyNamed("x"), POLICE_HEAD), "RoleMissing", noHead(DATA, POLICE_HEAD));
  });

  it("is signed by a head of the competent department, no other", async () => {
    await refuses(recover({}, POLICE_HEAD), "RoleMissing", noHead(DATA, POLICE_HEAD));
    await refuses(recover({}, COUNTY_HEAD), "RoleMissing", noHead(DATA, COUNTY_HEAD));
    await refuses(recover({}, REVIEWER), "RoleMissing", noHead(DATA, REVIEWER, Roles.REVIEWER));
    await refuses(city.recover(TOWN, NEW_HEAD), "RoleMissing", noHead(COUNTY, DATA_HEAD));
  });

  it("names a document, a person, a point of the curve, and shows possession", async () => {
    await refuses(recover({ digest: ZERO, nonce: 81n }), "DigestMissing", [DATA_HEAD.id, 81n]);
    await refuses(recover({ person: ZERO }), "PersonMissing", [NEW_HEAD.id]);
    await refuses(recover({ headY: NEW_HEAD.y + 1n }), "KeyNotOnCurve", [NEW_HEAD.x, NEW_HEAD.y + 1n]);
    const stranger: Sm2Key = keyNamed("stranger");
    const args = city.chain.sign(city.registry, "recoverKey", city.recoverMessage(POLICE, NEW_HEAD), DATA_HEAD, {
      possession: stranger,
    });
    const { r, s } = args[2] as Fields;
    await refuses(city.chain.send(city.registry, "recoverKey", args), "PossessionRefused", [NEW_HEAD.id, r, s]);
    await refuses(recover({}, DATA_HEAD, POLICE_OFFICE), "KeyAlreadyRegistered", [POLICE_OFFICE.id]);
  });

  it("is that of an enrolled department", async () => {
    const nowhere = departmentId("111309000000NOBODY");
    await refuses(city.recover(nowhere, NEW_HEAD), "DepartmentUnknown", [nowhere]);
  });
}
