// Applications of departments, and the contracts in force.
import assert from "node:assert/strict";
import { before, beforeEach, describe, it } from "node:test";
import { getAddress, keccak256, padHex, stringToHex, type Hex } from "viem";
import { emits, eventOf, refuses, ZERO, type Mined } from "../harness/chain.ts";
import {
  City,
  COUNTY_HEAD,
  DATA,
  DATA_HEAD,
  departmentId,
  idOf,
  POLICE,
  POLICE_OFFICE,
  REVIEWER,
  SCHOOL,
  SCHOOL_HEAD,
  SCHOOL_OFFICE,
} from "../harness/city.ts";
import { Roles } from "../harness/enums.ts";
import type { Sm2Key } from "../harness/sm2.ts";

let city: City;

export function describeApplications(): void {
  let restore: () => Promise<void>;
  before(async () => {
    city = await City.enrolled();
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  describe("registerApplication", describeRegisterApplication);
  describe("listContract", describeListContract);
}

function describeRegisterApplication(): void {
  const applicationOf = (application: Hex): Promise<Hex> =>
    city.chain.read(city.registry, "applicationOf", [application]);

  it("makes the application's id of department and code, and says everything in its event", async () => {
    const seq = (await city.chain.read(city.registry, "sequence")) + 1n;
    const mined = await city.registerApplication(SCHOOL, "GRADES", SCHOOL_OFFICE);
    emits(mined, "ApplicationRegistered", eventOf(mined.args, { application: idOf(SCHOOL, "GRADES"), seq }));
    assert.equal(await applicationOf(idOf(SCHOOL, "GRADES")), SCHOOL);
  });

  it("keeps two departments' applications of one code apart", async () => {
    await city.registerApplication(SCHOOL, "GRADES", SCHOOL_OFFICE);
    await city.registerApplication(POLICE, "GRADES", POLICE_OFFICE);
    assert.equal(await applicationOf(idOf(SCHOOL, "GRADES")), SCHOOL);
    assert.equal(await applicationOf(idOf(POLICE, "GRADES")), POLICE);
  });

  it("happens once for a code", async () => {
    const again = city.registerApplication(SCHOOL, "ZHSX", SCHOOL_OFFICE);
    await refuses(again, "ApplicationAlreadyRegistered", [idOf(SCHOOL, "ZHSX")]);
  });

  it("is signed by an office head of the department, no other officer or department", async () => {
    const missing = (key: Sm2Key, held: number): unknown[] => [SCHOOL, key.id, Roles.OFFICE_HEAD, held];
    const register = (signer: Sm2Key): Promise<Mined> => city.registerApplication(SCHOOL, "GRADES", signer);
    await refuses(register(SCHOOL_HEAD), "RoleMissing", missing(SCHOOL_HEAD, Roles.DEPARTMENT_HEAD));
    await refuses(register(POLICE_OFFICE), "RoleMissing", missing(POLICE_OFFICE, 0));
    await refuses(register(DATA_HEAD), "RoleMissing", missing(DATA_HEAD, 0));
  });

  it("may be signed by a deputy whose key another department holds", async () => {
    await city.grantRoles(SCHOOL, REVIEWER.id, Roles.OFFICE_HEAD, SCHOOL_HEAD);
    await city.registerApplication(SCHOOL, "GRADES", REVIEWER);
    assert.equal(await applicationOf(idOf(SCHOOL, "GRADES")), SCHOOL);
  });

  it("needs a department that is enrolled", async () => {
    const nowhere = departmentId("111309000000NOBODY");
    const expected = [nowhere, SCHOOL_OFFICE.id, Roles.OFFICE_HEAD, 0];
    await refuses(city.registerApplication(nowhere, "GRADES", SCHOOL_OFFICE), "RoleMissing", expected);
  });

  it("leaves other applications unknown", async () => {
    const other = idOf(SCHOOL, "NEVER");
    await refuses(applicationOf(other), "ApplicationUnknown", [other]);
  });
}

function describeListContract(): void {
  const NAME = padHex(stringToHex("ShareAuthorisations"), { size: 32, dir: "right" });
  const codeHashOf = async (address: Hex): Promise<Hex> =>
    keccak256(await city.chain.request("eth_getCode", [address, "latest"]));
  const list = async (contractAddress: Hex, expected?: Hex, signer = DATA_HEAD): Promise<Mined> => {
    const codeHash = expected ?? (await codeHashOf(contractAddress));
    return city.listContract(signer, { name: NAME, contractAddress, codeHash });
  };
  const inForce = (name: Hex): Promise<Hex> => city.chain.read(city.registry, "contractNamed", [name]);

  it("puts a contract in force under a name, and says everything in its event", async () => {
    const seq = (await city.chain.read(city.registry, "sequence")) + 1n;
    const mined = await list(getAddress(city.authorisations.address));
    emits(mined, "ContractListed", eventOf(mined.args, { seq }));
    assert.equal(await inForce(NAME), getAddress(city.authorisations.address));
  });

  it("does so for good: a name is not listed again, with another contract or the same", async () => {
    await list(city.authorisations.address);
    for (const { address } of [city.anchors, city.authorisations]) {
      const expected = [NAME, getAddress(city.authorisations.address)];
      await refuses(list(address), "ContractAlreadyListed", expected);
      await refuses(list(address, ZERO), "ContractAlreadyListed", expected);
    }
    assert.equal(await inForce(NAME), getAddress(city.authorisations.address));
  });

  it("leaves other names free, and one contract may have two", async () => {
    await list(city.authorisations.address);
    const other = padHex(stringToHex("CatalogueRegistry"), { size: 32, dir: "right" });
    const { address } = city.authorisations;
    await city.listContract(DATA_HEAD, { name: other, contractAddress: address, codeHash: await codeHashOf(address) });
    assert.equal(await inForce(other), getAddress(address));
  });

  it("finds the code that the decision says", async () => {
    const { address } = city.authorisations;
    const [expected, actual] = [await codeHashOf(city.anchors.address), await codeHashOf(address)];
    await refuses(list(address, expected), "ContractCodeMismatch", [getAddress(address), expected, actual]);
  });

  it("finds code at all: no account, used or not, is a contract", async () => {
    const empty = keccak256("0x");
    const account = getAddress(city.chain.account);
    await refuses(list(account, empty), "ContractCodeMismatch", [account, empty, empty]);
    const unused = getAddress(`0x${"5".repeat(40)}`);
    await refuses(list(unused, ZERO), "ContractCodeMismatch", [unused, ZERO, ZERO]);
  });

  it("is signed by a head of the root department, no other officer or department", async () => {
    const { address } = city.authorisations;
    const missing = (key: Sm2Key, held: number): unknown[] => [DATA, key.id, Roles.DEPARTMENT_HEAD, held];
    await refuses(list(address, undefined, REVIEWER), "RoleMissing", missing(REVIEWER, Roles.REVIEWER));
    await refuses(list(address, undefined, COUNTY_HEAD), "RoleMissing", missing(COUNTY_HEAD, 0));
  });

  it("may be signed by a deputy whose key another department holds", async () => {
    await city.grantRoles(DATA, COUNTY_HEAD.id, Roles.DEPARTMENT_HEAD, DATA_HEAD);
    await list(city.authorisations.address, undefined, COUNTY_HEAD);
    assert.equal(await inForce(NAME), getAddress(city.authorisations.address));
  });

  it("is nobody's before the first enrolment", async () => {
    const fresh = await City.deployed();
    const codeHash = await codeHashOf(city.anchors.address);
    const listing = { name: NAME, contractAddress: fresh.anchors.address, codeHash };
    await refuses(fresh.listContract(DATA_HEAD, listing), "KeyUnknown", [DATA_HEAD.id]);
  });

  it("leaves other names without a contract", async () => {
    await refuses(inForce(ZERO), "ContractUnknown", [ZERO]);
  });
}
