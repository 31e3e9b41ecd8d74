// The numbers of contracts/types/Enumerations.sol that the tests name.
export const Role = { dataOfficer: 1, officeHead: 2, departmentHead: 4, reviewer: 8, auditor: 16, dutyOfficer: 32 };
export const KeyKind = { officer: 1, department: 2, application: 3 };
export const ShareType = { unconditional: 1, conditional: 2, notShared: 3 };
export const Mode = { query: 1, batch: 2, file: 3, statistics: 4 };
export const EntryState = { submitted: 1, published: 2, returned: 3 };
export const State = {
  applied: 1,
  forwarded: 2,
  returned: 3,
  supplementing: 4,
  agreed: 5,
  refused: 6,
  withdrawn: 7,
  delivered: 8,
  active: 9,
  suspended: 10,
  rectified: 11,
  terminated: 12,
  disposed: 13,
  closed: 14,
};
export const Answer = { agree: 1, partly: 2, refuse: 3 };
export const Step = {
  pass: 1,
  return: 2,
  requestSupplement: 3,
  supplement: 4,
  requestExtension: 5,
  grantExtension: 6,
  rejectExtension: 7,
  withdraw: 8,
  deliver: 9,
  confirm: 10,
  proposeChange: 11,
  acceptChange: 12,
  rejectChange: 13,
  suspend: 14,
  rectify: 15,
  resume: 16,
  terminateForCause: 17,
  endService: 18,
  finish: 19,
  reportDisposal: 20,
  acceptDisposal: 21,
  disputeDisposal: 22,
  ruleDispute: 23,
};
export const Permit = {
  permitted: 1,
  unknown: 2,
  notAgreed: 3,
  notStarted: 4,
  expired: 5,
  suspended: 6,
  terminated: 7,
  itemNotGranted: 8,
  purposeNotGranted: 9,
};
