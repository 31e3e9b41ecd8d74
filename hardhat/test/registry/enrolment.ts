// Departments come in by decision of their competent department, with their first head key.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { padHex, stringToHex, toHex, type Hex } from "viem";
import { emits, eventOf, possessionOf, refuses, ZERO, type Fields, type Mined } from "../harness/chain.ts";
import {
  City,
  COUNTY,
  COUNTY_HEAD,
  DATA,
  DATA_HEAD,
  departmentId,
  digest,
  MAX_TIME,
  personOf,
  POLICE,
  REVIEWER,
  SCHOOL,
  SCHOOL_HEAD,
} from "../harness/city.ts";
import { KeyKinds, Roles } from "../harness/enums.ts";
import { keyNamed } from "../harness/sm2.ts";
import { recordOf } from "./root.ts";

const PORT = departmentId("11130900000000PORT");
const PORT_HEAD = keyNamed("port head");

export function describeEnrolDepartment(): void {
  let city: City;
  let restore: () => Promise<void>;
  before(async () => {
    city = await City.enrolled();
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  const enrol = (fields: Fields = {}, signer = DATA_HEAD, department = PORT): Promise<Mined> =>
    city.enrol(department, PORT_HEAD, signer, fields);

  it("keeps the department as decided, and says everything in its event", async () => {
    const seq = (await city.chain.read(city.registry, "sequence")) + 1n;
    const mined = await enrol({ parent: POLICE, kind: 4, level: 2, screening: true });
    const added = { headKey: PORT_HEAD.id, ...possessionOf(mined.args), seq };
    emits(mined, "DepartmentEnrolled", eventOf(mined.args, added));
    assert.deepEqual(await city.chain.read(city.registry, "departmentOf", [PORT]), recordOf(mined.args[0] as Fields));
    assert.equal(await city.chain.read(city.registry, "sequence"), seq);
  });

  it("makes the first head key an officer's, for good, and department head", async () => {
    await enrol();
    assert.deepEqual(await city.chain.read(city.registry, "keyOf", [PORT_HEAD.id]), {
      holder: PORT,
      kind: KeyKinds.OFFICER,
      validFrom: 0n,
      validUntil: MAX_TIME,
      revokedAt: 0n,
      qx: PORT_HEAD.x,
      qy: PORT_HEAD.y,
      za: toHex(PORT_HEAD.za),
      person: personOf(PORT_HEAD),
    });
    const grant = { roles: Roles.DEPARTMENT_HEAD, validFrom: 0n, validUntil: MAX_TIME };
    assert.deepEqual(await city.chain.read(city.registry, "grantOf", [PORT, PORT_HEAD.id]), grant);
    assert.equal(await city.chain.read(city.registry, "rolesOf", [PORT, PORT_HEAD.id]), Roles.DEPARTMENT_HEAD);
    assert.equal(await city.chain.read(city.registry, "rolesOf", [DATA, PORT_HEAD.id]), 0);
  });

  it("leaves later keys to the department's own head", async () => {
    await enrol();
    await refuses(city.addKey(PORT, keyNamed("port office"), DATA_HEAD), "RoleMissing", [
      PORT,
      DATA_HEAD.id,
      Roles.DEPARTMENT_HEAD,
      0,
    ]);
    await city.addKey(PORT, keyNamed("port office"), PORT_HEAD);
  });

  it("can name a competent department other than the root, whose screening then counts", async () => {
    await enrol({ competent: COUNTY, parent: COUNTY }, COUNTY_HEAD);
    assert.deepEqual(await city.chain.read(city.registry, "competentOf", [PORT]), [COUNTY, false]);
    assert.deepEqual(await city.chain.read(city.registry, "competentOf", [COUNTY]), [DATA, true]);
  });

  describe("who signs", () => {
    const missing = (competent: Hex, key: Hex, held: number): unknown[] => [competent, key, Roles.DEPARTMENT_HEAD, held];

    it("is a head of the competent department, not of the parent", async () => {
      await refuses(enrol({ parent: COUNTY }, COUNTY_HEAD), "RoleMissing", missing(DATA, COUNTY_HEAD.id, 0));
    });

    it("is not an officer of the competent department in another role", async () => {
      await refuses(enrol({}, REVIEWER), "RoleMissing", missing(DATA, REVIEWER.id, Roles.REVIEWER));
    });

    it("may be a deputy whose key another department holds", async () => {
      await city.grantRoles(DATA, COUNTY_HEAD.id, Roles.DEPARTMENT_HEAD, DATA_HEAD);
      assert.equal((await enrol({}, COUNTY_HEAD)).events[0]?.args.signingKey, COUNTY_HEAD.id);
    });

    it("is nobody where the competent department is not enrolled, not even itself", async () => {
      await refuses(enrol({ competent: PORT }), "RoleMissing", missing(PORT, DATA_HEAD.id, 0));
      await refuses(enrol({ competent: PORT }, PORT_HEAD), "KeyUnknown", [PORT_HEAD.id]);
    });
  });

  describe("the first head key", () => {
    it("is given once", async () => {
      await enrol();
      const again = city.enrol(PORT, keyNamed("another port head"), DATA_HEAD);
      await refuses(again, "DepartmentAlreadyEnrolled", [PORT]);
    });

    it("has no other use already", async () => {
      await refuses(city.enrol(PORT, SCHOOL_HEAD, DATA_HEAD), "KeyAlreadyRegistered", [SCHOOL_HEAD.id]);
    });

    it("is a point of the curve", async () => {
      const { x, y } = PORT_HEAD;
      await refuses(enrol({ headY: y + 1n }), "KeyNotOnCurve", [x, y + 1n]);
    });

    it("is shown to be in its owner's hands: another key's signature does not do", async () => {
      const twist = { possession: DATA_HEAD };
      const message = city.enrolMessage(PORT, PORT_HEAD);
      const args = city.chain.sign(city.registry, "enrolDepartment", message, DATA_HEAD, twist);
      const { possessionR, possessionS } = possessionOf(args);
      const expected = [PORT_HEAD.id, possessionR, possessionS];
      await refuses(city.chain.send(city.registry, "enrolDepartment", args), "PossessionRefused", expected);
    });

    it("is shown to be so for this decision: its signature over another does not do", async () => {
      const sign = (): unknown[] =>
        city.chain.sign(city.registry, "enrolDepartment", city.enrolMessage(PORT, PORT_HEAD), DATA_HEAD, {
          possession: PORT_HEAD,
        });
      const [[, , earlier], [decision, signature]] = [sign(), sign()];
      const { r, s } = earlier as Fields;
      const args = [decision, signature, earlier];
      await refuses(city.chain.send(city.registry, "enrolDepartment", args), "PossessionRefused", [PORT_HEAD.id, r, s]);
    });
  });

  describe("the department's id", () => {
    const refusesCode = async (code: Hex): Promise<void> =>
      refuses(enrol({}, DATA_HEAD, code), "DepartmentCodeMalformed", [code]);

    it("is 18 digits and capital letters", async () => {
      for (const code of ["0123456789ABCDEFGH", "ZZZZZZZZZZZZZZZZZZ"]) {
        await enrol({}, DATA_HEAD, departmentId(code));
        await restore();
      }
    });

    it("has no other character in any place", async () => {
      // The neighbours of 0, 9, A and Z in ASCII, then what people write.
      for (const wrong of ["/", ":", "@", "[", "a", " ", "\n", "\0", "é"]) {
        for (const place of [0, 9, 17]) {
          const code = "11130900000000PORT".split("");
          code[place] = wrong;
          await refusesCode(padHex(stringToHex(code.join("")), { size: 32, dir: "right" }));
        }
      }
    });

    it("has nothing after the 18th character", async () => {
      await refusesCode(departmentId("11130900000000PORT0"));
      await refusesCode(`${PORT.slice(0, -1)}1` as Hex);
    });

    it("is not nothing", async () => {
      await refusesCode(ZERO);
    });
  });

  describe("what is said of it", () => {
    it("has a kind from 1 to 5", async () => {
      for (const kind of [1, 2, 3, 4, 5]) {
        await enrol({ kind });
        assert.equal((await city.chain.read(city.registry, "departmentOf", [PORT])).kind, kind);
        await restore();
      }
      for (const kind of [0, 6, 255]) await refuses(enrol({ kind }), "DepartmentKindInvalid", [kind]);
    });

    it("has a level from 1 to 5", async () => {
      for (const level of [1, 2, 3, 4, 5]) {
        await enrol({ level });
        assert.equal((await city.chain.read(city.registry, "departmentOf", [PORT])).level, level);
        await restore();
      }
      for (const level of [0, 6, 255]) await refuses(enrol({ level }), "LevelInvalid", [level]);
    });

    it("has as its parent the competent department, or one directly under that", async () => {
      for (const parent of [DATA, POLICE, COUNTY]) {
        await enrol({ parent });
        assert.equal((await city.chain.read(city.registry, "departmentOf", [PORT])).parent, parent);
        await restore();
      }
      const [competent, signer] = [COUNTY, COUNTY_HEAD];
      for (const parent of [DATA, POLICE, departmentId("111309000000NOBODY")]) {
        await refuses(enrol({ parent, competent }, signer), "ParentNotUnder", [PORT, parent, COUNTY]);
      }
    });

    it("is not its own parent", async () => {
      await refuses(enrol({ parent: PORT }), "ParentNotUnder", [PORT, PORT, DATA]);
    });
  });

  it("leaves the department unknown when it is refused, and the nonce free", async () => {
    await refuses(enrol({ nonce: 500n, level: 9 }), "LevelInvalid", [9]);
    await refuses(city.chain.read(city.registry, "departmentOf", [PORT]), "DepartmentUnknown", [PORT]);
    await refuses(city.chain.read(city.registry, "competentOf", [PORT]), "DepartmentUnknown", [PORT]);
    await refuses(city.chain.read(city.registry, "keyOf", [PORT_HEAD.id]), "KeyUnknown", [PORT_HEAD.id]);
    assert.equal(await city.chain.read(city.registry, "rolesOf", [PORT, PORT_HEAD.id]), 0);
    await enrol({ nonce: 500n, digest: digest("department, mended") });
    assert.equal(await city.chain.read(city.registry, "isSpent", [DATA_HEAD.id, 500n]), true);
  });

  it("has nothing to do with the departments that were there before", async () => {
    const old = await city.chain.read(city.registry, "departmentOf", [SCHOOL]);
    await enrol({ parent: SCHOOL });
    assert.deepEqual(await city.chain.read(city.registry, "departmentOf", [SCHOOL]), old);
    assert.equal(await city.chain.read(city.registry, "rootDepartment"), DATA);
  });
}
