"""A decision prepared to the last bit for whoever signs it, wherever he sits.

Drafted from what is asked (`intents`), weighed by the contracts' own rules over this node's read
model, and read out in words. Nothing is kept here: what is prepared comes back whole, signed
(`submitting`). The warnings say what the chain would refuse now; they bind nobody.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..errors import NotEntitled
from ..protocol.forms.outcomes import outcomes_of
from ..protocol.forms.readout import read_decision
from ..protocol.forms.words import words_of
from ..protocol.ledger.core import Signed
from ..protocol.ledger.enums import KeyKind, Role
from ..protocol.wire import ids
from ..protocol.wire.prepared import Entitled, Prepared, Warned, declared_kind
from .desk import LIFE_SECONDS, NONCE_BITS
from .intents import draft
from .possession import LIFE_SECONDS as POSSESSION_SECONDS
from .repeats import intention_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..errors import DecisionRefused
    from ..protocol.ledger.core import Weighed
    from ..protocol.ledger.facts import KeyFact, RoleFact
    from ..protocol.ledger.signed import Mandate
    from ..protocol.wire.prepared import Said
    from .act import Act
    from .desk import Desk
    from .intents import Workshop
    from .reads import Papers
    from .repeats import Repeats
    from .submitting import Rules

DECIDED_BEFORE = "already-exists"
NOBODY = "not-found"


class Holders(Protocol):
    """What is asked of the read model about keys and roles."""

    def find_key(self, key: bytes) -> KeyFact | None: ...
    def roles_of(self, key: bytes) -> Sequence[RoleFact]: ...
    def roles_in(self, department: bytes) -> Sequence[RoleFact]: ...


class _Mandated(NamedTuple):
    """Who may sign: the first that is asked, with a key of theirs if there is one."""

    signers: tuple[Entitled, ...]
    key: bytes | None


class Preparer:
    """Prepares decisions at one node."""

    def __init__(
        self,
        workshop: Workshop,
        desk: Desk,
        rules: Rules,
        holders: Holders,
        *,
        repeats: Repeats,
        explain: Callable[[DecisionRefused], Said],
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Draft in `workshop`, weigh by `rules`; `explain` says a contract's error in words.

        `clock` gives seconds and must agree with the chain's within `notAfter`.
        """
        self._workshop, self._desk, self._rules = workshop, desk, rules
        self._holders, self._repeats, self._explain = holders, repeats, explain
        self._clock = clock

    def prepare(
        self,
        kind: str,
        fields: Mapping[str, Any],
        *,
        key: bytes | None = None,
        departments: frozenset[bytes] | None = None,
        papers: Papers | None = None,
    ) -> Prepared:
        """Prepare a decision; `key` is the id of who asks, who is taken for its signer if he may.

        `departments`, where given, are those he acts in: a decision is prepared for its own
        department's officers only, since papers that others may not read go into it. `papers`,
        where given, are those he may read: digests are public, and he may name any.

        Raises:
            InvalidInput, MalformedDocument, NotFound, LedgerBehind: as `intents.draft`.
            DecisionRefused: the rules refuse it before they ask who decides.
            NotEntitled: it is for another department to take.
        """
        workshop = self._workshop
        if papers is not None:
            workshop = replace(workshop, drafter=workshop.drafter.reading(papers))
        act, context = draft(workshop, kind, fields)
        return self._prepared(act, context, workshop, key, departments)

    def resume(self, act: Act, key: bytes, departments: frozenset[bytes]) -> Prepared:
        """Prepare a decision that is fixed: a new key has signed it (`possession.Request`).

        Raises:
            DecisionRefused, NotEntitled: as `prepare`.
        """
        return self._prepared(act, b"", self._workshop, key, departments)

    def _prepared(
        self,
        act: Act,
        context: bytes,
        workshop: Workshop,
        key: bytes | None,
        departments: frozenset[bytes] | None,
    ) -> Prepared:
        declared = declared_kind(act.kind)
        life = POSSESSION_SECONDS if declared.possession else LIFE_SECONDS
        message = {
            "nonce": secrets.randbits(NONCE_BITS),
            "notAfter": int(self._clock()) + life,
            **act.message,
        }
        # In the ABI's order, which is the one it is read out in.
        message = {name: message[name] for name in declared.fields if name in message}
        weighed = self._weigh(act.kind, message, key)
        if departments is not None:
            _require_own(weighed, departments)
        mandated = self._mandated(weighed.asked, key)
        if mandated.key is not None and mandated.key != key:
            # Weighed as if signed by whom it is for: else only the asker's missing role is told.
            weighed = self._weigh(act.kind, message, mandated.key)
        event = {**message, **weighed.derived}
        return Prepared(
            kind=act.kind,
            documents=tuple(act.documents),
            message=message,
            domain=self._desk.domain_of(act.kind),
            signers=mandated.signers,
            reading=read_decision(act.kind, message, act.documents),
            effects=() if weighed.refusal else tuple(outcomes_of(act.kind, event)),
            warnings=tuple(self._warnings(act, context, weighed, mandated)),
            context=context,
            references=tuple(workshop.drafter.references(act)),
        )

    def _weigh(self, kind: str, message: dict[str, Any], key: bytes | None) -> Weighed:
        contract = self._desk.domain_of(kind).contract
        return self._rules.weigh(Signed(kind, message, key or ids.ZERO, address=contract))

    def _mandated(self, asked: tuple[Mandate, ...], key: bytes | None) -> _Mandated:
        """Return who may sign; who asks first, then whoever holds a key for it now."""
        own: list[Entitled] = []
        others: list[Entitled] = []
        holder: bytes | None = None
        for department, roles, _ in asked:
            for role in Role:
                if not roles & role:
                    continue
                signers = list(self._holding(department, role))
                (own if key in signers else others).append(_entitled(department, role))
                holder = holder or next(iter(signers), None)
        return _Mandated((*own, *others), key if own else holder)

    def _holding(self, department: bytes, role: Role) -> Iterator[bytes]:
        """Yield the keys that hold a role in a department now."""
        now = int(self._clock())
        for grant in self._holders.roles_in(department):
            if not grant.roles & role or not grant.valid_from <= now < grant.valid_until:
                continue
            found = self._holders.find_key(grant.key)
            if found is not None and is_live(found, now):
                yield grant.key

    def _warnings(
        self, act: Act, context: bytes, weighed: Weighed, mandated: _Mandated
    ) -> Iterator[Warned]:
        if weighed.asked and mandated.key is None:
            yield Warned(
                NOBODY,
                ("没有一把有效的密钥具有所需的职责，现在没有人能签署", "nobody can sign it now"),
            )
        elif weighed.refusal is not None:
            yield Warned(str(weighed.refusal.facts["name"]), self._explain(weighed.refusal))
        earlier = self._repeats.find(intention_of(act, context))
        if earlier is not None:
            yield Warned(
                DECIDED_BEFORE,
                (
                    f"同样的决定已经办理过（{earlier.hex()}）；再签一次须明确要求",
                    f"the same was decided before ({earlier.hex()}); say so to take it again",
                ),
            )


def is_live(key: KeyFact, now: int) -> bool:
    """Whether an officer's key is in force at a second of chain time."""
    officer = key.kind == KeyKind.OFFICER and key.revoked_at is None
    return officer and key.valid_from <= now < key.valid_until


def _entitled(department: bytes, role: Role) -> Entitled:
    return Entitled(ids.department_code(department), role_word(role))


def role_word(role: Role) -> str:
    """Return a role as programs have it: `office-head`."""
    return words_of(role)[1].replace(" ", "-")


def _require_own(weighed: Weighed, departments: frozenset[bytes]) -> None:
    if not weighed.asked:
        if weighed.refusal is not None:
            raise weighed.refusal
    elif not any(each.department in departments for each in weighed.asked):
        codes = [ids.department_code(each.department) for each in weighed.asked]
        raise NotEntitled(
            f"这项决定由 {'、'.join(codes)} 作出，您不在其中任职 / is for another department",
            departments=codes,
        )
