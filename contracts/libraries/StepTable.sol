// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AuthorisationStates, Roles, Steps} from "../types/Enumerations.sol";
import {Rule} from "../types/Records.sol";

/// @title The table of the steps an authorisation takes: from which states, to which, signed by whom.
/// @notice A new capability is a new row. Applying and replying are not rows: they set terms.
library StepTable {
    uint16 private constant APPLIED = uint16(1 << AuthorisationStates.APPLIED);
    uint16 private constant FORWARDED = uint16(1 << AuthorisationStates.FORWARDED);
    uint16 private constant AGREED = uint16(1 << AuthorisationStates.AGREED);
    uint16 private constant DELIVERED = uint16(1 << AuthorisationStates.DELIVERED);
    uint16 private constant ACTIVE = uint16(1 << AuthorisationStates.ACTIVE);
    uint16 private constant SUSPENDED = uint16(1 << AuthorisationStates.SUSPENDED);
    uint16 private constant RECTIFIED = uint16(1 << AuthorisationStates.RECTIFIED);

    uint32 private constant OFFICE = Roles.OFFICE_HEAD;
    uint32 private constant HEAD = Roles.DEPARTMENT_HEAD;
    uint32 private constant DUTY = Roles.DUTY_OFFICER;
    uint32 private constant REVIEWER = Roles.REVIEWER;

    /// @notice The row of a step.
    /// @param step Of Steps.
    /// @return rule All zero where the table has no such row.
    function row(uint8 step) internal pure returns (Rule memory rule) {
        // Read as: from, to | protective, screening, by who suspended | consumer, provider, competent.
        if (step == Steps.PASS) {
            return Rule(APPLIED, AuthorisationStates.FORWARDED, false, true, false, 0, 0, REVIEWER);
        }
        if (step == Steps.RETURN) {
            return Rule(APPLIED, AuthorisationStates.RETURNED, false, true, false, 0, 0, REVIEWER);
        }
        if (step == Steps.WITHDRAW) {
            return Rule(APPLIED | FORWARDED, AuthorisationStates.WITHDRAWN, false, false, false, OFFICE, 0, 0);
        }
        if (step == Steps.DELIVER) {
            return Rule(AGREED, AuthorisationStates.DELIVERED, false, false, false, 0, OFFICE, 0);
        }
        if (step == Steps.CONFIRM) {
            return Rule(DELIVERED, AuthorisationStates.ACTIVE, false, false, false, OFFICE, 0, 0);
        }
        if (step == Steps.SUSPEND) {
            return Rule(
                AGREED | DELIVERED | ACTIVE,
                AuthorisationStates.SUSPENDED,
                true,
                false,
                false,
                0,
                OFFICE | DUTY,
                HEAD | DUTY
            );
        }
        if (step == Steps.RECTIFY) {
            return Rule(SUSPENDED, AuthorisationStates.RECTIFIED, false, false, false, OFFICE, 0, 0);
        }
        if (step == Steps.RESUME) {
            return Rule(SUSPENDED | RECTIFIED, 0, false, false, true, 0, OFFICE, HEAD);
        }
        if (step == Steps.TERMINATE_FOR_CAUSE) {
            return Rule(
                SUSPENDED | RECTIFIED, AuthorisationStates.TERMINATED, true, false, false, 0, OFFICE, HEAD
            );
        }
    }
}
