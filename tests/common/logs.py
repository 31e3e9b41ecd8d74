"""Logs, identities, drafts and a clock for the tests of the log."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, select, update

from node.crypto import Ed25519Signer, SoftwareSigner, sm3
from node.log import (
    Committed,
    Committer,
    Draft,
    LeafDraft,
    LogIdentity,
)
from node.log.indexes import load_fresh
from node.log.tables import batch, head
from node.protocol.evm.blocks import BlockRef
from node.protocol.wire.ids import (
    ZERO,
    department_id,
    log_id,
    log_origin,
)
from node.protocol.wire.leaf import OPEN, build_leaf
from tests.common.codes import department_code

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Engine

CODE = department_code(1)
BLOCK = BlockRef(number=812, hash=b"\x08" * 32, timestamp=1_789_963_000)
NOON = 1_789_963_200_000
"""2026-09-21 12:00 in Beijing, in ms."""


class Clock:
    """A clock that stands until it is told otherwise, in the writer's nanoseconds."""

    def __init__(self, milliseconds: int = NOON) -> None:
        self.milliseconds = milliseconds

    def __call__(self) -> int:
        return self.milliseconds * 1_000_000

    @property
    def seconds(self) -> int:
        """Return what a call judged now would be judged at."""
        return self.milliseconds // 1000


def commit_all(committer: Committer, drafts: Sequence[Draft]) -> list[Committed]:
    """Commit drafts that are all expected to get an entry or a stored one."""
    done = []
    for result in committer.commit(drafts):
        assert isinstance(result, Committed), result
        done.append(result)
    return done


def forget_resends(engine: Engine) -> None:
    """Leave a log that nobody writes as it is when the last resend window has long passed."""
    with engine.begin() as connection:
        for number, size in connection.execute(select(head.c.number, head.c.size)).all():
            load_fresh(connection, number, size).index(connection, number, size)
        connection.execute(update(head).values(indexed=head.c.size))
        connection.execute(delete(batch))


def new_identity(code: str = CODE) -> LogIdentity:
    """Return a log of a department, with fresh keys."""
    origin = log_origin(31337, bytes(range(20)), code)
    return LogIdentity(
        log=log_id(origin),
        origin=origin,
        department=department_id(code),
        sm2=SoftwareSigner.generate(),
        ed25519=Ed25519Signer.generate(),
    )


def new_draft(
    identity: LogIdentity,
    number: int,
    *,
    authorisation: int = 12,
    counted: bool = True,
    calls_per_day: int = 1_000_000,
    rows_per_day: int = 1_000_000,
    rows: int = 1,
    refusal: str | None = None,
    text: bytes | None = None,
    base: bytes | None = None,
    log: bytes | None = None,
    judged: int = NOON // 1000,
    key: bytes = ZERO,
) -> Draft:
    """Return call `number` of an application; equal numbers have equal events and texts."""
    event = (1_790_000_000 + number // 1000).to_bytes(8, "big") + number.to_bytes(24, "big")
    base = base or f'"@method": POST call {number}'.encode()
    served = refusal is None
    answer = f"sealed {number}".encode() if served else None
    return Draft(
        log=log or identity.log,
        event=event,
        text=text or base,
        authorisation=authorisation,
        counted=counted,
        calls_per_day=calls_per_day,
        rows_per_day=rows_per_day,
        rows=rows,
        key=key,
        leaf=LeafDraft.of(
            build_leaf(
                block=BLOCK,
                judged=judged,
                event=event,
                base=base,
                signature=bytes(64),
                authorisation=authorisation,
                custody="own",
                outcome=refusal or "served",
                items=5,
                masked=4 if served else 0,
                rows=rows if served else 0,
                answer=sm3(answer) if answer else None,
                plain=b"\x0b" * 32 if served else None,
            )
        ),
        answer=answer,
        request=f"body {number}".encode(),
        refusal=refusal,
    )


def with_members(draft: Draft, **members: Any) -> Draft:
    """Return a draft whose leaf has other members."""
    return replace(draft, leaf=LeafDraft.of({**draft.leaf.members(), **members}))


def other_draft(identity: LogIdentity, number: int, kind: str, answer: bytes) -> Draft:
    """Return a draft of a kind that is no call; `answer` is what is handed out."""
    call = new_draft(identity, number)
    signed: dict[str, Any] = {} if kind == OPEN else {"base": call.text, "signature": bytes(64)}
    return Draft(
        log=identity.log,
        event=call.event,
        text=call.text,
        authorisation=0,
        counted=False,
        leaf=LeafDraft.of(
            build_leaf(
                kind,
                block=BLOCK,
                judged=NOON // 1000,
                event=call.event,
                custody="own",
                question="event 00",
                answer=sm3(answer),
                **signed,
            )
        ),
        answer=answer,
    )
