// What is pinned at deployment, and the one decision that the pinned key takes.
import assert from "node:assert/strict";
import { before, beforeEach, it } from "node:test";
import { getAddress } from "viem";
import { emits, eventOf, possessionOf, refuses, ZERO, type Fields, type Mined } from "../harness/chain.ts";
import { City, DATA, DATA_HEAD, POLICE, POLICE_HEAD, ROOT } from "../harness/city.ts";
import { DepartmentStatuses } from "../harness/enums.ts";

/** What `departmentOf` says after an enrolment. */
export function recordOf(message: Fields): Fields {
  const { parent, competent, kind, level, screening, mayEnrol } = message;
  return { parent, competent, kind, level, status: DepartmentStatuses.ACTIVE, screening, mayEnrol, dependants: 0 };
}

export function describeConstructor(): void {
  let city: City;
  before(async () => {
    city = await City.deployed();
  });

  it("pins the root key and the verifier, and nothing else", async () => {
    assert.deepEqual(await city.chain.read(city.registry, "rootKey"), [ROOT.x, ROOT.y]);
    assert.equal(await city.chain.read(city.registry, "verifier"), getAddress(city.verifier.address));
    assert.equal(await city.chain.read(city.registry, "rootDepartment"), ZERO);
    assert.equal(await city.chain.read(city.registry, "sequence"), 0n);
    await refuses(city.chain.read(city.registry, "keyOf", [ROOT.id]), "KeyUnknown", [ROOT.id]);
  });

  it("refuses a root key that is no point of the curve", async () => {
    const args = [city.verifier.address, ROOT.x, ROOT.y + 1n];
    await refuses(city.chain.deploy("DepartmentRegistry", args), "KeyNotOnCurve", [ROOT.x, ROOT.y + 1n]);
  });
}

export function describeFirstEnrolment(): void {
  let city: City;
  let restore: () => Promise<void>;
  before(async () => {
    city = await City.deployed();
    restore = await city.chain.snapshot();
  });
  beforeEach(() => restore());

  const first = (fields: Fields = {}, signer = ROOT): Promise<Mined> =>
    city.enrol(DATA, DATA_HEAD, signer, { parent: DATA, mayEnrol: true, ...fields });

  it("is the root department's, its own parent and competent department", async () => {
    const mined = await first({ screening: true });
    const added = { headKey: DATA_HEAD.id, ...possessionOf(mined.args), seq: 1n };
    emits(mined, "DepartmentEnrolled", eventOf(mined.args, added));
    assert.equal(await city.chain.read(city.registry, "rootDepartment"), DATA);
    assert.deepEqual(await city.chain.read(city.registry, "departmentOf", [DATA]), recordOf(mined.args[0] as Fields));
    assert.deepEqual(await city.chain.read(city.registry, "competentOf", [DATA]), [DATA, true]);
  });

  it("names no other parent", async () => {
    await refuses(first({ parent: POLICE }), "RootNotItsOwn", [DATA, POLICE, DATA]);
  });

  it("names no other competent department", async () => {
    await refuses(first({ competent: POLICE }), "RootNotItsOwn", [DATA, DATA, POLICE]);
  });

  it("may enrol: if it might not, nobody could ever", async () => {
    await refuses(first({ mayEnrol: false }), "RootMustEnrol", [DATA]);
  });

  it("is signed by the root key, not by the key that it brings in", async () => {
    await refuses(first({}, DATA_HEAD), "RootKeyRequired", [ROOT.id, DATA_HEAD.id]);
  });

  it("is signed by the root key itself, not only in its name", async () => {
    const message = city.enrolMessage(DATA, DATA_HEAD, { parent: DATA, mayEnrol: true });
    const twist = { key: ROOT.id, possession: DATA_HEAD };
    const args = city.chain.sign(city.registry, "enrolDepartment", message, DATA_HEAD, twist);
    const [decision, { r, s }] = args as [Fields, Fields];
    const expected = [ROOT.id, city.chain.hash(city.registry, "enrolDepartment", decision), r, s];
    await refuses(city.chain.send(city.registry, "enrolDepartment", args), "SignatureRefused", expected);
  });

  it("is still open after refusals", async () => {
    await refuses(first({ kind: 0 }), "DepartmentKindInvalid", [0]);
    assert.equal(await city.chain.read(city.registry, "rootDepartment"), ZERO);
    assert.equal((await first()).events[0]?.args.seq, 1n);
  });

  it("is all the root key decides", async () => {
    await first();
    await refuses(city.enrol(POLICE, POLICE_HEAD, ROOT), "KeyUnknown", [ROOT.id]);
    const itsOwn = { parent: POLICE, competent: POLICE };
    await refuses(city.enrol(POLICE, POLICE_HEAD, ROOT, itsOwn), "KeyUnknown", [ROOT.id]);
    const listing = { name: ZERO, contractAddress: city.verifier.address, codeHash: ZERO };
    await refuses(city.listContract(ROOT, listing), "KeyUnknown", [ROOT.id]);
  });
}
