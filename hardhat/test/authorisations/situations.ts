// Authorisations in every state there is a way into, side by side on one chain.
import type { Hex } from "viem";
import { ZERO, type Fields } from "../harness/chain.ts";
import { City, DATA_HEAD, digest, POLICE_OFFICE, REVIEWER, SCHOOL_OFFICE } from "../harness/city.ts";
import { Answer, State, Step } from "../harness/enums.ts";
import type { Sm2Key } from "../harness/sm2.ts";

/** Steps that answer no paper. */
const PROTECTIVE: readonly number[] = [Step.suspend, Step.terminateForCause];

/** One authorisation on its way, and the digest of its latest paper. */
export class Case {
  readonly city: City;
  readonly id: bigint;
  subject: Hex = digest("application");

  private constructor(city: City, id: bigint) {
    this.city = city;
    this.id = id;
  }

  /** Apply for three items of an entry of the police. */
  static async applied(city: City, code = "R1", fields: Fields = {}): Promise<Case> {
    const { events } = await city.applyFor([city.application(code, fields)]);
    return new Case(city, events[0]!.args.first);
  }

  /** The same, passed by the reviewer and agreed to in full. */
  static async agreed(city: City, fields: Fields = {}): Promise<Case> {
    const one = await Case.applied(city, "R1", fields);
    await one.take(Step.pass, REVIEWER);
    await one.reply(fields);
    return one;
  }

  async reply(fields: Fields = {}): Promise<void> {
    await this.city.reply(this.id, { ...fields, subject: this.subject });
    this.subject = digest("reply");
  }

  async take(step: number, signer: Sm2Key): Promise<void> {
    await this.city.step(this.id, step, PROTECTIVE.includes(step) ? ZERO : this.subject, signer);
    this.subject = digest(`step ${step}`);
  }
}

/** Where an authorisation stands, and how it came there. */
export interface Situation {
  readonly name: string;
  readonly state: number;
  readonly id: bigint;
  readonly subject: Hex;
  /** Who suspended it, where somebody has. */
  readonly suspender?: "provider" | "competent";
}

/** One authorisation in every situation. */
export async function everySituation(city: City): Promise<Situation[]> {
  const found: Situation[] = [];
  const keep = (name: string, state: number, { id, subject }: Case, suspender?: "provider" | "competent"): void => {
    found.push({ name, state, id, subject, ...(suspender === undefined ? {} : { suspender }) });
  };
  keep("applied", State.applied, await Case.applied(city));
  for (const [name, state, step, signer] of [
    ["forwarded", State.forwarded, Step.pass, REVIEWER],
    ["returned", State.returned, Step.return, REVIEWER],
    ["withdrawn", State.withdrawn, Step.withdraw, SCHOOL_OFFICE],
  ] as const) {
    const one = await Case.applied(city);
    await one.take(step, signer);
    keep(name, state, one);
  }
  const refused = await Case.applied(city);
  await refused.take(Step.pass, REVIEWER);
  await refused.reply({ answer: Answer.refuse, items: 0n });
  keep("refused", State.refused, refused);
  const agreed = await Case.agreed(city);
  keep("agreed", State.agreed, agreed);
  const delivered = await Case.agreed(city);
  await delivered.take(Step.deliver, POLICE_OFFICE);
  keep("delivered", State.delivered, delivered);
  const active = await Case.agreed(city);
  await active.take(Step.deliver, POLICE_OFFICE);
  await active.take(Step.confirm, SCHOOL_OFFICE);
  keep("active", State.active, active);
  for (const [suspender, signer] of [["provider", POLICE_OFFICE], ["competent", DATA_HEAD]] as const) {
    const suspended = await Case.agreed(city);
    await suspended.take(Step.suspend, signer);
    keep(`suspended by the ${suspender}`, State.suspended, suspended, suspender);
    const rectified = await Case.agreed(city);
    await rectified.take(Step.suspend, signer);
    await rectified.take(Step.rectify, SCHOOL_OFFICE);
    keep(`rectified, suspended by the ${suspender}`, State.rectified, rectified, suspender);
  }
  const terminated = await Case.agreed(city);
  await terminated.take(Step.suspend, POLICE_OFFICE);
  await terminated.take(Step.terminateForCause, POLICE_OFFICE);
  keep("terminated", State.terminated, terminated, "provider");
  return found;
}
