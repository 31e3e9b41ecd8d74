// The table of steps as design.md section 5 has it, and what follows from it for one officer in one situation.
//
// Written from the design and not read from the contract: that is what makes it a check of `StepTable`.
import { Role, State, Step } from "../harness/enums.ts";
import { type Officer, PARTIES } from "../harness/parties.ts";
import type { Situation } from "./situations.ts";

/** A row of the design's table. */
export interface Row {
  readonly step: number;
  readonly from: readonly number[];
  readonly to: number | "prior";
  /** Roles that may sign, for each party that may take the step at all. */
  readonly consumer?: number;
  readonly provider?: number;
  readonly competent?: number;
  /** Only where the provider's competent department screens. */
  readonly screening?: true;
  /** Answers no paper. */
  readonly protective?: true;
  /** By the provider only where it was the provider that suspended. */
  readonly bySuspender?: true;
}

const { officeHead, departmentHead, reviewer, dutyOfficer } = Role;
const { applied, forwarded, returned, agreed, withdrawn, delivered, active, suspended, rectified, terminated } = State;

/**
 * Section 5 row by row. "Consumer" and "provider" act through office heads, "competent" through department heads, a
 * "reviewer" is one of the competent department; a duty officer may also suspend.
 */
export const TABLE: readonly Row[] = [
  { step: Step.pass, from: [applied], to: forwarded, competent: reviewer, screening: true },
  { step: Step.return, from: [applied], to: returned, competent: reviewer, screening: true },
  { step: Step.withdraw, from: [applied, forwarded], to: withdrawn, consumer: officeHead },
  { step: Step.deliver, from: [agreed], to: delivered, provider: officeHead },
  { step: Step.confirm, from: [delivered], to: active, consumer: officeHead },
  {
    step: Step.suspend,
    from: [agreed, delivered, active],
    to: suspended,
    provider: officeHead | dutyOfficer,
    competent: departmentHead | dutyOfficer,
    protective: true,
  },
  { step: Step.rectify, from: [suspended], to: rectified, consumer: officeHead },
  {
    step: Step.resume,
    from: [suspended, rectified],
    to: "prior",
    provider: officeHead,
    competent: departmentHead,
    bySuspender: true,
  },
  {
    step: Step.terminateForCause,
    from: [suspended, rectified],
    to: terminated,
    provider: officeHead,
    competent: departmentHead,
    protective: true,
  },
];

/** Steps of the design that the contract does not know yet: nobody may take them from any state. */
export const LATER: readonly number[] = [
  Step.requestSupplement,
  Step.supplement,
  Step.requestExtension,
  Step.grantExtension,
  Step.rejectExtension,
  Step.proposeChange,
  Step.acceptChange,
  Step.rejectChange,
  Step.endService,
  Step.finish,
  Step.reportDisposal,
  Step.acceptDisposal,
  Step.disputeDisposal,
  Step.ruleDispute,
];

/** Roles of each party that may take a row's step in a situation. */
function mandates(row: Row, { suspender }: Situation): Record<string, number> {
  const barred = row.bySuspender === true && suspender !== "provider";
  return { consumer: row.consumer ?? 0, provider: barred ? 0 : (row.provider ?? 0), competent: row.competent ?? 0, stranger: 0 };
}

/** The error an officer must meet, or undefined where the step must pass. */
export function refusalOf(row: Row, situation: Situation, officer: Officer): [string, unknown[]] | undefined {
  const { id, state } = situation;
  if (!row.from.includes(state)) return ["StateUnsuitable", [id, state]];
  const may = mandates(row, situation);
  if (may[officer.party.name]! & officer.role) return undefined;
  // The refusal names the first party that may.
  const party = PARTIES.find(({ name }) => may[name] !== 0)!;
  const held = officer.party === party ? officer.role : 0;
  return ["RoleMissing", [party.department, officer.key.id, may[party.name], held]];
}
