"""Facts around one authorisation, permitted unless a test says otherwise."""

from dataclasses import dataclass, field, replace
from typing import Any

from node.protocol.evm.blocks import BlockRef
from node.protocol.ledger.enums import (
    AuthorisationState,
    DepartmentStatus,
    EntryState,
    KeyKind,
    Mode,
)
from node.protocol.ledger.facts import (
    AuthorisationFact,
    DepartmentFact,
    EntryFact,
    KeyFact,
    Snapshot,
)
from node.protocol.wire import ids
from tests.common.codes import department_code

NOW = 1_790_000_000
PROVIDER_CODE, CONSUMER_CODE = department_code(1), department_code(2)
PROVIDER = ids.department_id(PROVIDER_CODE)
CONSUMER = ids.department_id(CONSUMER_CODE)
APPLICATION = ids.application_id(CONSUMER, "zhihui-shengxue")
ENTRY_CODE = "302001/1"
ENTRY = ids.entry_id(PROVIDER, ENTRY_CODE)
PURPOSE = "入学资格核验"
VERSION_DIGEST, TERMS_DIGEST, SUBJECT, KEY_DIGEST = (bytes([n]) * 32 for n in (1, 2, 3, 4))


@dataclass(frozen=True)
class Item:
    code: str
    name: str = ""
    type: str = "字符型C"
    scale: int | None = None
    mask: str | None = None
    filterable: bool = True


@dataclass(frozen=True)
class Version:
    items: tuple[Item, ...] = (
        Item("XM", mask="keep:1,0"),
        Item("GMSFHM", mask="keep:6,4"),
        Item("CSRQ"),
        Item("MJ", scale=2),
        Item("BZ", filterable=False),
        Item("SECRET"),
    )
    code: str = ENTRY_CODE


@dataclass(frozen=True)
class Terms:
    row_scope: dict[str, Any] | None = None
    filter_only: tuple[str, ...] = ()
    masks: dict[str, str] = field(default_factory=dict)


GRANTED = 0b011111
"""All items but SECRET."""


def department(department_id, code, status=DepartmentStatus.ACTIVE):
    return DepartmentFact(
        department=department_id,
        code=code,
        parent=PROVIDER,
        competent=PROVIDER,
        kind=1,
        level=3,
        screening=False,
        status=status,
        digest=bytes(32),
    )


def key(**changes):
    fact = KeyFact(
        key=b"\x0b" * 32,
        holder=APPLICATION,
        kind=KeyKind.APPLICATION,
        qx=1,
        qy=2,
        valid_from=NOW - 1000,
        valid_until=NOW + 1000,
        revoked_at=None,
        digest=KEY_DIGEST,
    )
    return fact._replace(**changes)


def authorisation(**changes):
    fact = AuthorisationFact(
        authorisation=12,
        provider=PROVIDER,
        consumer=CONSUMER,
        entry=ENTRY,
        version=2,
        items=GRANTED,
        purpose=ids.purpose_id(PURPOSE),
        application=APPLICATION,
        mode=Mode.QUERY,
        state=AuthorisationState.ACTIVE,
        revision=1,
        valid_from=NOW - 100,
        valid_until=NOW + 100,
        calls_per_day=100,
        rows_per_day=1000,
        terms=bytes(32),
        subject=SUBJECT,
    )
    return fact._replace(**changes)


def entry(**changes):
    fact = EntryFact(
        entry=ENTRY,
        provider=PROVIDER,
        version=2,
        state=EntryState.PUBLISHED,
        frozen=False,
        share_type=2,
        item_count=6,
        digest=VERSION_DIGEST,
    )
    return fact._replace(**changes)


def snapshot(**changes):
    fact = Snapshot(
        block=BlockRef(812, b"\x0c" * 32, NOW - 5),
        key=key(),
        authorisation=authorisation(),
        entry=entry(),
        provider=department(PROVIDER, PROVIDER_CODE),
        consumer=department(CONSUMER, CONSUMER_CODE),
    )
    return replace(fact, **changes)
