// What becomes of a department after its enrolment: its own head changes its paper, its competent department the rest.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import type { Hex } from "viem";
import { emits, eventOf, refuses, ZERO, type Fields, type Mined } from "../harness/chain.ts";
import {
  City,
  COUNTY,
  COUNTY_HEAD,
  DATA,
  DATA_HEAD,
  departmentId,
  POLICE,
  POLICE_HEAD,
  POLICE_OFFICE,
  SCHOOL,
  SCHOOL_HEAD,
} from "../harness/city.ts";
import { DepartmentStatuses, Roles } from "../harness/enums.ts";
import { TOWN, TOWN_HEAD } from "../harness/parties.ts";
import { keyNamed, type Sm2Key } from "../harness/sm2.ts";
import { noHead } from "./keys.ts";

const NOWHERE = departmentId("111309000000NOBODY");

/** Departments under the county, each under the one before it, all of them may enrol. */
const CHAIN = Array.from({ length: 8 }, (_, i) => ({
  department: departmentId(`1113092200000CHAI${i}`),
  head: keyNamed(`chain head ${i}`),
}));

let city: City;
let restore: () => Promise<void>;

const departmentOf = (department: Hex): Promise<Fields> => city.chain.read(city.registry, "departmentOf", [department]);
const dependantsOf = async (department: Hex): Promise<number> => (await departmentOf(department)).dependants;

export function describeUpdateDepartment(): void {
  before(async () => {
    city = await City.enrolled();
    await city.enrol(TOWN, TOWN_HEAD, COUNTY_HEAD, { parent: COUNTY, competent: COUNTY, mayEnrol: true });
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  const update = (fields: Fields = {}, signer = DATA_HEAD): Promise<Mined> => city.update(fields, signer);
  const county = (fields: Fields, signer = DATA_HEAD): Promise<Mined> =>
    city.update({ department: COUNTY, mayEnrol: true, ...fields }, signer);

  describe("its paper", () => {
    it("is changed by its own head, and nothing else with it", async () => {
      const old = await departmentOf(POLICE);
      const seq = (await city.chain.read(city.registry, "sequence")) + 1n;
      const mined = await city.update();
      emits(mined, "DepartmentUpdated", eventOf(mined.args, { seq }));
      assert.deepEqual(await departmentOf(POLICE), old);
    });

    it("is not its competent department's affair, nor another officer's", async () => {
      await refuses(city.update({}, DATA_HEAD), "RoleMissing", noHead(POLICE, DATA_HEAD));
      await refuses(city.update({}, SCHOOL_HEAD), "RoleMissing", noHead(POLICE, SCHOOL_HEAD));
      await refuses(city.update({}, POLICE_OFFICE), "RoleMissing", noHead(POLICE, POLICE_OFFICE, Roles.OFFICE_HEAD));
    });

    it("is named", async () => {
      await refuses(city.update({ digest: ZERO, nonce: 61n }), "DigestMissing", [POLICE_HEAD.id, 61n]);
      await refuses(update({ mayEnrol: true, digest: ZERO, nonce: 61n }), "DigestMissing", [DATA_HEAD.id, 61n]);
    });
  });

  describe("what it is allowed", () => {
    it("is changed by a head of its competent department, each for itself or all at once", async () => {
      const old = await departmentOf(POLICE);
      for (const fields of [{ screening: true }, { mayEnrol: true }, { screening: true, mayEnrol: true }]) {
        const seq = (await city.chain.read(city.registry, "sequence")) + 1n;
        const mined = await update(fields);
        emits(mined, "DepartmentUpdated", eventOf(mined.args, { seq }));
        assert.deepEqual(await departmentOf(POLICE), { ...old, ...fields });
        await restore();
      }
    });

    it("is not for its own head to change: no right to enrol, no screening, no other supervisor", async () => {
      for (const fields of [{ mayEnrol: true }, { screening: true }, { competent: POLICE }, { competent: COUNTY }]) {
        await refuses(city.update(fields), "RoleMissing", noHead(DATA, POLICE_HEAD));
      }
    });

    it("lets it enrol from then on, and no longer when it is taken back", async () => {
      const enrol = (name: string): Promise<Mined> =>
        city.enrol(departmentId(`1113090000000PORT${name}`), keyNamed(`port ${name}`), POLICE_HEAD, { parent: POLICE, competent: POLICE });
      await refuses(enrol("1"), "EnrolmentNotAllowed", [POLICE]);
      await update({ mayEnrol: true });
      await enrol("1");
      await update({ mayEnrol: false });
      await refuses(enrol("2"), "EnrolmentNotAllowed", [POLICE]);
      assert.equal(await dependantsOf(POLICE), 1);
    });

    it("passes on only what its competent department has still", async () => {
      await county({ mayEnrol: false });
      const town = { department: TOWN, competent: COUNTY };
      await city.update({ ...town, mayEnrol: false }, COUNTY_HEAD);
      await refuses(city.update({ ...town, mayEnrol: true }, COUNTY_HEAD), "EnrolmentNotAllowed", [COUNTY]);
    });
  });

  describe("its competent department", () => {
    it("is replaced by the present one, which has no say from then on", async () => {
      const seq = (await city.chain.read(city.registry, "sequence")) + 1n;
      const mined = await update({ competent: COUNTY });
      emits(mined, "DepartmentUpdated", eventOf(mined.args, { seq }));
      assert.deepEqual(await city.chain.read(city.registry, "competentOf", [POLICE]), [COUNTY, false]);
      await refuses(update({ competent: DATA }), "RoleMissing", noHead(COUNTY, DATA_HEAD));
      await update({ competent: DATA }, COUNTY_HEAD);
      assert.deepEqual(await city.chain.read(city.registry, "competentOf", [POLICE]), [DATA, true]);
    });

    it("counts it among its own", async () => {
      assert.deepEqual([await dependantsOf(DATA), await dependantsOf(COUNTY)], [3, 1]);
      await update({ competent: COUNTY });
      assert.deepEqual([await dependantsOf(DATA), await dependantsOf(COUNTY)], [2, 2]);
      await update({ competent: DATA }, COUNTY_HEAD);
      assert.deepEqual([await dependantsOf(DATA), await dependantsOf(COUNTY)], [3, 1]);
    });

    it("is enrolled, active and may enrol", async () => {
      await refuses(update({ competent: NOWHERE }), "DepartmentUnknown", [NOWHERE]);
      await refuses(update({ competent: SCHOOL }), "EnrolmentNotAllowed", [SCHOOL]);
      await city.setStatus(COUNTY, DepartmentStatuses.SUSPENDED);
      await refuses(update({ competent: COUNTY }), "EnrolmentNotAllowed", [COUNTY]);
    });

    it("is not itself, and not under itself", async () => {
      await refuses(county({ competent: COUNTY, screening: true, department: TOWN }, DATA_HEAD), "RoleMissing", noHead(COUNTY, DATA_HEAD));
      await refuses(county({ competent: COUNTY }, DATA_HEAD), "CompetenceCircular", [COUNTY, COUNTY]);
      await refuses(county({ competent: TOWN }, DATA_HEAD), "CompetenceCircular", [COUNTY, TOWN]);
    });

    it("is no more than seven levels below the first", async () => {
      let above = { department: COUNTY, head: COUNTY_HEAD };
      for (const [level, one] of CHAIN.entries()) {
        const { department, head } = one;
        const fields = { parent: above.department, competent: above.department, mayEnrol: true };
        if (level === 7) {
          // The county is on level 1, so this would be on level 9.
          await refuses(city.enrol(department, head, above.head, fields), "CompetenceTooDeep", [department, above.department]);
          break;
        }
        await city.enrol(department, head, above.head, fields);
        above = one;
      }
      const [seventh, eighth] = [CHAIN[5]!, CHAIN[6]!];
      await refuses(update({ competent: eighth.department }), "CompetenceTooDeep", [POLICE, eighth.department]);
      await update({ competent: seventh.department });
      assert.deepEqual(await city.chain.read(city.registry, "competentOf", [POLICE]), [seventh.department, false]);
      // From the lowest level, the one common superior of two is found all the way up.
      const superior = (a: Hex, b: Hex): Promise<Hex> => city.chain.read(city.registry, "commonSuperiorOf", [a, b]);
      assert.equal(await superior(POLICE, SCHOOL), DATA);
      assert.equal(await superior(POLICE, eighth.department), seventh.department);
      // A circle that is longer than the way up may be is none the less refused.
      await refuses(county({ competent: eighth.department }, DATA_HEAD), "CompetenceCircular", [COUNTY, eighth.department]);
    });
  });

  describe("the first department", () => {
    const root = (fields: Fields, signer = DATA_HEAD): Promise<Mined> =>
      city.update({ department: DATA, screening: true, mayEnrol: true, ...fields }, signer);

    it("changes its own paper and its own screening", async () => {
      await root({});
      await root({ screening: false });
      assert.deepEqual(await city.chain.read(city.registry, "competentOf", [POLICE]), [DATA, false]);
    });

    it("keeps its competence and its right to enrol", async () => {
      await refuses(root({ competent: COUNTY }), "RootUnalterable", [DATA]);
      await refuses(root({ mayEnrol: false }), "RootUnalterable", [DATA]);
    });
  });

  it("is enrolled", async () => {
    await refuses(update({ department: NOWHERE }), "DepartmentUnknown", [NOWHERE]);
  });

  it("is refused once it is closed, and allowed while it is suspended, by its competent department alone", async () => {
    await city.setStatus(POLICE, DepartmentStatuses.SUSPENDED);
    await refuses(city.update(), "DepartmentNotActive", [POLICE, DepartmentStatuses.SUSPENDED]);
    await update({ screening: true });
    await city.setStatus(POLICE, DepartmentStatuses.CLOSED);
    const expected = [POLICE, DepartmentStatuses.CLOSED];
    await refuses(update({ screening: false }), "StatusUnsuitable", expected);
    await refuses(city.update({ screening: true }), "DepartmentNotActive", expected);
  });
}

/** What an enrolled department tries that wants more than it was given. */
export function describeShadowDepartment(): void {
  before(async () => {
    city = await City.enrolled();
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  const SHADOW = departmentId("11130900000SHADOW1");
  const SHADOW_HEAD = keyNamed("shadow head");
  const enrol = (fields: Fields, signer: Sm2Key): Promise<Mined> => city.enrol(SHADOW, SHADOW_HEAD, signer, fields);

  it("cannot be enrolled by a department that was not given the right", async () => {
    await refuses(enrol({ parent: SCHOOL, competent: SCHOOL }, SCHOOL_HEAD), "EnrolmentNotAllowed", [SCHOOL]);
    await refuses(enrol({}, SCHOOL_HEAD), "RoleMissing", noHead(DATA, SCHOOL_HEAD));
    await refuses(enrol({ parent: SHADOW, competent: SHADOW }, SCHOOL_HEAD), "RoleMissing", noHead(SHADOW, SCHOOL_HEAD));
  });

  it("cannot be hung under another's department", async () => {
    const fields = { parent: POLICE, competent: COUNTY };
    await refuses(enrol(fields, COUNTY_HEAD), "ParentNotUnder", [SHADOW, POLICE, COUNTY]);
  });

  it("cannot make itself: no department gives itself the right, or a supervisor it may choose", async () => {
    const own = { department: SCHOOL, competent: DATA };
    for (const fields of [{ mayEnrol: true }, { competent: SCHOOL, mayEnrol: true }, { competent: COUNTY }]) {
      await refuses(city.update({ ...own, ...fields }, SCHOOL_HEAD), "RoleMissing", noHead(DATA, SCHOOL_HEAD));
    }
  });

  it("is not helped by a head who is also a deputy elsewhere, unless that department may enrol", async () => {
    await city.grantRoles(POLICE, SCHOOL_HEAD.id, Roles.DEPARTMENT_HEAD, POLICE_HEAD);
    await refuses(enrol({ parent: POLICE, competent: POLICE }, SCHOOL_HEAD), "EnrolmentNotAllowed", [POLICE]);
  });
}

export function describeCommonSuperior(): void {
  before(async () => {
    city = await City.enrolled();
    await city.enrol(TOWN, TOWN_HEAD, COUNTY_HEAD, { parent: COUNTY, competent: COUNTY, mayEnrol: true });
    await city.enrol(VILLAGE, keyNamed("village head"), TOWN_HEAD, { parent: TOWN, competent: TOWN });
    await city.enrol(HAMLET, keyNamed("hamlet head"), COUNTY_HEAD, { parent: COUNTY, competent: COUNTY });
  });

  const VILLAGE = departmentId("111309220000VILLAG");
  const HAMLET = departmentId("111309220000HAMLET");

  it("is the lowest department competent for both, directly or further up, whichever is named first", async () => {
    for (const [a, b, expected] of [
      [POLICE, SCHOOL, DATA],
      [POLICE, POLICE, DATA],
      [TOWN, HAMLET, COUNTY],
      [VILLAGE, HAMLET, COUNTY],
      [VILLAGE, VILLAGE, TOWN],
      [VILLAGE, SCHOOL, DATA],
      // Who supervises one of the two is not thereby above itself.
      [VILLAGE, TOWN, COUNTY],
      [COUNTY, TOWN, DATA],
      [DATA, VILLAGE, DATA],
      [DATA, DATA, DATA],
    ] as const) {
      assert.equal(await city.chain.read(city.registry, "commonSuperiorOf", [a, b]), expected);
      assert.equal(await city.chain.read(city.registry, "commonSuperiorOf", [b, a]), expected);
    }
  });

  it("is that of enrolled departments", async () => {
    for (const pair of [[NOWHERE, POLICE], [POLICE, NOWHERE]]) {
      await refuses(city.chain.read(city.registry, "commonSuperiorOf", pair), "DepartmentUnknown", [NOWHERE]);
    }
  });
}
