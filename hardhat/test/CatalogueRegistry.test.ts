// Catalogue entries: versions submitted and reviewed, standing replies, withdrawals, freezing, and what an entry is meanwhile.
import { describe } from "node:test";
import { describeFreezing } from "./catalogue/freezing.ts";
import { describeReviewVersions } from "./catalogue/reviewing.ts";
import { describeSetStandingReply } from "./catalogue/standing.ts";
import { describeSubmitVersions } from "./catalogue/submitting.ts";
import { describeReviewWithdrawal, describeSubmitWithdrawal } from "./catalogue/withdrawing.ts";
import { itLeavesNothingOut } from "./harness/completeness.ts";

describe("CatalogueRegistry", () => {
  describe("submitVersions", describeSubmitVersions);
  describe("reviewVersions", describeReviewVersions);
  describe("setStandingReply", describeSetStandingReply);
  describe("submitWithdrawal", describeSubmitWithdrawal);
  describe("reviewWithdrawal", describeReviewWithdrawal);
  describe("freezeEntry and unfreezeEntry", describeFreezing);
  itLeavesNothingOut("CatalogueRegistry", ["DigestMissing", "SubjectMismatch"]);
});
