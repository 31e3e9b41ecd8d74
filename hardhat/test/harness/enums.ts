// The numbers of contracts/types/Enumerations.sol, from the file that Python reads them from (`make abi` writes it).
import enumerations from "../../../node/protocol/abi/enumerations.json" with { type: "json" };

export const {
  Roles,
  KeyKinds,
  DepartmentStatuses,
  ShareTypes,
  Modes,
  EntryStates,
  AuthorisationStates,
  Sides,
  Marks,
  Answers,
  Steps,
  StepFlags,
  Permits,
} = enumerations;
