"""The enumerations of the contracts, numbered from 1; 0 is invalid everywhere.

The numbers are part of the wire format (protocol.md section 3) and never change.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag


class Role(IntFlag):
    """Bits of `roles[department][key]`; a department grants them to a key."""

    DATA_OFFICER = 1
    OFFICE_HEAD = 2
    DEPARTMENT_HEAD = 4
    REVIEWER = 8
    AUDITOR = 16
    DUTY_OFFICER = 32


class KeyKind(IntEnum):
    """What a key signs."""

    OFFICER = 1
    DEPARTMENT = 2
    APPLICATION = 3


class DepartmentKind(IntEnum):
    """What sort of body a department is (law.md 6a: deadlines are off for the last three)."""

    GOVERNMENT = 1
    AUTHORISED = 2
    PARTY_OR_COURT = 3
    UTILITY = 4
    OTHER = 5


class Level(IntEnum):
    """Level of government."""

    STATE = 1
    PROVINCE = 2
    CITY = 3
    COUNTY = 4
    TOWNSHIP = 5


class DepartmentStatus(IntEnum):
    """Whether a department takes part."""

    ACTIVE = 1
    SUSPENDED = 2
    CLOSED = 3


class ShareType(IntEnum):
    """Share class of an entry (条例 art. 14)."""

    UNCONDITIONAL = 1
    CONDITIONAL = 2
    NOT_SHARED = 3


class Mode(IntEnum):
    """How data is shared (条例 art. 22)."""

    QUERY = 1
    BATCH = 2
    FILE = 3
    STATISTICS = 4


class EntryState(IntEnum):
    """State of one version of an entry."""

    SUBMITTED = 1
    PUBLISHED = 2
    RETURNED = 3
    WITHDRAWAL_SUBMITTED = 4
    WITHDRAWN = 5
    FROZEN = 6


class AuthorisationState(IntEnum):
    """State of a share authorisation."""

    APPLIED = 1
    FORWARDED = 2
    RETURNED = 3
    SUPPLEMENTING = 4
    AGREED = 5
    REFUSED = 6
    WITHDRAWN = 7
    DELIVERED = 8
    ACTIVE = 9
    SUSPENDED = 10
    RECTIFIED = 11
    TERMINATED = 12
    DISPOSED = 13
    CLOSED = 14


class Answer(IntEnum):
    """A provider's reply to an application."""

    AGREE = 1
    PARTLY = 2
    REFUSE = 3


class Step(IntEnum):
    """Steps of an authorisation after it was applied for."""

    PASS = 1
    RETURN = 2
    REQUEST_SUPPLEMENT = 3
    SUPPLEMENT = 4
    REQUEST_EXTENSION = 5
    GRANT_EXTENSION = 6
    REJECT_EXTENSION = 7
    WITHDRAW = 8
    DELIVER = 9
    CONFIRM = 10
    PROPOSE_CHANGE = 11
    ACCEPT_CHANGE = 12
    REJECT_CHANGE = 13
    SUSPEND = 14
    RECTIFY = 15
    RESUME = 16
    TERMINATE_FOR_CAUSE = 17
    END_SERVICE = 18
    FINISH = 19
    REPORT_DISPOSAL = 20
    ACCEPT_DISPOSAL = 21
    DISPUTE_DISPOSAL = 22
    RULE_DISPUTE = 23
    TAKE_OVER = 24


class Permit(IntEnum):
    """Answer of `ShareAuthorisations.permits`."""

    PERMITTED = 1
    UNKNOWN = 2
    NOT_AGREED = 3
    NOT_STARTED = 4
    EXPIRED = 5
    SUSPENDED = 6
    TERMINATED = 7
    ITEM_NOT_GRANTED = 8
    PURPOSE_NOT_GRANTED = 9
    DEPARTMENT_SUSPENDED = 10
    ENTRY_FROZEN = 11
