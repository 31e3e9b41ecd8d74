// Departments, keys, roles, applications, contracts in force: who may decide them, and what is kept.
import { describe } from "node:test";
import { itLeavesNothingOut } from "./harness/completeness.ts";
import { describeApplications } from "./registry/applications.ts";
import { describeEnrolDepartment } from "./registry/enrolment.ts";
import { describeAddKey } from "./registry/keys.ts";
import { describeRevocation } from "./registry/revocation.ts";
import { describePersons } from "./registry/persons.ts";
import { describeGrantRoles } from "./registry/roles.ts";
import { describeConstructor, describeFirstEnrolment } from "./registry/root.ts";
import {
  describeActing,
  describeInactiveDepartment,
  describeRecoverKey,
  describeSetDepartmentStatus,
} from "./registry/statuses.ts";
import { describeCommonSuperior, describeShadowDepartment, describeUpdateDepartment } from "./registry/updating.ts";

describe("DepartmentRegistry", () => {
  describe("constructor", describeConstructor);
  describe("enrolDepartment, the first", describeFirstEnrolment);
  describe("enrolDepartment, every other", describeEnrolDepartment);
  describe("updateDepartment", describeUpdateDepartment);
  describe("a shadow department", describeShadowDepartment);
  describe("commonSuperiorOf", describeCommonSuperior);
  describe("setDepartmentStatus", describeSetDepartmentStatus);
  describe("a department that is not active", describeInactiveDepartment);
  describe("departments under one that is not active", describeActing);
  describe("addKey", describeAddKey);
  describe("persons", describePersons);
  describe("recoverKey", describeRecoverKey);
  describe("revocation", describeRevocation);
  describe("grantRoles", describeGrantRoles);
  describe("applications and contracts", describeApplications);
  itLeavesNothingOut("DepartmentRegistry", ["PeriodInvalid", "DigestMissing"]);
});
