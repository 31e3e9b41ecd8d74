// One right decision for every function that takes one, and a city in which each of them may be taken next.
import { keccak256, stringToHex } from "viem";
import { DAY, START, ZERO, type Fields, type Twist } from "./chain.ts";
import {
  APP_KEY,
  City,
  COUNTY,
  DATA,
  DATA_HEAD,
  digest,
  idOf,
  personOf,
  POLICE,
  POLICE_HEAD,
  POLICE_OFFICE,
  REVIEWER,
  SCHOOL,
  SCHOOL_HEAD,
  SCHOOL_OFFICE,
  textHash,
} from "./city.ts";
import { DepartmentStatuses, KeyKinds, Roles, ShareTypes, Steps } from "./enums.ts";
import { keyNamed, type Sm2Key } from "./sm2.ts";

/** What to sign, for which function of which contract, and with whose key. */
export interface Decision {
  readonly target: "registry" | "catalogue" | "authorisations" | "anchors";
  readonly name: string;
  readonly message: Fields;
  readonly signer: Sm2Key;
  /** The new key that signs too, where there is one. */
  readonly twist: Twist;
}

/** The city in which they are right. */
export async function undecided(): Promise<City> {
  const city = await City.published();
  await city.publish("OPEN", ShareTypes.UNCONDITIONAL);
  await city.submit([city.version("R7"), city.version("R6")]);
  for (const code of ["W1", "W2", "F1"]) await city.publish(code, ShareTypes.CONDITIONAL);
  await city.withdraw(["W1", "W2"]);
  await city.freeze("F1");
  await city.applyFor([city.application("R1"), city.application("R1"), city.application("R1")]);
  for (const id of [2n, 3n]) await city.step(id, Steps.PASS, digest("application"), REVIEWER);
  await city.reply(3n, { subject: digest(`step ${Steps.PASS}`) });
  await city.registerLog(SCHOOL, city.chain.account, SCHOOL_HEAD);
  return city;
}

/** The decisions. */
export async function everyDecision(city: City): Promise<Decision[]> {
  const fresh = keyNamed("fresh");
  const code = await city.chain.request("eth_getCode", [city.verifier.address, "latest"]);
  const period = { validFrom: START, validUntil: START + 30n * DAY };
  const found: (Omit<Decision, "twist"> & { possession?: Sm2Key })[] = [
    {
      target: "registry",
      name: "enrolDepartment",
      message: {
        department: `${stringToHex("11130900000000NEW1")}${"0".repeat(28)}`,
        parent: DATA,
        competent: DATA,
        kind: 1,
        level: 3,
        screening: false,
        mayEnrol: false,
        headX: fresh.x,
        headY: fresh.y,
        person: personOf(fresh),
        digest: digest("department"),
      },
      signer: DATA_HEAD,
      possession: fresh,
    },
    { target: "registry", name: "updateDepartment", message: city.updateMessage(), signer: POLICE_HEAD },
    {
      target: "registry",
      name: "setDepartmentStatus",
      message: { department: COUNTY, status: DepartmentStatuses.SUSPENDED, digest: digest("order") },
      signer: DATA_HEAD,
    },
    {
      target: "registry",
      name: "recoverKey",
      message: city.recoverMessage(POLICE, fresh),
      signer: DATA_HEAD,
      possession: fresh,
    },
    {
      target: "registry",
      name: "addKey",
      message: {
        holder: POLICE,
        kind: KeyKinds.OFFICER,
        qx: fresh.x,
        qy: fresh.y,
        person: personOf(fresh),
        ...period,
        digest: digest("key"),
      },
      signer: POLICE_HEAD,
      possession: fresh,
    },
    { target: "registry", name: "revokeKey", message: { key: APP_KEY.id, digest: ZERO }, signer: SCHOOL_HEAD },
    {
      target: "registry",
      name: "grantRoles",
      message: { department: DATA, key: POLICE_OFFICE.id, roles: Roles.REVIEWER, ...period, digest: digest("roles") },
      signer: DATA_HEAD,
    },
    {
      target: "registry",
      name: "registerApplication",
      message: { department: SCHOOL, codeHash: textHash("OTHER"), digest: digest("application object") },
      signer: SCHOOL_OFFICE,
    },
    {
      target: "registry",
      name: "listContract",
      message: { name: ZERO, contractAddress: city.verifier.address, codeHash: keccak256(code) },
      signer: DATA_HEAD,
    },
    {
      target: "catalogue",
      name: "submitVersions",
      message: { department: POLICE, versions: [city.version("R9"), city.version("R8")] },
      signer: POLICE_HEAD,
    },
    {
      target: "catalogue",
      name: "reviewVersions",
      message: { reviews: [city.review("R7"), city.review("R6")], digest: digest("review") },
      signer: REVIEWER,
    },
    {
      target: "catalogue",
      name: "setStandingReply",
      message: { entry: idOf(POLICE, "OPEN"), standing: true, callsPerDay: 5, rowsPerDay: 6, terms: digest("terms") },
      signer: POLICE_OFFICE,
    },
    {
      target: "catalogue",
      name: "submitWithdrawal",
      message: {
        department: POLICE,
        withdrawals: ["R1", "OPEN"].map((one) => ({ entry: idOf(POLICE, one), version: 1 })),
        digest: digest("withdrawal"),
      },
      signer: POLICE_HEAD,
    },
    {
      target: "catalogue",
      name: "reviewWithdrawal",
      message: { reviews: [city.withdrawalReview("W1"), city.withdrawalReview("W2", false)], digest: digest("review") },
      signer: REVIEWER,
    },
    {
      target: "catalogue",
      name: "freezeEntry",
      message: { entry: idOf(POLICE, "R1"), digest: digest("order") },
      signer: DATA_HEAD,
    },
    {
      target: "catalogue",
      name: "unfreezeEntry",
      message: { entry: idOf(POLICE, "F1"), digest: digest("order") },
      signer: DATA_HEAD,
    },
    {
      target: "authorisations",
      name: "applyFor",
      message: { department: SCHOOL, applications: [city.application("OPEN"), city.application("R1")] },
      signer: SCHOOL_OFFICE,
    },
    {
      target: "authorisations",
      name: "reply",
      message: city.replyMessage(2n, { subject: digest(`step ${Steps.PASS}`) }),
      signer: POLICE_OFFICE,
    },
    {
      target: "authorisations",
      name: "advance",
      message: city.stepMessage(1n, Steps.PASS, digest("application"), { digest: ZERO }),
      signer: REVIEWER,
    },
    {
      target: "authorisations",
      name: "change",
      message: city.changeMessage(3n, Steps.PROPOSE_CHANGE, digest("reply")),
      signer: SCHOOL_OFFICE,
    },
    {
      target: "anchors",
      name: "registerLog",
      message: { department: POLICE, relay: city.chain.account },
      signer: POLICE_HEAD,
    },
    {
      target: "anchors",
      name: "supersedeLog",
      message: { department: SCHOOL, relay: city.chain.account, digest: digest("succession") },
      signer: SCHOOL_HEAD,
    },
  ];
  return found.map(({ possession, ...rest }) => ({ ...rest, twist: possession === undefined ? {} : { possession } }));
}
