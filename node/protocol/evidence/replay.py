"""Replay of a bundle's events, and of its documents behind them.

What the claimed call was judged by is taken on the way. A bundle may leave documents out (a reader
may not be entitled to one, an order may have removed it), save those the claim cannot be checked
without. A document counts for an object only through an agreeing binding of that object: whoever
names its digest in a decision of his own changes nothing.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from ...errors import DecisionRefused, EvidenceInvalid, LedgerError
from .. import forms
from ..evm.decision import from_event, is_decision
from ..ledger.competence import parties_of
from ..ledger.core import Ledger, Origin
from ..ledger.facts import AuthorisationFact, VersionFact
from ..ledger.judge import Standing, standing_in
from ..ledger.report import checking, refuse
from ..ledger.surroundings import Memory, Sm2Outside

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..evm.abi import ChainEvent
    from ..ledger.surroundings import Store
    from ..wire.trustfile import Trust
    from .bundle import Bundle

    Bound = tuple[ChainEvent, forms.Binding]


class Anchor(NamedTuple):
    """A size and root of a log in a block."""

    size: int
    root: bytes
    checkpoint_hash: bytes
    block_number: int
    timestamp: int


@dataclass(slots=True)
class Replayed:
    """The ledger at the trusted head, and the claimed call's standing at each change since."""

    records: Memory = field(default_factory=Memory)
    anchors: dict[bytes, list[Anchor]] = field(default_factory=dict)
    """By log, in chain order, sizes strictly growing."""
    acted: dict[tuple[str, int], bytes] = field(default_factory=dict)
    """By contract and number of each decision: the department it was taken for."""
    standings: list[tuple[int, Standing]] = field(default_factory=list)
    """After the block the leaf names, and after each later one with events."""

    @property
    def judged(self) -> Standing:
        """How the call stood after the block that its leaf names."""
        return self.standings[0][1]

    def find_change(self, until: int) -> int | None:
        """Return the first block up to `until` after which the call stood differently."""
        blocks = (n for n, standing in self.standings if n <= until and standing != self.judged)
        return next(blocks, None)


def replay(
    events: Sequence[ChainEvent], trust: Trust, *, block: int, authorisation: int, key_id: bytes
) -> Replayed:
    """Apply all events, and take the standing of (authorisation, key) from `block` on.

    Raises:
        EvidenceInvalid: an event is out of sequence, not signed as it must be, or not allowed.
    """
    replayed, root = Replayed(), trust.root_key
    origin = Origin(trust.chain_id, trust.registry, (root.x, root.y))
    ledger = Ledger(replayed.records, origin, Sm2Outside())

    def take(number: int) -> None:
        standing = standing_in(replayed.records, authorisation, key_id)
        replayed.standings.append((number, standing))

    for number, group in groupby(events, key=lambda event: event.block_number):
        if number > block and not replayed.standings:
            take(block)
        for event in group:
            _apply(ledger, event, replayed)
        if replayed.standings:
            take(number)
    if not replayed.standings:
        take(block)
    return replayed


def place(event: ChainEvent) -> str:
    """Name an event's place on the chain."""
    return (
        f"block {event.block_number}, transaction {event.tx_index}, log {event.log_index} "
        f"({event.name})"
    )


def _apply(ledger: Ledger, event: ChainEvent, replayed: Replayed) -> None:
    try:
        act = ledger.apply(event)
    except DecisionRefused as err:
        refuse(
            place(event),
            f"合约规则不允许这一事件（{err.facts['name']}）",
            f"the contract cannot have emitted it: {err.message}",
        )
    if act is not None:
        replayed.acted[act.contract, act.seq] = act.acting
    if event.name == "Anchored":
        args = event.args
        anchor = Anchor(
            args["size"], args["root"], args["checkpointHash"], event.block_number, event.timestamp
        )
        replayed.anchors.setdefault(args["log"], []).append(anchor)


Papers = dict[tuple[str, bytes], forms.Document]
"""Documents by the object that they stand behind and their digest."""


def verify_documents(bundle: Bundle, events: Iterable[ChainEvent], replayed: Replayed) -> Papers:
    """Check every document of the bundle and return them by their objects.

    Raises:
        EvidenceInvalid: one that no decision names, or that agrees with none that does.
    """
    bound, parsed = _bindings(events, bundle.documents), {}
    for position, (digest, data) in enumerate(sorted(bundle.documents.items())):
        where = f"documents[{position}]"
        if digest not in bound:
            refuse(
                where,
                f"没有任何决定引用这份文书（SM3 {digest.hex()}）",
                f"no decision names the document with SM3 {digest.hex()}",
            )
        with checking(where, "文书格式不合规范", "not a well-formed document"):
            parsed[digest] = forms.parse(data)
    papers: Papers = {}
    false: dict[bytes, tuple[ChainEvent, list[str]]] = {}
    # What names items means something only beside the pinned version, so the versions come first.
    for needs_version in (False, True):
        for digest, bindings in bound.items():
            document = parsed[digest]
            if (document.kind in forms.NEED_VERSION) is needs_version:
                finding = _settle(document, bindings, replayed, papers)
                if finding is not None:
                    false[digest] = finding
    if false:
        _refuse_false(false)
    return papers


def _bindings(
    events: Iterable[ChainEvent], documents: Mapping[bytes, bytes]
) -> dict[bytes, list[Bound]]:
    found: dict[bytes, list[Bound]] = defaultdict(list)
    for event in events:
        if is_decision(event.name):
            name = from_event(event.name, event.args)[0].name
            for binding in forms.bindings_of(name, event.args):
                if binding.digest in documents:
                    found[binding.digest].append((event, binding))
    return found


def _settle(
    document: forms.Document, bindings: list[Bound], replayed: Replayed, papers: Papers
) -> tuple[ChainEvent, list[str]] | None:
    """Keep a document behind each object whose binding it agrees with; one is enough.

    Where it agrees with none, return the first of them and in what they differ.
    """
    findings = []
    for event, binding in bindings:
        differing = _differences(document, binding, replayed.records, papers)
        acted = replayed.acted[event.contract, event.seq]
        parties = parties_of(replayed.records, acted, *binding.concerned)
        if not parties.issuperset(forms.departments_named(document)):
            differing.append("parties")
        if differing:
            findings.append((event, differing))
        else:
            papers[binding.object, document.digest] = document
    return findings[0] if len(findings) == len(bindings) else None


def _refuse_false(false: Mapping[bytes, tuple[ChainEvent, list[str]]]) -> NoReturn:
    """Refuse the bundle for the first of its false documents; name them all in the facts."""
    digest, (event, differing) = next(iter(false.items()))
    where = f"document {digest.hex()}"
    english = f"contradicts the chain: differs from {place(event)} in {', '.join(differing)}"
    raise EvidenceInvalid(
        f"{where}: {english}",
        where=where,
        text=f"文书与链上字段矛盾：{'、'.join(differing)}",
        english=english,
        false=[each.hex() for each in false],
    )


def _differences(
    document: forms.Document, binding: forms.Binding, store: Store, papers: Papers
) -> list[str]:
    if document.kind != binding.kind:
        return ["type"]
    version = _pinned_version(binding, store, papers)
    try:
        return forms.contradicts(document, binding.struct, version=version)
    except LedgerError as err:
        return [err.code]


def _pinned_version(
    binding: forms.Binding, store: Store, papers: Papers
) -> forms.CatalogueVersionPaper | None:
    """Return the version that a document on an authorisation speaks of, where it is there."""
    if binding.kind not in forms.NEED_VERSION:
        return None
    one = store.find(AuthorisationFact, binding.concerned.id)
    version = store.find(VersionFact, one.entry, one.version) if one else None
    paper = find_version(papers, version)
    body = paper.body if paper else None
    return body if isinstance(body, forms.CatalogueVersionPaper) else None


def find_version(papers: Papers, version: VersionFact | None) -> forms.Document | None:
    """Return the document behind a catalogue version, where it is there."""
    if version is None:
        return None
    name = forms.version_object(version.entry, version.version)
    return papers.get((name, version.digest))
