// A small city: the contracts, four departments and their officers, an application, and decisions with usual contents.
import { encodeAbiParameters, keccak256, padHex, stringToHex, type Hex } from "viem";
import { Chain, DAY, START, ZERO, type Deployed, type Fields, type Mined, type Twist } from "./chain.ts";
import { Answers, KeyKinds, Modes, Roles, ShareTypes } from "./enums.ts";
import { keyNamed, type Sm2Key } from "./sm2.ts";

export const MAX_TIME = 2n ** 64n - 1n;

/** Department id of an 18-character code. */
export function departmentId(code: string): Hex {
  return padHex(stringToHex(code), { size: 32, dir: "right" });
}

/** keccak256 of a text. */
export function textHash(text: string): Hex {
  return keccak256(stringToHex(text));
}

/** Entry or application id. */
export function idOf(department: Hex, code: string): Hex {
  return keccak256(encodeAbiParameters([{ type: "bytes32" }, { type: "bytes32" }], [department, textHash(code)]));
}

/** Handle of the person who holds a key. */
export function personOf(key: Sm2Key): Hex {
  return textHash(`person ${key.id}`);
}

/** A digest that stands for a document. */
export function digest(document: string): Hex {
  return textHash(`document ${document}`);
}

/** The competent department: screens applications, reviews versions. */
export const DATA = departmentId("11130900MB0DATA001");
/** A provider under it. */
export const POLICE = departmentId("111309000000POLICE");
/** A consumer under it. */
export const SCHOOL = departmentId("111309000000SCHOOL");
/** Another under it that may enrol, with no part in what the first two do. */
export const COUNTY = departmentId("111309220000COUNTY");

export const ROOT = keyNamed("root");
export const DATA_HEAD = keyNamed("data head");
export const REVIEWER = keyNamed("data reviewer");
export const POLICE_HEAD = keyNamed("police head");
export const POLICE_OFFICE = keyNamed("police office");
export const POLICE_DUTY = keyNamed("police duty");
export const SCHOOL_HEAD = keyNamed("school head");
export const SCHOOL_OFFICE = keyNamed("school office");
export const COUNTY_HEAD = keyNamed("county head");
export const COUNTY_OFFICE = keyNamed("county office");
export const APP_KEY = keyNamed("application key");

export const APPLICATION = idOf(SCHOOL, "ZHSX");
export const PURPOSE = textHash("enrolment");

/** The contracts, and what has been decided in them. */
export class City {
  readonly chain: Chain;
  readonly verifier: Deployed;
  readonly registry: Deployed;
  readonly catalogue: Deployed;
  readonly authorisations: Deployed;
  readonly anchors: Deployed;

  private constructor(chain: Chain, contracts: Deployed[]) {
    this.chain = chain;
    [this.verifier, this.registry, this.catalogue, this.authorisations, this.anchors] = contracts as [
      Deployed,
      Deployed,
      Deployed,
      Deployed,
      Deployed,
    ];
  }

  /** The contracts, with nothing decided yet. */
  static async deployed(): Promise<City> {
    const chain = await Chain.start();
    const verifier = await chain.deploy("Sm2Verifier");
    const registry = await chain.deploy("DepartmentRegistry", [verifier.address, ROOT.x, ROOT.y]);
    const catalogue = await chain.deploy("CatalogueRegistry", [registry.address]);
    const authorisations = await chain.deploy("ShareAuthorisations", [registry.address, catalogue.address]);
    const anchors = await chain.deploy("AccessAnchors", [registry.address]);
    return new City(chain, [verifier, registry, catalogue, authorisations, anchors]);
  }

  /** Departments enrolled, officers and the application registered. */
  static async enrolled(): Promise<City> {
    const city = await City.deployed();
    await city.enrol(DATA, DATA_HEAD, ROOT, { parent: DATA, screening: true, mayEnrol: true });
    await city.enrol(POLICE, POLICE_HEAD, DATA_HEAD);
    await city.enrol(SCHOOL, SCHOOL_HEAD, DATA_HEAD);
    await city.enrol(COUNTY, COUNTY_HEAD, DATA_HEAD, { mayEnrol: true });
    await city.officer(DATA, REVIEWER, DATA_HEAD, Roles.REVIEWER);
    await city.officer(POLICE, POLICE_OFFICE, POLICE_HEAD, Roles.OFFICE_HEAD);
    await city.officer(POLICE, POLICE_DUTY, POLICE_HEAD, Roles.DUTY_OFFICER);
    await city.officer(SCHOOL, SCHOOL_OFFICE, SCHOOL_HEAD, Roles.OFFICE_HEAD);
    await city.registerApplication(SCHOOL, "ZHSX", SCHOOL_OFFICE);
    await city.addKey(APPLICATION, APP_KEY, SCHOOL_HEAD, { kind: KeyKinds.APPLICATION });
    return city;
  }

  /** The same, with the police's entry R1 published, conditional, of 12 items. */
  static async published(): Promise<City> {
    const city = await City.enrolled();
    await city.publish("R1", ShareTypes.CONDITIONAL);
    return city;
  }

  enrolMessage(department: Hex, head: Sm2Key, fields: Fields = {}): Fields {
    return {
      department,
      parent: DATA,
      competent: DATA,
      kind: 1,
      level: 3,
      screening: false,
      mayEnrol: false,
      headX: head.x,
      headY: head.y,
      person: personOf(head),
      digest: digest("department"),
      ...fields,
    };
  }

  enrol(department: Hex, head: Sm2Key, signer: Sm2Key, fields: Fields = {}, twist: Twist = {}): Promise<Mined> {
    const message = this.enrolMessage(department, head, fields);
    return this.chain.decide(this.registry, "enrolDepartment", message, signer, { possession: head, ...twist });
  }

  /** The police as they are, with another paper. */
  updateMessage(fields: Fields = {}): Fields {
    const asIs = { department: POLICE, competent: DATA, screening: false, mayEnrol: false };
    return { ...asIs, digest: digest("department, changed"), ...fields };
  }

  update(fields: Fields = {}, signer = POLICE_HEAD): Promise<Mined> {
    return this.chain.decide(this.registry, "updateDepartment", this.updateMessage(fields), signer);
  }

  setStatus(department: Hex, status: number, signer = DATA_HEAD, fields: Fields = {}): Promise<Mined> {
    const message = { department, status, digest: digest("status"), ...fields };
    return this.chain.decide(this.registry, "setDepartmentStatus", message, signer);
  }

  recoverMessage(department: Hex, head: Sm2Key, fields: Fields = {}): Fields {
    const key = { headX: head.x, headY: head.y, person: personOf(head) };
    return { department, ...key, digest: digest("recovery"), ...fields };
  }

  recover(department: Hex, head: Sm2Key, signer = DATA_HEAD, fields: Fields = {}, twist: Twist = {}): Promise<Mined> {
    const message = this.recoverMessage(department, head, fields);
    return this.chain.decide(this.registry, "recoverKey", message, signer, { possession: head, ...twist });
  }

  addKeyMessage(holder: Hex, key: Sm2Key, fields: Fields = {}): Fields {
    const { kind = KeyKinds.OFFICER } = fields;
    return {
      holder,
      kind,
      qx: key.x,
      qy: key.y,
      person: kind === KeyKinds.OFFICER ? personOf(key) : ZERO,
      validFrom: START,
      validUntil: START + 365n * DAY,
      digest: digest("key"),
      ...fields,
    };
  }

  addKey(holder: Hex, key: Sm2Key, signer: Sm2Key, fields: Fields = {}, twist: Twist = {}): Promise<Mined> {
    const message = this.addKeyMessage(holder, key, fields);
    return this.chain.decide(this.registry, "addKey", message, signer, { possession: key, ...twist });
  }

  revokeKey(key: Hex, signer: Sm2Key, fields: Fields = {}, twist: Twist = {}): Promise<Mined> {
    const message = { key, digest: digest("revocation"), ...fields };
    return this.chain.decide(this.registry, "revokeKey", message, signer, twist);
  }

  grantRoles(department: Hex, key: Hex, roles: number, signer: Sm2Key, fields: Fields = {}): Promise<Mined> {
    const message = {
      department,
      key,
      roles,
      validFrom: START,
      validUntil: START + 365n * DAY,
      digest: digest("roles"),
      ...fields,
    };
    return this.chain.decide(this.registry, "grantRoles", message, signer);
  }

  /** Register an officer's key and give it roles. */
  async officer(department: Hex, key: Sm2Key, head: Sm2Key, roles: number): Promise<void> {
    await this.addKey(department, key, head);
    await this.grantRoles(department, key.id, roles, head);
  }

  registerApplication(department: Hex, code: string, signer: Sm2Key): Promise<Mined> {
    const message = { department, codeHash: textHash(code), digest: digest("application object") };
    return this.chain.decide(this.registry, "registerApplication", message, signer);
  }

  listContract(signer: Sm2Key, fields: Fields): Promise<Mined> {
    return this.chain.decide(this.registry, "listContract", fields, signer);
  }

  /** One version as `submitVersions` takes it. */
  version(code: string, version = 1, fields: Fields = {}): Fields {
    return {
      codeHash: textHash(code),
      version,
      shareType: ShareTypes.CONDITIONAL,
      itemCount: 12,
      digest: digest(`${code}/${version}`),
      ...fields,
    };
  }

  submit(versions: Fields[], signer = POLICE_HEAD, department = POLICE): Promise<Mined> {
    return this.chain.decide(this.catalogue, "submitVersions", { department, versions }, signer);
  }

  /** One review as `reviewVersions` takes it. */
  review(code: string, version = 1, publish = true, fields: Fields = {}): Fields {
    return { entry: idOf(POLICE, code), version, publish, subject: digest(`${code}/${version}`), ...fields };
  }

  reviewAll(reviews: Fields[], signer = REVIEWER): Promise<Mined> {
    return this.chain.decide(this.catalogue, "reviewVersions", { reviews, digest: digest("review") }, signer);
  }

  /** Submit and publish a version of an entry of the police. */
  async publish(code: string, shareType: number, version = 1): Promise<void> {
    await this.submit([this.version(code, version, { shareType })]);
    await this.reviewAll([this.review(code, version)]);
  }

  /** Propose the withdrawal of the first version of entries of the police. */
  withdraw(codes: readonly string[], fields: Fields = {}, signer = POLICE_HEAD): Promise<Mined> {
    const withdrawals = codes.map((code) => ({ entry: idOf(POLICE, code), version: 1 }));
    const message = { department: POLICE, withdrawals, digest: digest("withdrawal"), ...fields };
    return this.chain.decide(this.catalogue, "submitWithdrawal", message, signer);
  }

  /** One review as `reviewWithdrawal` takes it. */
  withdrawalReview(code: string, accept = true, fields: Fields = {}): Fields {
    return { entry: idOf(POLICE, code), version: 1, accept, subject: digest("withdrawal"), ...fields };
  }

  reviewWithdrawals(reviews: Fields[], signer = REVIEWER): Promise<Mined> {
    const message = { reviews, digest: digest("review") };
    return this.chain.decide(this.catalogue, "reviewWithdrawal", message, signer);
  }

  freeze(code: string, signer = DATA_HEAD, fields: Fields = {}): Promise<Mined> {
    const message = { entry: idOf(POLICE, code), digest: digest("order"), ...fields };
    return this.chain.decide(this.catalogue, "freezeEntry", message, signer);
  }

  unfreeze(code: string, signer = DATA_HEAD, fields: Fields = {}): Promise<Mined> {
    const message = { entry: idOf(POLICE, code), digest: digest("order"), ...fields };
    return this.chain.decide(this.catalogue, "unfreezeEntry", message, signer);
  }

  standing(code: string, fields: Fields = {}, signer = POLICE_OFFICE): Promise<Mined> {
    const message = { entry: idOf(POLICE, code), standing: true, callsPerDay: 500, rowsPerDay: 50_000, terms: ZERO };
    return this.chain.decide(this.catalogue, "setStandingReply", { ...message, ...fields }, signer);
  }

  /** One application as `applyFor` takes it. */
  application(code: string, fields: Fields = {}): Fields {
    return {
      entry: idOf(POLICE, code),
      version: 1,
      items: 0b111n,
      purpose: PURPOSE,
      application: APPLICATION,
      mode: Modes.QUERY,
      validFrom: START,
      validUntil: START + 300n * DAY,
      callsPerDay: 1000,
      rowsPerDay: 10_000,
      terms: digest("terms"),
      digest: digest("application"),
      ...fields,
    };
  }

  applyFor(applications: Fields[], signer = SCHOOL_OFFICE, department = SCHOOL): Promise<Mined> {
    return this.chain.decide(this.authorisations, "applyFor", { department, applications }, signer);
  }

  /** A reply that agrees to `application` in full. */
  replyMessage(authorisation: bigint, fields: Fields = {}): Fields {
    return {
      authorisation,
      answer: Answers.AGREE,
      items: 0b111n,
      mode: Modes.QUERY,
      validFrom: START,
      validUntil: START + 300n * DAY,
      callsPerDay: 1000,
      rowsPerDay: 10_000,
      terms: digest("terms"),
      subject: digest("application"),
      digest: digest("reply"),
      ...fields,
    };
  }

  reply(authorisation: bigint, fields: Fields = {}, signer = POLICE_OFFICE): Promise<Mined> {
    return this.chain.decide(this.authorisations, "reply", this.replyMessage(authorisation, fields), signer);
  }

  stepMessage(authorisation: bigint, step: number, subject: Hex, fields: Fields = {}): Fields {
    const none = { outcome: 0, effective: 0n };
    return { authorisation, step, revision: 1, ...none, subject, digest: digest(`step ${step}`), ...fields };
  }

  step(authorisation: bigint, step: number, subject: Hex, signer: Sm2Key, fields: Fields = {}): Promise<Mined> {
    const message = this.stepMessage(authorisation, step, subject, fields);
    return this.chain.decide(this.authorisations, "advance", message, signer);
  }

  /** A change to half of the quotas that `application` asks for. */
  changeMessage(authorisation: bigint, step: number, subject: Hex, fields: Fields = {}): Fields {
    return {
      authorisation,
      step,
      revision: 1,
      items: 0b111n,
      validFrom: START,
      validUntil: START + 300n * DAY,
      callsPerDay: 500,
      rowsPerDay: 5000,
      terms: digest("other terms"),
      subject,
      digest: digest(`step ${step}`),
      ...fields,
    };
  }

  change(authorisation: bigint, step: number, subject: Hex, signer: Sm2Key, fields: Fields = {}): Promise<Mined> {
    const message = this.changeMessage(authorisation, step, subject, fields);
    return this.chain.decide(this.authorisations, "change", message, signer);
  }

  registerLog(department: Hex, relay: Hex, signer: Sm2Key): Promise<Mined> {
    return this.chain.decide(this.anchors, "registerLog", { department, relay }, signer);
  }

  supersedeLog(department: Hex, relay: Hex, signer: Sm2Key, fields: Fields = {}): Promise<Mined> {
    const message = { department, relay, digest: digest("succession"), ...fields };
    return this.chain.decide(this.anchors, "supersedeLog", message, signer);
  }
}
