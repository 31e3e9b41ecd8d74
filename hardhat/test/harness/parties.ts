// Who has to do with an authorisation, and a key for every role in each of them; a provider whose applications nobody
// screens.
import type { Hex } from "viem";
import type { Fields } from "./chain.ts";
import { City, COUNTY, COUNTY_HEAD, DATA, DATA_HEAD, departmentId, idOf, POLICE, POLICE_HEAD, SCHOOL, SCHOOL_HEAD } from "./city.ts";
import { Roles, ShareTypes } from "./enums.ts";
import { keyNamed, type Sm2Key } from "./sm2.ts";

/** A provider under the county, which does not screen. */
export const TOWN = departmentId("1113092200000TOWN1");
export const TOWN_HEAD = keyNamed("town head");
export const TOWN_OFFICE = keyNamed("town office");
const COUNTY_REVIEWER = keyNamed("county reviewer");

/** A department as an authorisation of an entry of the police sees it. */
export interface Party {
  readonly name: "consumer" | "provider" | "competent" | "stranger";
  readonly department: Hex;
  readonly head: Sm2Key;
}

export const PARTIES: readonly Party[] = [
  { name: "consumer", department: SCHOOL, head: SCHOOL_HEAD },
  { name: "provider", department: POLICE, head: POLICE_HEAD },
  { name: "competent", department: DATA, head: DATA_HEAD },
  { name: "stranger", department: COUNTY, head: COUNTY_HEAD },
];

/** A key that holds exactly one role in one department. */
export interface Officer {
  readonly party: Party;
  readonly role: number;
  readonly key: Sm2Key;
  readonly title: string;
}

/** One officer for every role in each of the parties. */
export const OFFICERS: readonly Officer[] = PARTIES.flatMap((party) =>
  Object.entries(Roles).map(([name, role]) => {
    const title = `${name} of the ${party.name}`;
    return { party, role, title, key: role === Roles.DEPARTMENT_HEAD ? party.head : keyNamed(title) };
  }),
);

/** The officer with this role of this party. */
export function officerOf(party: Party["name"], role: number): Sm2Key {
  return OFFICERS.find((one) => one.party.name === party && one.role === role)!.key;
}

/** Register every officer's key and role, except the heads, who have theirs. */
export async function registerOfficers(city: City): Promise<void> {
  for (const { party, role, key } of OFFICERS) {
    if (key !== party.head) await city.officer(party.department, key, party.head, role);
  }
}

/** Enrol the town, and publish an entry of it. */
export async function publishInTown(city: City, code: string, fields: Fields): Promise<void> {
  await city.submit([city.version(code, 1, fields)], TOWN_HEAD, TOWN);
  await city.reviewAll([city.review(code, 1, true, { entry: idOf(TOWN, code) })], COUNTY_REVIEWER);
}

/** The published city, and beside R1 of the police: other kinds of entries there, and two of the town. */
export async function supplied(): Promise<City> {
  const city = await City.published();
  await city.submit([
    city.version("OPEN", 1, { shareType: ShareTypes.UNCONDITIONAL }),
    city.version("WIDE", 1, { itemCount: 256 }),
    city.version("SHUT", 1, { shareType: ShareTypes.NOT_SHARED }),
    city.version("DRAFT"),
  ]);
  await city.reviewAll(["OPEN", "WIDE", "SHUT"].map((code) => city.review(code)));
  await city.enrol(TOWN, TOWN_HEAD, COUNTY_HEAD, { parent: COUNTY, competent: COUNTY });
  await city.officer(TOWN, TOWN_OFFICE, TOWN_HEAD, Roles.OFFICE_HEAD);
  await city.officer(COUNTY, COUNTY_REVIEWER, COUNTY_HEAD, Roles.REVIEWER);
  await publishInTown(city, "T1", {});
  await publishInTown(city, "T2", { shareType: ShareTypes.UNCONDITIONAL });
  return city;
}
