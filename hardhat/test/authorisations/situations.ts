// Authorisations in every state there is a way into, side by side on one chain.
import type { Hex } from "viem";
import { type Fields, ZERO } from "../harness/chain.ts";
import { City, DATA_HEAD, digest, POLICE_OFFICE, REVIEWER, SCHOOL_OFFICE } from "../harness/city.ts";
import { Answers, AuthorisationStates, Marks, Steps } from "../harness/enums.ts";
import type { Sm2Key } from "../harness/sm2.ts";

/** Steps that answer no paper and leave the one to be answered as it is. */
const PROTECTIVE: readonly number[] = [Steps.SUSPEND, Steps.TAKE_OVER, Steps.TERMINATE_FOR_CAUSE];

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
    await one.take(Steps.PASS, REVIEWER);
    await one.reply(fields);
    return one;
  }

  async reply(fields: Fields = {}): Promise<void> {
    await this.city.reply(this.id, { ...fields, subject: this.subject });
    this.subject = digest("reply");
  }

  async take(step: number, signer: Sm2Key, fields: Fields = {}): Promise<void> {
    const isProtective = PROTECTIVE.includes(step);
    await this.city.step(this.id, step, isProtective ? ZERO : this.subject, signer, fields);
    if (!isProtective) this.subject = digest(`step ${step}`);
  }

  /** Take several steps one after the other. */
  async takeAll(...steps: readonly (readonly [number, Sm2Key])[]): Promise<this> {
    for (const [step, signer] of steps) await this.take(step, signer);
    return this;
  }

  /** Propose or accept the change of `changeMessage`. */
  async change(step: number, signer: Sm2Key, fields: Fields = {}): Promise<void> {
    await this.city.change(this.id, step, this.subject, signer, fields);
    this.subject = digest(`step ${step}`);
  }

  /** What the contract keeps of it. */
  stored(): Promise<Fields> {
    return this.city.chain.read(this.city.authorisations, "authorisationOf", [this.id]);
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
  /** Who has proposed the change that is open. */
  readonly proposer?: "consumer" | "provider";
  /** Bits of Marks that are set. */
  readonly marks?: number;
}

/** One authorisation in every situation. */
export async function everySituation(city: City): Promise<Situation[]> {
  const found: Situation[] = [];
  const keep = (name: string, state: number, { id, subject }: Case, more: Partial<Situation> = {}): void => {
    found.push({ name, state, id, subject, ...more });
  };
  const S = AuthorisationStates;
  const passed = async (): Promise<Case> => (await Case.applied(city)).takeAll([Steps.PASS, REVIEWER]);

  keep("applied", S.APPLIED, await Case.applied(city));
  keep("forwarded", S.FORWARDED, await passed());
  keep("returned", S.RETURNED, await (await Case.applied(city)).takeAll([Steps.RETURN, REVIEWER]));
  keep("withdrawn", S.WITHDRAWN, await (await Case.applied(city)).takeAll([Steps.WITHDRAW, SCHOOL_OFFICE]));
  keep("supplementing", S.SUPPLEMENTING, await (await passed()).takeAll([Steps.REQUEST_SUPPLEMENT, POLICE_OFFICE]), {
    marks: Marks.SUPPLEMENT_REQUESTED_BY_PROVIDER,
  });
  keep(
    "supplemented for the reviewer",
    S.FORWARDED,
    await (await passed()).takeAll([Steps.REQUEST_SUPPLEMENT, REVIEWER], [Steps.SUPPLEMENT, SCHOOL_OFFICE]),
    { marks: Marks.SUPPLEMENT_REQUESTED_BY_COMPETENT },
  );
  keep("forwarded, extension requested", S.FORWARDED, await (await passed()).takeAll([Steps.REQUEST_EXTENSION, POLICE_OFFICE]), {
    marks: Marks.EXTENSION_REQUESTED,
  });
  const refused = await passed();
  await refused.reply({ answer: Answers.REFUSE, items: 0n });
  keep("refused", S.REFUSED, refused);

  const deliver = [Steps.DELIVER, POLICE_OFFICE] as const;
  const confirm = [Steps.CONFIRM, SCHOOL_OFFICE] as const;
  keep("agreed", S.AGREED, await Case.agreed(city));
  keep("delivered", S.DELIVERED, await (await Case.agreed(city)).takeAll(deliver));
  keep("active", S.ACTIVE, await (await Case.agreed(city)).takeAll(deliver, confirm));
  for (const [proposer, signer, mark] of [
    ["consumer", SCHOOL_OFFICE, Marks.CHANGE_PROPOSED_BY_CONSUMER],
    ["provider", POLICE_OFFICE, Marks.CHANGE_PROPOSED_BY_PROVIDER],
  ] as const) {
    const changing = await Case.agreed(city);
    await changing.change(Steps.PROPOSE_CHANGE, signer);
    keep(`agreed, change proposed by the ${proposer}`, S.AGREED, changing, { proposer, marks: mark });
  }
  for (const [suspender, signer] of [["provider", POLICE_OFFICE], ["competent", DATA_HEAD]] as const) {
    const suspend = [Steps.SUSPEND, signer] as const;
    keep(`suspended by the ${suspender}`, S.SUSPENDED, await (await Case.agreed(city)).takeAll(suspend), { suspender });
    const rectified = await (await Case.agreed(city)).takeAll(suspend, [Steps.RECTIFY, SCHOOL_OFFICE]);
    keep(`rectified, suspended by the ${suspender}`, S.RECTIFIED, rectified, { suspender });
  }
  const finish = [Steps.FINISH, SCHOOL_OFFICE] as const;
  const report = [Steps.REPORT_DISPOSAL, SCHOOL_OFFICE] as const;
  keep("terminated", S.TERMINATED, await (await Case.agreed(city)).takeAll(finish));
  keep("disposed", S.DISPOSED, await (await Case.agreed(city)).takeAll(finish, report));
  keep("closed", S.CLOSED, await (await Case.agreed(city)).takeAll(finish, report, [Steps.ACCEPT_DISPOSAL, POLICE_OFFICE]));
  return found;
}
