// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {AuthorisationStates, Marks, Roles, StepFlags, Steps} from "../types/Enumerations.sol";
import {Rule} from "../types/Records.sol";

/// @title The table of the steps an authorisation takes: from which states, to which, signed by whom.
/// @notice A new capability is a new row. Applying and replying are not rows: they set terms.
library StepTable {
    uint16 private constant APPLIED = uint16(1 << AuthorisationStates.APPLIED);
    uint16 private constant FORWARDED = uint16(1 << AuthorisationStates.FORWARDED);
    uint16 private constant SUPPLEMENTING = uint16(1 << AuthorisationStates.SUPPLEMENTING);
    uint16 private constant AGREED = uint16(1 << AuthorisationStates.AGREED);
    uint16 private constant REFUSED = uint16(1 << AuthorisationStates.REFUSED);
    uint16 private constant DELIVERED = uint16(1 << AuthorisationStates.DELIVERED);
    uint16 private constant ACTIVE = uint16(1 << AuthorisationStates.ACTIVE);
    uint16 private constant SUSPENDED = uint16(1 << AuthorisationStates.SUSPENDED);
    uint16 private constant RECTIFIED = uint16(1 << AuthorisationStates.RECTIFIED);
    uint16 private constant TERMINATED = uint16(1 << AuthorisationStates.TERMINATED);
    uint16 private constant DISPOSED = uint16(1 << AuthorisationStates.DISPOSED);
    /// The states in which calls are permitted.
    uint16 private constant SERVING = AGREED | DELIVERED | ACTIVE;

    uint32 private constant OFFICE = Roles.OFFICE_HEAD;
    uint32 private constant HEAD = Roles.DEPARTMENT_HEAD;
    uint32 private constant DUTY = Roles.DUTY_OFFICER;
    uint32 private constant REVIEWER = Roles.REVIEWER;

    /// What `rulings` allows beside states: the state that was kept when the authorisation was suspended.
    uint16 internal constant PRIOR = 1;

    /// @notice The row of a step.
    /// @param step Of Steps.
    /// @return rule All zero where the table has no such row.
    function row(uint8 step) internal pure returns (Rule memory rule) {
        // Read as: from, from once the period is over, to | flags | once, only after | consumer, provider, competent.
        if (step == Steps.PASS) {
            return Rule(APPLIED, 0, AuthorisationStates.FORWARDED, StepFlags.SCREENING, 0, 0, 0, 0, REVIEWER);
        }
        if (step == Steps.RETURN) {
            return Rule(APPLIED, 0, AuthorisationStates.RETURNED, StepFlags.SCREENING, 0, 0, 0, 0, REVIEWER);
        }
        if (step == Steps.REQUEST_SUPPLEMENT) {
            return Rule(
                APPLIED | FORWARDED,
                0,
                AuthorisationStates.SUPPLEMENTING,
                StepFlags.KEEPS_PRIOR | StepFlags.EACH_SIDE | StepFlags.DOCUMENT,
                Marks.SUPPLEMENT_REQUESTED_BY_PROVIDER,
                0,
                0,
                OFFICE,
                REVIEWER
            );
        }
        if (step == Steps.SUPPLEMENT) {
            return Rule(SUPPLEMENTING, 0, 0, StepFlags.TO_PRIOR | StepFlags.DOCUMENT, 0, 0, OFFICE, 0, 0);
        }
        if (step == Steps.REQUEST_EXTENSION) {
            return Rule(
                APPLIED | FORWARDED, 0, 0, StepFlags.DOCUMENT, Marks.EXTENSION_REQUESTED, 0, 0, OFFICE, 0
            );
        }
        if (step == Steps.GRANT_EXTENSION || step == Steps.REJECT_EXTENSION) {
            return
                Rule(APPLIED | FORWARDED, 0, 0, 0, Marks.EXTENSION_ANSWERED, Marks.EXTENSION_REQUESTED, 0, 0, HEAD);
        }
        if (step == Steps.WITHDRAW) {
            return
                Rule(APPLIED | FORWARDED | SUPPLEMENTING, 0, AuthorisationStates.WITHDRAWN, 0, 0, 0, OFFICE, 0, 0);
        }
        if (step == Steps.DELIVER) return Rule(AGREED, 0, AuthorisationStates.DELIVERED, 0, 0, 0, 0, OFFICE, 0);
        if (step == Steps.CONFIRM) return Rule(DELIVERED, 0, AuthorisationStates.ACTIVE, 0, 0, 0, OFFICE, 0, 0);
        return _laterRow(step);
    }

    /// @notice The states in which a dispute can be ruled to end.
    /// @param state Of AuthorisationStates, when it is ruled.
    /// @return Bit i: state i of AuthorisationStates; bit 0: the state that was kept when it was suspended.
    function rulings(uint8 state) internal pure returns (uint16) {
        if (state == AuthorisationStates.REFUSED) return FORWARDED | REFUSED;
        if (state == AuthorisationStates.AGREED) return AGREED | SUSPENDED | TERMINATED;
        if (state == AuthorisationStates.SUSPENDED) return SUSPENDED | TERMINATED | PRIOR;
        if (state == AuthorisationStates.TERMINATED) return TERMINATED;
        return 0;
    }

    /// @notice The row of a step that is taken while the data is used, or after.
    /// @param step Of Steps.
    /// @return rule All zero where the table has no such row.
    function _laterRow(uint8 step) private pure returns (Rule memory rule) {
        if (step == Steps.PROPOSE_CHANGE) {
            return Rule(SERVING, 0, 0, StepFlags.TERMS | StepFlags.DOCUMENT, 0, 0, OFFICE, OFFICE, 0);
        }
        if (step == Steps.ACCEPT_CHANGE) {
            return Rule(
                SERVING,
                0,
                0,
                StepFlags.TERMS | StepFlags.DOCUMENT | StepFlags.OTHER_SIDE | StepFlags.CLOSES_CHANGE,
                0,
                0,
                OFFICE,
                OFFICE,
                0
            );
        }
        if (step == Steps.REJECT_CHANGE) {
            return Rule(SERVING, 0, 0, StepFlags.CLOSES_CHANGE, 0, 0, OFFICE, OFFICE, 0);
        }
        if (step == Steps.SUSPEND) {
            return Rule(
                SERVING,
                0,
                AuthorisationStates.SUSPENDED,
                StepFlags.PROTECTIVE | StepFlags.KEEPS_PRIOR | StepFlags.SUSPENDS | StepFlags.EVEN_INACTIVE,
                0,
                0,
                0,
                OFFICE | DUTY,
                HEAD | DUTY
            );
        }
        if (step == Steps.TAKE_OVER) {
            return Rule(
                SUSPENDED | RECTIFIED,
                0,
                AuthorisationStates.SUSPENDED,
                StepFlags.PROTECTIVE | StepFlags.SUSPENDS | StepFlags.FROM_PROVIDER,
                0,
                0,
                0,
                0,
                HEAD | DUTY
            );
        }
        if (step == Steps.RECTIFY) return Rule(SUSPENDED, 0, AuthorisationStates.RECTIFIED, 0, 0, 0, OFFICE, 0, 0);
        if (step == Steps.RESUME) {
            return Rule(
                SUSPENDED | RECTIFIED, 0, 0, StepFlags.TO_PRIOR | StepFlags.BY_SUSPENDER, 0, 0, 0, OFFICE, HEAD
            );
        }
        if (step == Steps.TERMINATE_FOR_CAUSE) {
            return Rule(
                SUSPENDED | RECTIFIED,
                0,
                AuthorisationStates.TERMINATED,
                StepFlags.PROTECTIVE,
                0,
                0,
                0,
                OFFICE,
                HEAD
            );
        }
        if (step == Steps.END_SERVICE) {
            return Rule(SERVING, 0, 0, StepFlags.DOCUMENT | StepFlags.ENDS, 0, 0, 0, OFFICE, 0);
        }
        if (step == Steps.FINISH) {
            return Rule(SERVING | SUSPENDED | RECTIFIED, 0, AuthorisationStates.TERMINATED, 0, 0, 0, OFFICE, 0, 0);
        }
        if (step == Steps.REPORT_DISPOSAL) {
            return Rule(
                TERMINATED,
                SERVING | SUSPENDED | RECTIFIED,
                AuthorisationStates.DISPOSED,
                StepFlags.DOCUMENT,
                0,
                0,
                OFFICE,
                0,
                0
            );
        }
        if (step == Steps.ACCEPT_DISPOSAL) {
            return Rule(DISPOSED, 0, AuthorisationStates.CLOSED, 0, 0, 0, 0, OFFICE, 0);
        }
        if (step == Steps.DISPUTE_DISPOSAL) {
            return Rule(DISPOSED, 0, AuthorisationStates.TERMINATED, StepFlags.DOCUMENT, 0, 0, 0, OFFICE, 0);
        }
        if (step == Steps.RULE_DISPUTE) {
            return Rule(
                REFUSED | AGREED | SUSPENDED | TERMINATED,
                0,
                0,
                StepFlags.DOCUMENT | StepFlags.RULES,
                0,
                0,
                0,
                0,
                HEAD
            );
        }
    }
}
