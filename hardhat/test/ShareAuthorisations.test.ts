// Share authorisations: applied for, answered, moved on, asked about.
import { describe } from "node:test";
import { describeApplyFor } from "./authorisations/applying.ts";
import { describeAsking } from "./authorisations/asking.ts";
import { describeChange } from "./authorisations/changing.ts";
import { describeEnding } from "./authorisations/ending.ts";
import { describePermits } from "./authorisations/permitting.ts";
import { describeReply } from "./authorisations/replying.ts";
import { describeRuling } from "./authorisations/ruling.ts";
import { describeAdvance } from "./authorisations/stepping.ts";
import { describeSuspending } from "./authorisations/suspending.ts";
import { itLeavesNothingOut } from "./harness/completeness.ts";

describe("ShareAuthorisations", () => {
  describe("applyFor", describeApplyFor);
  describe("reply", describeReply);
  describe("advance", describeAdvance);
  describe("what is asked for before the reply", describeAsking);
  describe("a suspension", describeSuspending);
  describe("change", describeChange);
  describe("the end of the use", describeEnding);
  describe("a ruling", describeRuling);
  describe("permits", describePermits);

  itLeavesNothingOut("ShareAuthorisations", ["DigestMissing", "PeriodInvalid", "SubjectMismatch"]);
});
