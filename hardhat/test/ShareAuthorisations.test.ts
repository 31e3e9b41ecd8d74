// Share authorisations: applied for, answered, moved on, asked about.
import { describe } from "node:test";
import { describeApplyFor } from "./authorisations/applying.ts";
import { describePermits } from "./authorisations/permitting.ts";
import { describeReply } from "./authorisations/replying.ts";
import { describeAdvance } from "./authorisations/stepping.ts";
import { describeSuspending } from "./authorisations/suspending.ts";
import { itLeavesNothingOut } from "./harness/completeness.ts";

describe("ShareAuthorisations", () => {
  describe("applyFor", describeApplyFor);
  describe("reply", describeReply);
  describe("advance", describeAdvance);
  describe("a suspension", describeSuspending);
  describe("permits", describePermits);

  itLeavesNothingOut("ShareAuthorisations", ["DigestMissing", "PeriodInvalid", "SubjectMismatch"]);
});
