// Catalogue entries: versions submitted and reviewed, standing replies, and what an entry is meanwhile.
import { describe } from "node:test";
import { describeReviewVersions } from "./catalogue/reviewing.ts";
import { describeSetStandingReply } from "./catalogue/standing.ts";
import { describeSubmitVersions } from "./catalogue/submitting.ts";
import { itLeavesNothingOut } from "./harness/completeness.ts";

describe("CatalogueRegistry", () => {
  describe("submitVersions", describeSubmitVersions);
  describe("reviewVersions", describeReviewVersions);
  describe("setStandingReply", describeSetStandingReply);
  itLeavesNothingOut("CatalogueRegistry", ["DigestMissing", "SubjectMismatch"]);
});
