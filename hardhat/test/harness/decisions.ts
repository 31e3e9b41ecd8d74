// One right decision for every function that takes one, and a city in which each of them may be taken next.
import { keccak256, stringToHex } from "viem";
import { DAY, START, ZERO, type Fields, type Twist } from "./chain.ts";
import {
  APP_KEY,
  City,
  DATA,
  DATA_HEAD,
  digest,
  idOf,
  POLICE,
  POLICE_HEAD,
  POLICE_OFFICE,
  REVIEWER,
  SCHOOL,
  SCHOOL_HEAD,
  SCHOOL_OFFICE,
  textHash,
} from "./city.ts";
import { KeyKind, Role, ShareType, Step } from "./enums.ts";
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
  await city.publish("OPEN", ShareType.unconditional);
  await city.submit([city.version("R7"), city.version("R6")]);
  await city.applyFor([city.application("R1"), city.application("R1")]);
  await city.step(2n, Step.pass, digest("application"), REVIEWER);
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
        headX: fresh.x,
        headY: fresh.y,
        digest: digest("department"),
      },
      signer: DATA_HEAD,
      possession: fresh,
    },
    {
      target: "registry",
      name: "addKey",
      message: { holder: POLICE, kind: KeyKind.officer, qx: fresh.x, qy: fresh.y, ...period, digest: digest("key") },
      signer: POLICE_HEAD,
      possession: fresh,
    },
    { target: "registry", name: "revokeKey", message: { key: APP_KEY.id, digest: ZERO }, signer: SCHOOL_HEAD },
    {
      target: "registry",
      name: "grantRoles",
      message: { department: DATA, key: POLICE_OFFICE.id, roles: Role.reviewer, ...period, digest: digest("roles") },
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
      target: "authorisations",
      name: "applyFor",
      message: { department: SCHOOL, applications: [city.application("OPEN"), city.application("R1")] },
      signer: SCHOOL_OFFICE,
    },
    {
      target: "authorisations",
      name: "reply",
      message: city.replyMessage(2n, { subject: digest(`step ${Step.pass}`) }),
      signer: POLICE_OFFICE,
    },
    {
      target: "authorisations",
      name: "advance",
      message: { authorisation: 1n, step: Step.pass, revision: 1, subject: digest("application"), digest: ZERO },
      signer: REVIEWER,
    },
    {
      target: "anchors",
      name: "registerLog",
      message: { department: POLICE, relay: city.chain.account },
      signer: POLICE_HEAD,
    },
  ];
  return found.map(({ possession, ...rest }) => ({ ...rest, twist: possession === undefined ? {} : { possession } }));
}
