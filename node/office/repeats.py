"""Decisions taken twice by mistake: what was meant, and which signed decision says it.

A command that is killed after its decision was enqueued leaves a decision that will be mined. The
same command again would sign another one: a second application, a second grant. An intention is
the decision without what is drawn anew each time (nonce, notAfter, salts), so that it is known
again. It is kept before the decision is sent; one that never reached the outbox stands for nothing.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from sqlalchemy import Column, LargeBinary, MetaData, Table, select

from ..crypto import sm3
from ..errors import (
    AlreadyExists,
    Conflict,
    DecisionRefused,
    TransactionRefused,
)
from ..protocol import forms as documents
from ..storage.dialects import insert
from ..storage.locking import ActLocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from sqlalchemy import Engine

    from ..crypto import Signer
    from .act import Act
    from .desk import Decided, Desk, SignedAct

DRAWN = frozenset({"nonce", "notAfter"})
"""Members of every struct that are drawn anew with each signature."""
DIGEST = re.compile(rb'"([0-9a-f]{64})"')

metadata = MetaData()
intention = Table(
    "intention",
    metadata,
    Column("intention", LargeBinary(32), primary_key=True),
    Column("decision", LargeBinary(32), nullable=False),
)


def intention_of(act: Act, context: bytes = b"") -> bytes:
    """Return what an act means, 32 bytes: the same for the same act built again.

    `context` is what the act answers where the act does not name it: a protective step is meant
    against the state it was decided in.
    """
    papers = [{**orjson.loads(paper), "salt": None} for paper in act.documents]
    message = {name: each for name, each in act.message.items() if name not in DRAWN}
    said = {"kind": act.kind, "message": _plain(message), "papers": papers}
    text = orjson.dumps({**said, "context": context.hex()}, option=orjson.OPT_SORT_KEYS)
    # Papers are named by digests, which their salts change: each is named by its place instead.
    places = {
        documents.digest_of(paper).hex().encode(): b'"paper %d"' % index
        for index, paper in enumerate(act.documents)
    }
    return sm3(DIGEST.sub(lambda found: places.get(found[1], found[0]), text))


class Repeats:
    """Which decision last stood for which intention, in `node.db`."""

    def __init__(self, engine: Engine) -> None:
        """Keep them in `engine`; locks stand beside it, seen by every host that has it."""
        self._engine, self._deciding = engine, ActLocks(engine, "deciding")
        metadata.create_all(engine)

    @contextmanager
    def alone(self, *meant: bytes) -> Iterator[None]:
        """Keep all others from deciding any of these meanwhile; dies with the process.

        Raises:
            Conflict: another one is at it, or two of them are the same.
        """
        with self._deciding.held(meant) as mine:
            if not mine or len(set(meant)) < len(meant):
                raise Conflict("另一个命令正在办理同样的决定 / is being decided now")
            yield

    def find(self, meant: bytes) -> bytes | None:
        """Return the hash of the decision that last stood for this."""
        with self._engine.connect() as connection:
            query = select(intention.c.decision).where(intention.c.intention == meant)
            return connection.scalar(query)

    def keep(self, decisions: Mapping[bytes, bytes]) -> None:
        """Remember which decision stands for each of these intentions now."""
        statement = insert(intention)
        replaced = {"decision": statement.excluded.decision}
        rows = [{"intention": meant, "decision": each} for meant, each in decisions.items()]
        with self._engine.begin() as connection:
            connection.execute(
                statement.on_conflict_do_update(index_elements=["intention"], set_=replaced), rows
            )


def decide_once(
    desk: Desk,
    repeats: Repeats,
    act: Act,
    signer: Signer,
    possession: Signer | bytes | None = None,
    *,
    again: bool = False,
    context: bytes = b"",
) -> tuple[Decided, bool]:
    """Take a decision unless it was taken before; tell whether an earlier one was finished.

    `signer` is the official, `possession` as `Desk.sign` has it; the rest as `send_once`.
    """

    def sign() -> SignedAct:
        return desk.sign(*act, signer, possession)

    return send_once(desk, repeats, act, sign, again=again, context=context)


def send_once(
    desk: Desk,
    repeats: Repeats,
    act: Act,
    sign: Callable[[], SignedAct],
    *,
    again: bool = False,
    context: bytes = b"",
) -> tuple[Decided, bool]:
    """Send what `sign` returns unless the same was decided before; tell if that was finished.

    `again` takes it even if the same was decided before; `context` as for `intention_of`.

    Raises:
        AlreadyExists: the same was decided before; `facts` name that decision and its block.
        Conflict: another command is deciding the same at this moment.
        DecisionRefused, PeerUnavailable, ChainUnavailable: as `Desk.decide`.
    """
    return send_all_once(desk, repeats, [Meant(act, sign, context)], again=again)[0]


class Meant(NamedTuple):
    """An act on its way."""

    act: Act
    sign: Callable[[], SignedAct]
    context: bytes = b""


def send_all_once(
    desk: Desk, repeats: Repeats, acts: Sequence[Meant], *, again: bool = False
) -> list[tuple[Decided, bool]]:
    """Send decisions together, no two of which mean the same or ask anything of each other.

    Each is known again as `send_once` does; raises as it.
    """
    meanings = [intention_of(each.act, each.context) for each in acts]
    with repeats.alone(*meanings):
        found: list[tuple[Decided, bool] | None] = []
        fresh: dict[bytes, SignedAct] = {}
        for meant, (act, sign, _) in zip(meanings, acts, strict=True):
            earlier = None if again else repeats.find(meant)
            finished = None if earlier is None else _taken_up(desk, act.kind, earlier)
            found.append(None if finished is None else (finished, True))
            if finished is None:
                fresh[meant] = sign()
        # Killed from here to the outbox, an intention names a decision that never was.
        if fresh:
            repeats.keep({meant: signed.hash for meant, signed in fresh.items()})
        sent = iter(desk.send_all(list(fresh.values())) if fresh else [])
        return [each or (next(sent), False) for each in found]


def take_up(desk: Desk, repeats: Repeats, act: Act, context: bytes = b"") -> Decided | None:
    """Return the same decision if one was cut short, brought to its end; None: there is none.

    Raises:
        AlreadyExists, Conflict: as `send_once`.
    """
    meant = intention_of(act, context)
    with repeats.alone(meant):
        earlier = repeats.find(meant)
        return None if earlier is None else _taken_up(desk, act.kind, earlier)


def _taken_up(desk: Desk, kind: str, earlier: bytes) -> Decided | None:
    """Return the earlier decision brought to its end; None if it never was, or was refused."""
    try:
        mined = desk.find(kind, earlier)
        if mined is None:
            return desk.finish(kind, earlier)
    except (DecisionRefused, TransactionRefused):
        return None
    raise AlreadyExists(
        f"同样的决定已在区块 {mined.block} 生效（{earlier.hex()}）；确需再作一次请加 --again"
        " / the same was decided before",
        block=mined.block,
        decision=earlier.hex(),
    )


def _plain(value: Any) -> Any:  # noqa: ANN401 - values of a struct
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, dict):
        return {name: _plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    # Words of 256 bits are no JSON numbers.
    return value if isinstance(value, bool) else str(value)
