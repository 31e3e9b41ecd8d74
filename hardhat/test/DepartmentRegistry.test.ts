// Departments, keys, roles, applications, contracts in force: who may decide them, and what is kept.
import { describe } from "node:test";
import { itLeavesNothingOut } from "./harness/completeness.ts";
import { describeApplications } from "./registry/applications.ts";
import { describeEnrolDepartment } from "./registry/enrolment.ts";
import { describeAddKey } from "./registry/keys.ts";
import { describeRevocation } from "./registry/revocation.ts";
import { describeGrantRoles } from "./registry/roles.ts";
import { describeConstructor, describeFirstEnrolment } from "./registry/root.ts";

describe("DepartmentRegistry", () => {
  describe("constructor", describeConstructor);
  describe("enrolDepartment, the first", describeFirstEnrolment);
  describe("enrolDepartment, every other", describeEnrolDepartment);
  describe("addKey", describeAddKey);
  describe("revocation", describeRevocation);
  describe("grantRoles", describeGrantRoles);
  describe("applications and contracts", describeApplications);
  itLeavesNothingOut("DepartmentRegistry", ["PeriodInvalid"]);
});
