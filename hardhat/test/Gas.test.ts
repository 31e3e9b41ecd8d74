// What every decision and an anchor cost, to the unit, against snapshots/gas.json (`make gas` writes it anew).
//
// Each decision has a nonce and a last second of its own, so that its signature, and with it the steps of SM2, depend
// on nothing that was decided before it. A nonce opens a fresh word of the bitmap, as the nodes' random nonces do.
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { before, describe, it } from "node:test";
import { keccak256, padHex, stringToHex } from "viem";
import { artifactOf, DAY, START, ZERO, type Deployed, type Fields } from "./harness/chain.ts";
import {
  APPLICATION,
  City,
  COUNTY,
  COUNTY_HEAD,
  DATA,
  DATA_HEAD,
  digest,
  idOf,
  POLICE,
  POLICE_DUTY,
  POLICE_HEAD,
  POLICE_OFFICE,
  REVIEWER,
  ROOT,
  SCHOOL,
  SCHOOL_HEAD,
  SCHOOL_OFFICE,
  textHash,
} from "./harness/city.ts";
import { AuthorisationStates, DepartmentStatuses, KeyKinds, Roles, ShareTypes, Steps } from "./harness/enums.ts";
import { checkpoint } from "./anchors/checkpoints.ts";
import { Tree } from "./harness/merkle.ts";
import { keyNamed, type Sm2Key } from "./harness/sm2.ts";

const SNAPSHOT = new URL("../snapshots/gas.json", import.meta.url);

type Figures = Record<string, Record<string, number>>;

/**
 * Most that one decision of each function may cost; what is not named here, `OTHER`. Many at once are not limited. A key
 * is registered with a second signature, and a split is shown with two.
 */
const LIMITS: Record<string, number> = {
  enrolDepartment: 1_100_000,
  addKey: 1_100_000,
  recoverKey: 1_100_000,
  freeze: 660_000,
  applyFor: 560_000,
  anchor: 65_000,
};
const OTHER = 440_000;
const MANY = ": 10 at once";

/** Plays the decisions on one city and keeps what each costs. */
class Meter {
  readonly figures: Figures = {};
  readonly #city: City;

  constructor(city: City) {
    this.#city = city;
  }

  /** Sign and send a decision; `label` is the function, or "<function>: <what of it>". */
  async decide(target: Deployed, label: string, message: Fields, signer: Sm2Key, possession?: Sm2Key): Promise<void> {
    const nonce = BigInt(keccak256(stringToHex(`${target.name}.${label}`))) >> 192n;
    const decision = { ...message, nonce, notAfter: START + 5n * DAY };
    const twist = possession === undefined ? {} : { possession };
    const { gas } = await this.#city.chain.decide(target, nameOf(label), decision, signer, twist);
    this.#keep(target, label, gas);
  }

  async send(target: Deployed, label: string, args: readonly unknown[]): Promise<void> {
    this.#keep(target, label, (await this.#city.chain.send(target, nameOf(label), args)).gas);
  }

  #keep({ name }: Deployed, label: string, gas: number): void {
    (this.figures[name] ??= {})[label] = gas;
  }
}

/** The function a label speaks of. */
function nameOf(label: string): string {
  return label.split(":")[0]!;
}

const TEN = Array.from({ length: 10 }, (_, i) => `TEN${i}`);

/** A city with nobody in it but the root department, whose enrolment is the first figure. */
async function foundedCity(): Promise<[City, Meter]> {
  const city = await City.deployed();
  const meter = new Meter(city);
  const root = city.enrolMessage(DATA, DATA_HEAD, { parent: DATA, screening: true, mayEnrol: true });
  await meter.decide(city.registry, "enrolDepartment: the root", root, ROOT, DATA_HEAD);
  return [city, meter];
}

async function measureRegistry(city: City, meter: Meter): Promise<void> {
  const period = { validFrom: START, validUntil: START + 365n * DAY };
  const police = city.enrolMessage(POLICE, POLICE_HEAD);
  await meter.decide(city.registry, "enrolDepartment", police, DATA_HEAD, POLICE_HEAD);
  await city.enrol(SCHOOL, SCHOOL_HEAD, DATA_HEAD);
  const office = city.addKeyMessage(POLICE, POLICE_OFFICE);
  await meter.decide(city.registry, "addKey", office, POLICE_HEAD, POLICE_OFFICE);
  const [recovered, { registry }] = [keyNamed("recovered"), city];
  await meter.decide(registry, "recoverKey", city.recoverMessage(POLICE, recovered), DATA_HEAD, recovered);
  await meter.decide(registry, "updateDepartment: its paper", city.updateMessage(), POLICE_HEAD);
  await city.enrol(COUNTY, COUNTY_HEAD, DATA_HEAD, { mayEnrol: true });
  const moved = city.updateMessage({ competent: COUNTY, mayEnrol: true });
  await meter.decide(registry, "updateDepartment: under another", moved, DATA_HEAD);
  await city.update({ competent: DATA }, COUNTY_HEAD);
  const status = { department: COUNTY, digest: digest("order") };
  const { SUSPENDED, CLOSED } = DepartmentStatuses;
  await meter.decide(registry, "setDepartmentStatus: suspended", { ...status, status: SUSPENDED }, DATA_HEAD);
  await meter.decide(registry, "setDepartmentStatus: closed", { ...status, status: CLOSED }, DATA_HEAD);
  const grant = { department: POLICE, key: POLICE_OFFICE.id, roles: Roles.OFFICE_HEAD, ...period };
  await meter.decide(city.registry, "grantRoles", { ...grant, digest: digest("roles") }, POLICE_HEAD);
  await city.officer(DATA, REVIEWER, DATA_HEAD, Roles.REVIEWER);
  await city.officer(POLICE, POLICE_DUTY, POLICE_HEAD, Roles.DUTY_OFFICER);
  await city.officer(SCHOOL, SCHOOL_OFFICE, SCHOOL_HEAD, Roles.OFFICE_HEAD);
  const application = { department: SCHOOL, codeHash: textHash("ZHSX"), digest: digest("application object") };
  await meter.decide(city.registry, "registerApplication", application, SCHOOL_OFFICE);
  const lost = keyNamed("lost");
  await city.addKey(APPLICATION, lost, SCHOOL_HEAD, { kind: KeyKinds.APPLICATION });
  await meter.decide(city.registry, "revokeKey", { key: lost.id, digest: digest("revocation") }, SCHOOL_HEAD);
  // A contract whose code does not change when ours does: one STOP.
  const { address } = await city.chain.deploy("Stop", [], { abi: [], bytecode: "0x6001600c60003960016000f300" });
  const name = padHex(stringToHex("ShareAuthorisations"), { size: 32, dir: "right" });
  const listing = { name, contractAddress: address, codeHash: keccak256("0x00") };
  await meter.decide(city.registry, "listContract", listing, DATA_HEAD);
}

async function measureCatalogue(city: City, meter: Meter): Promise<void> {
  const submit = (label: string, versions: Fields[]): Promise<void> =>
    meter.decide(city.catalogue, label, { department: POLICE, versions }, POLICE_HEAD);
  const review = (label: string, reviews: Fields[]): Promise<void> =>
    meter.decide(city.catalogue, label, { reviews, digest: digest("review") }, REVIEWER);
  await submit("submitVersions", [city.version("R1")]);
  await submit(`submitVersions${MANY}`, TEN.map((code) => city.version(code)));
  await review("reviewVersions", [city.review("R1")]);
  await review(`reviewVersions${MANY}`, TEN.map((code) => city.review(code)));
  await submit("submitVersions: the next", [city.version("R1", 2)]);
  await review("reviewVersions: the next, returned", [city.review("R1", 2, false)]);
  for (const code of ["W1", ...TEN.map((one) => `W${one}`)]) await city.publish(code, ShareTypes.CONDITIONAL);
  await measureWithdrawals(city, meter);
  const order = { entry: idOf(POLICE, "R1"), digest: digest("order") };
  await meter.decide(city.catalogue, "freezeEntry", order, DATA_HEAD);
  await meter.decide(city.catalogue, "unfreezeEntry", order, DATA_HEAD);
  await city.publish("OPEN", ShareTypes.UNCONDITIONAL);
  const standing = { entry: idOf(POLICE, "OPEN"), standing: true, callsPerDay: 500, rowsPerDay: 50_000 };
  await meter.decide(city.catalogue, "setStandingReply", { ...standing, terms: digest("terms") }, POLICE_OFFICE);
}

async function measureWithdrawals(city: City, meter: Meter): Promise<void> {
  const ten = TEN.map((code) => `W${code}`);
  for (const [label, codes] of [["", ["W1"]], [MANY, ten]] as const) {
    const withdrawals = codes.map((code) => ({ entry: idOf(POLICE, code), version: 1 }));
    const message = { department: POLICE, withdrawals, digest: digest("withdrawal") };
    await meter.decide(city.catalogue, `submitWithdrawal${label}`, message, POLICE_HEAD);
    const reviews = codes.map((code) => city.withdrawalReview(code));
    await meter.decide(city.catalogue, `reviewWithdrawal${label}`, { reviews, digest: digest("review") }, REVIEWER);
  }
}

async function measureAuthorisations(city: City, meter: Meter): Promise<void> {
  const target = city.authorisations;
  const apply = (label: string, codes: string[]): Promise<void> => {
    const applications = codes.map((code) => city.application(code));
    return meter.decide(target, label, { department: SCHOOL, applications }, SCHOOL_OFFICE);
  };
  await apply("applyFor", ["R1"]);
  await apply("applyFor: agreed to beforehand", ["OPEN"]);
  await apply("applyFor: agreed to beforehand, once more", ["OPEN"]);
  await apply(`applyFor${MANY}`, TEN);
  let subject = digest("application");
  const step = async (label: string, number: number, signer: Sm2Key, fields: Fields = {}): Promise<void> => {
    const isProtective = [Steps.SUSPEND, Steps.TAKE_OVER].includes(number);
    const paper = { digest: digest(label), ...fields };
    const message = city.stepMessage(1n, number, isProtective ? ZERO : subject, paper);
    await meter.decide(target, `advance: ${label}`, message, signer);
    if (!isProtective) subject = digest(label);
  };
  const change = async (label: string, number: number, signer: Sm2Key): Promise<void> => {
    const message = city.changeMessage(1n, number, subject, { digest: digest(label) });
    await meter.decide(target, `change: ${label}`, message, signer);
    subject = digest(label);
  };
  /** Propose once more, to be measured no more. */
  const reopen = (): Promise<unknown> => city.change(1n, Steps.PROPOSE_CHANGE, subject, SCHOOL_OFFICE, { digest: subject });
  await step("request a supplement", Steps.REQUEST_SUPPLEMENT, REVIEWER);
  await step("supplement", Steps.SUPPLEMENT, SCHOOL_OFFICE);
  await step("pass", Steps.PASS, REVIEWER);
  await step("request an extension", Steps.REQUEST_EXTENSION, POLICE_OFFICE);
  await step("grant an extension", Steps.GRANT_EXTENSION, DATA_HEAD);
  await meter.decide(target, "reply", city.replyMessage(1n, { subject }), POLICE_OFFICE);
  subject = digest("reply");
  await step("deliver", Steps.DELIVER, POLICE_OFFICE);
  await step("confirm", Steps.CONFIRM, SCHOOL_OFFICE);
  await step("suspend, by the competent department", Steps.SUSPEND, DATA_HEAD);
  await step("rectify", Steps.RECTIFY, SCHOOL_OFFICE);
  await step("resume", Steps.RESUME, DATA_HEAD);
  await step("end the service", Steps.END_SERVICE, POLICE_OFFICE, { effective: START + 60n * DAY });
  await change("propose", Steps.PROPOSE_CHANGE, SCHOOL_OFFICE);
  await step("reject a change", Steps.REJECT_CHANGE, POLICE_OFFICE);
  await reopen();
  await step("suspend, by a duty officer, with a change open", Steps.SUSPEND, POLICE_DUTY);
  await step("take over", Steps.TAKE_OVER, DATA_HEAD);
  await step("rule a dispute", Steps.RULE_DISPUTE, DATA_HEAD, { outcome: AuthorisationStates.ACTIVE });
  await reopen();
  await change("accept", Steps.ACCEPT_CHANGE, POLICE_OFFICE);
  const second = { revision: 2 };
  await step("finish", Steps.FINISH, SCHOOL_OFFICE, second);
  await step("report the disposal", Steps.REPORT_DISPOSAL, SCHOOL_OFFICE, second);
  await step("dispute the disposal", Steps.DISPUTE_DISPOSAL, POLICE_OFFICE, second);
  await city.step(1n, Steps.REPORT_DISPOSAL, subject, SCHOOL_OFFICE, { ...second, digest: subject });
  await step("accept the disposal", Steps.ACCEPT_DISPOSAL, POLICE_OFFICE, second);
  const withdraw = city.stepMessage(3n, Steps.WITHDRAW, digest("application"), { digest: digest("withdrawal") });
  await meter.decide(target, "advance: withdraw", withdraw, SCHOOL_OFFICE);
  const suspend = city.stepMessage(2n, Steps.SUSPEND, ZERO, { digest: ZERO });
  await meter.decide(target, "advance: suspend, without a paper", suspend, POLICE_OFFICE);
  const terminate = city.stepMessage(2n, Steps.TERMINATE_FOR_CAUSE, ZERO, { digest: digest("terminate") });
  await meter.decide(target, "advance: terminate for cause", terminate, POLICE_OFFICE);
}

async function measureAnchors(city: City, meter: Meter): Promise<void> {
  const registration = { department: POLICE, relay: city.chain.account };
  await meter.decide(city.anchors, "registerLog", registration, POLICE_HEAD);
  const log = await city.chain.read(city.anchors, "logOf", [POLICE]);
  // Odd sizes have longer proofs than even ones; no log of up to 100,000 leaves costs more than one of 98,303 at first.
  const sizes = [0, 19_503, 20_003, 98_303, 99_303, 999_503, 1_000_003];
  const tree = Tree.of(sizes);
  const labels = new Map([
    [19_503, "anchor: the first"],
    [20_003, "anchor: 500 leaves to make a log of 20,003"],
    [99_303, "anchor: 1,000 leaves to make a log of 99,303"],
    [1_000_003, "anchor: 500 leaves to make a log of 1,000,003"],
  ]);
  for (const [i, size] of sizes.slice(1).entries()) {
    const old = sizes[i]!;
    const root = tree.root(size);
    const args = [log, BigInt(old), BigInt(size), root, digest("checkpoint"), tree.consistencyProof(old, size)];
    const label = labels.get(size);
    if (label === undefined) await city.chain.send(city.anchors, "anchor", args);
    else await meter.send(city.anchors, label, args);
  }
  const key = keyNamed("police checkpoints");
  await city.addKey(POLICE, key, POLICE_HEAD, { kind: KeyKinds.DEPARTMENT });
  const origin = await city.chain.read(city.anchors, "originOf", [POLICE]);
  const [first, second] = [digest("one history"), digest("another history")].map((root) => checkpoint(key, origin, 5n, root));
  await meter.send(city.anchors, "freeze", [POLICE, log, 5n, first, second]);
  const succession = { department: POLICE, relay: city.chain.account, digest: digest("succession") };
  await meter.decide(city.anchors, "supersedeLog", succession, POLICE_HEAD);
}

describe("gas", () => {
  let figures: Figures;
  before(async () => {
    const [city, meter] = await foundedCity();
    await measureRegistry(city, meter);
    await measureCatalogue(city, meter);
    await measureAuthorisations(city, meter);
    await measureAnchors(city, meter);
    figures = meter.figures;
    if (process.env.SHARELEDGER_WRITE_GAS === "1") writeFileSync(SNAPSHOT, `${JSON.stringify(figures, null, 2)}\n`);
  });

  it("is what the snapshot says, to the unit (where a change is meant: make gas)", () => {
    assert.deepEqual(figures, JSON.parse(readFileSync(SNAPSHOT, "utf8")));
  });

  it("is known for every decision, and for anchoring", () => {
    for (const [contract, labels] of Object.entries(figures)) {
      const costing = artifactOf(contract).abi.flatMap((item) =>
        item.type === "function" && item.stateMutability === "nonpayable" ? [item.name] : [],
      );
      assert.deepEqual(new Set(Object.keys(labels).map(nameOf)), new Set(costing), contract);
    }
  });

  it("stays within what one decision may cost", () => {
    const over = Object.entries(figures).flatMap(([contract, labels]) =>
      Object.entries(labels)
        .filter(([label, gas]) => !label.endsWith(MANY) && gas > (LIMITS[nameOf(label)] ?? OTHER))
        .map(([label, gas]) => `${contract}.${label}: ${gas}`),
    );
    assert.deepEqual(over, []);
  });
});
