// The table of steps as design.md section 5 has it, and what follows from it for one officer in one situation.
//
// Written from the design and not read from the contract: that is what makes it a check of `StepTable`.
import { AuthorisationStates, Marks, Roles, Sides, StepFlags, Steps } from "../harness/enums.ts";
import { type Officer, PARTIES } from "../harness/parties.ts";
import type { Situation } from "./situations.ts";

/** A row of the design's table. */
export interface Row {
  readonly step: number;
  readonly from: readonly number[];
  /** The same, once the period is over. */
  readonly fromEnded?: readonly number[];
  /** The state after it; "same": it stays; "prior": the one that was kept; "ruled": the decision's outcome. */
  readonly to: number | "same" | "prior" | "ruled";
  /** Roles that may sign, for each party that may take the step at all. */
  readonly consumer?: number;
  readonly provider?: number;
  readonly competent?: number;
  /** Bits of StepFlags. */
  readonly flags?: number;
  /** Bits of Marks that it sets, once. */
  readonly once?: number;
  /** Bits of Marks that must be set. */
  readonly onlyAfter?: number;
}

const { OFFICE_HEAD, DEPARTMENT_HEAD, REVIEWER, DUTY_OFFICER } = Roles;
const {
  APPLIED,
  FORWARDED,
  RETURNED,
  SUPPLEMENTING,
  AGREED,
  REFUSED,
  WITHDRAWN,
  DELIVERED,
  ACTIVE,
  SUSPENDED,
  RECTIFIED,
  TERMINATED,
  DISPOSED,
  CLOSED,
} = AuthorisationStates;
const SERVING = [AGREED, DELIVERED, ACTIVE];
const F = StepFlags;

/**
 * Section 5 row by row. "Consumer" and "provider" act through office heads, "competent" through department heads, a
 * "reviewer" is one of the competent department; a duty officer may also suspend and take over.
 */
export const TABLE: readonly Row[] = [
  { step: Steps.PASS, from: [APPLIED], to: FORWARDED, competent: REVIEWER, flags: F.SCREENING },
  { step: Steps.RETURN, from: [APPLIED], to: RETURNED, competent: REVIEWER, flags: F.SCREENING },
  {
    step: Steps.REQUEST_SUPPLEMENT,
    from: [APPLIED, FORWARDED],
    to: SUPPLEMENTING,
    provider: OFFICE_HEAD,
    competent: REVIEWER,
    flags: F.KEEPS_PRIOR | F.EACH_SIDE | F.DOCUMENT,
    once: Marks.SUPPLEMENT_REQUESTED_BY_PROVIDER,
  },
  { step: Steps.SUPPLEMENT, from: [SUPPLEMENTING], to: "prior", consumer: OFFICE_HEAD, flags: F.TO_PRIOR | F.DOCUMENT },
  {
    step: Steps.REQUEST_EXTENSION,
    from: [APPLIED, FORWARDED],
    to: "same",
    provider: OFFICE_HEAD,
    flags: F.DOCUMENT,
    once: Marks.EXTENSION_REQUESTED,
  },
  ...[Steps.GRANT_EXTENSION, Steps.REJECT_EXTENSION].map((step) => ({
    step,
    from: [APPLIED, FORWARDED],
    to: "same" as const,
    competent: DEPARTMENT_HEAD,
    once: Marks.EXTENSION_ANSWERED,
    onlyAfter: Marks.EXTENSION_REQUESTED,
  })),
  { step: Steps.WITHDRAW, from: [APPLIED, FORWARDED, SUPPLEMENTING], to: WITHDRAWN, consumer: OFFICE_HEAD },
  { step: Steps.DELIVER, from: [AGREED], to: DELIVERED, provider: OFFICE_HEAD },
  { step: Steps.CONFIRM, from: [DELIVERED], to: ACTIVE, consumer: OFFICE_HEAD },
  {
    step: Steps.PROPOSE_CHANGE,
    from: SERVING,
    to: "same",
    consumer: OFFICE_HEAD,
    provider: OFFICE_HEAD,
    flags: F.TERMS | F.DOCUMENT,
  },
  {
    step: Steps.ACCEPT_CHANGE,
    from: SERVING,
    to: "same",
    consumer: OFFICE_HEAD,
    provider: OFFICE_HEAD,
    flags: F.TERMS | F.DOCUMENT | F.OTHER_SIDE | F.CLOSES_CHANGE,
  },
  {
    step: Steps.REJECT_CHANGE,
    from: SERVING,
    to: "same",
    consumer: OFFICE_HEAD,
    provider: OFFICE_HEAD,
    flags: F.CLOSES_CHANGE,
  },
  {
    step: Steps.SUSPEND,
    from: SERVING,
    to: SUSPENDED,
    provider: OFFICE_HEAD | DUTY_OFFICER,
    competent: DEPARTMENT_HEAD | DUTY_OFFICER,
    flags: F.PROTECTIVE | F.KEEPS_PRIOR | F.SUSPENDS | F.EVEN_INACTIVE,
  },
  { step: Steps.RECTIFY, from: [SUSPENDED], to: RECTIFIED, consumer: OFFICE_HEAD },
  {
    step: Steps.RESUME,
    from: [SUSPENDED, RECTIFIED],
    to: "prior",
    provider: OFFICE_HEAD,
    competent: DEPARTMENT_HEAD,
    flags: F.TO_PRIOR | F.BY_SUSPENDER,
  },
  {
    step: Steps.TERMINATE_FOR_CAUSE,
    from: [SUSPENDED, RECTIFIED],
    to: TERMINATED,
    provider: OFFICE_HEAD,
    competent: DEPARTMENT_HEAD,
    flags: F.PROTECTIVE,
  },
  { step: Steps.END_SERVICE, from: SERVING, to: "same", provider: OFFICE_HEAD, flags: F.DOCUMENT | F.ENDS },
  { step: Steps.FINISH, from: [...SERVING, SUSPENDED, RECTIFIED], to: TERMINATED, consumer: OFFICE_HEAD },
  {
    step: Steps.REPORT_DISPOSAL,
    from: [TERMINATED],
    fromEnded: [...SERVING, SUSPENDED, RECTIFIED],
    to: DISPOSED,
    consumer: OFFICE_HEAD,
    flags: F.DOCUMENT,
  },
  { step: Steps.ACCEPT_DISPOSAL, from: [DISPOSED], to: CLOSED, provider: OFFICE_HEAD },
  { step: Steps.DISPUTE_DISPOSAL, from: [DISPOSED], to: TERMINATED, provider: OFFICE_HEAD, flags: F.DOCUMENT },
  {
    step: Steps.RULE_DISPUTE,
    from: [REFUSED, AGREED, SUSPENDED, TERMINATED],
    to: "ruled",
    competent: DEPARTMENT_HEAD,
    flags: F.DOCUMENT | F.RULES,
  },
  {
    step: Steps.TAKE_OVER,
    from: [SUSPENDED, RECTIFIED],
    to: SUSPENDED,
    competent: DEPARTMENT_HEAD | DUTY_OFFICER,
    flags: F.PROTECTIVE | F.SUSPENDS | F.FROM_PROVIDER,
  },
];

/** The states in which a dispute can be ruled to end; "prior": also the state that was kept. */
export const RULINGS: ReadonlyMap<number, readonly (number | "prior")[]> = new Map([
  [REFUSED, [FORWARDED, REFUSED]],
  [AGREED, [AGREED, SUSPENDED, TERMINATED]],
  [SUSPENDED, [SUSPENDED, "prior", TERMINATED]],
  [TERMINATED, [TERMINATED]],
]);

/** Whether a row has a flag. */
export function has(row: Row, flag: number): boolean {
  return ((row.flags ?? 0) & flag) !== 0;
}

/** Roles of each party that may take a row's step in a situation. */
function mandates(row: Row, { suspender, proposer }: Situation): Record<string, number> {
  const barred = has(row, F.BY_SUSPENDER) && suspender !== "provider";
  const may = { consumer: row.consumer ?? 0, provider: barred ? 0 : (row.provider ?? 0) };
  if (has(row, F.OTHER_SIDE) && proposer !== undefined) may[proposer] = 0;
  return { ...may, competent: row.competent ?? 0, stranger: 0 };
}

/** Whether an officer may take a row's step in a situation, if anybody may. */
export function isMandated(row: Row, situation: Situation, { party, role }: Officer): boolean {
  return (mandates(row, situation)[party.name]! & role) !== 0;
}

/** The error an officer must meet, or undefined where the step must pass. */
export function refusalOf(row: Row, situation: Situation, officer: Officer): [string, unknown[]] | undefined {
  const { id, state } = situation;
  const may = mandates(row, situation);
  if (!isMandated(row, situation, officer)) {
    // The refusal names the first party that may.
    const party = PARTIES.find(({ name }) => may[name] !== 0)!;
    const held = officer.party === party ? officer.role : 0;
    return ["RoleMissing", [party.department, officer.key.id, may[party.name], held]];
  }
  if (!row.from.includes(state)) return ["StateUnsuitable", [id, state]];
  if (has(row, F.FROM_PROVIDER) && situation.suspender !== "provider") return ["SuspenderUnsuitable", [id, Sides.COMPETENT]];
  if (has(row, F.CLOSES_CHANGE) && situation.proposer === undefined) return ["NoChangePending", [id]];
  if (row.step === Steps.PROPOSE_CHANGE && situation.proposer !== undefined) return ["ChangePending", [id]];
  const marks = situation.marks ?? 0;
  if ((row.onlyAfter ?? 0) & ~marks) return ["NotAskedFor", [id, row.step]];
  let once = row.once ?? 0;
  if (has(row, F.EACH_SIDE) && officer.party.name === "competent") once *= 2;
  if (once & marks) return ["AlreadyDone", [id, row.step]];
  return undefined;
}
