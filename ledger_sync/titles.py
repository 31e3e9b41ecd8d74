"""What things on the ledger and in the logs are called, and which of them a name may mean.

Names people know stand in documents; where a document is not here, the code or id is shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from node.protocol.forms.words import words_of
from node.protocol.ledger.enums import AuthorisationState, KeyKind
from node.protocol.ledger.facts import ApplicationFact, KeyFact
from node.protocol.wire.ids import department_code, entry_id
from node.protocol.wire.leaf import AUDIT, CALL, KINDS, OPEN, PREVIEW, parse_leaf

from .objects import ObjectKind
from .queries import Queries
from .selecting import Reader
from .tables import BLOCK, DECISION, ENTRY, KEY
from .trace.judging import SignerNames
from .trace.lines import beijing, short

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sqlalchemy import Column, Engine

    from node.protocol.ledger.facts import AuthorisationFact, EntryFact

    from .decided import DecisionFact
    from .trace import Documents

NAMED = 20
"""Most things that one name or beginning of an id means."""
OFFICERS = 2_000
RECENT = 20_000
"""Decisions and blocks looked through for a hash that no index knows."""
LEAVES = {
    CALL: ("调用", "call"),
    AUDIT: ("审计查询", "an auditor's look"),
    OPEN: ("公开下载", "an open download"),
    PREVIEW: ("脱敏预览", "a preview"),
}
"""What the kinds of leaves are called."""
_ID_DIGITS = 64


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that may be meant."""

    kind: str
    """`call` or one of ObjectKind, `block`."""
    id: str
    """As addresses and commands have it: hex, a number, a department's code, `<hex>:<version>`."""
    title: str
    """In Chinese."""
    english: str
    code: str = ""
    """What people know it by besides, where that is no part of its title."""


class Titles(Reader):
    """Titles of things in one read model, by its documents."""

    def __init__(self, engine: Engine, documents: Documents) -> None:
        super().__init__(engine)
        self._queries = Queries(engine)
        self.names = SignerNames(self._queries, documents)

    def leaf(self, data: bytes, index: int) -> Target:
        """Name an entry of a log: a call, or what else was handed out."""
        leaf = parse_leaf(data, KINDS)
        text, english = LEAVES[leaf.kind]
        when = beijing(leaf.at // 1000)
        return Target(
            "call" if leaf.kind == CALL else "leaf",
            leaf.event.hex(),
            f"{text} {when}（日志第 {index} 条）",
            f"{english} {when} (entry {index})",
        )

    def authorisation(self, one: AuthorisationFact) -> Target:
        state, english = words_of(AuthorisationState(one.state))
        parties = f"{self.names.department(one.consumer)} ← {self.names.department(one.provider)}"
        return Target(
            ObjectKind.AUTHORISATION,
            str(one.authorisation),
            f"授权 {one.authorisation}（{parties}，{state}）",
            f"authorisation {one.authorisation} ({parties}, {english})",
        )

    def entries(self, entries: Collection[bytes]) -> list[Target]:
        """Name several entries at once; those that are not on the ledger are left out."""
        facts = self._queries.entries_among(entries)
        self.names.read(fact.digest for fact in facts.values())
        return [self._entry(facts[entry]) for entry in entries if entry in facts]

    def entry(self, entry: bytes) -> Target:
        return self._entry(self._queries.get_entry(entry))

    def _entry(self, fact: EntryFact) -> Target:
        entry = fact.entry
        name, code = self.names.entry(fact.digest), self.names.code(fact.digest)
        provider = self.names.department(fact.provider)
        return Target(
            ObjectKind.ENTRY,
            entry.hex(),
            f"目录「{name or short(entry)}」（{provider}）",
            f"entry {name or short(entry)} ({provider})",
            code or "",
        )

    def version(self, entry: bytes, version: int) -> Target:
        whole = self.entry(entry)
        return Target(
            ObjectKind.VERSION,
            f"{entry.hex()}:{version}",
            f"{whole.title} 第 {version} 版",
            f"{whole.english} version {version}",
            whole.code,
        )

    def department(self, department: bytes) -> Target:
        code, name = department_code(department), self.names.department(department)
        return Target(ObjectKind.DEPARTMENT, code, name, name, code)

    def key(self, fact: KeyFact) -> Target:
        kind, english = words_of(KeyKind(fact.kind))
        who = self.names.officer(fact) if fact.kind == KeyKind.OFFICER else self._holder(fact)
        return Target(
            ObjectKind.KEY,
            fact.key.hex(),
            f"{kind}密钥 {short(fact.key)}（{who}）",
            f"{english} key {short(fact.key)} ({who})",
        )

    def application(self, fact: ApplicationFact) -> Target:
        name, of = self.names.application(fact), self.names.department(fact.department)
        return Target(
            ObjectKind.APPLICATION,
            fact.application.hex(),
            f"应用系统「{name}」（{of}）",
            f"application {name} ({of})",
        )

    def block(self, number: int, why: tuple[str, str] = ("", "")) -> Target:
        when = beijing(self._queries.get_block(number).timestamp)
        return Target(
            "block",
            str(number),
            f"区块 {number}（{when}）{why[0]}",
            f"block {number} ({when}){why[1]}",
        )

    def decision(self, fact: DecisionFact) -> Target:
        text, english = fact.words
        return self.block(fact.block.number, (f"：决定「{text}」", f": decision {english}"))

    def _holder(self, fact: KeyFact) -> str:
        if fact.kind == KeyKind.APPLICATION:
            return self.names.application(self._queries.get_application(fact.holder))
        return self.names.department(fact.holder)

    # What a read model is asked besides what Queries asks

    def begins_with(self, column: Column[bytes], prefix: str) -> Iterator[bytes]:
        """Yield the ids that begin with these hex digits: a range of the primary key."""
        low = bytes.fromhex(prefix.ljust(_ID_DIGITS, "0"))
        high = bytes.fromhex(prefix.ljust(_ID_DIGITS, "f"))
        for row in self._all(select(column).where(column.between(low, high)), NAMED):
            yield row[column.name]

    def block_of_hash(self, wanted: bytes) -> int | None:
        """Return the number of a block of this hash, among the newest."""
        newest = select(BLOCK.c.number, BLOCK.c.hash).order_by(BLOCK.c.number.desc())
        among = newest.limit(RECENT).subquery()
        row = self._find(select(among.c.number).where(among.c.hash == wanted))
        return None if row is None else int(row["number"])

    def decision_of_hash(self, wanted: bytes) -> DecisionFact | None:
        """Return the decision with this EIP-712 hash, among the newest."""
        newest = select(DECISION.c.contract, DECISION.c.seq, DECISION.c.hash).order_by(
            DECISION.c.block.desc(), DECISION.c.log_index.desc()
        )
        among = newest.limit(RECENT).subquery()
        row = self._find(select(among.c.contract, among.c.seq).where(among.c.hash == wanted))
        return None if row is None else self._queries.get_decision(row["contract"], row["seq"])

    def entries_of_code(self, code: str) -> Iterator[bytes]:
        """Yield every department's entry with this code: their ids can be computed."""
        departments = [fact.department for fact in self._queries.departments()]
        ids = [entry_id(department, code) for department in departments]
        for row in self._all(select(ENTRY.c.entry).where(ENTRY.c.entry.in_(ids)), NAMED):
            yield row["entry"]

    def officers(self, name: str) -> Iterator[KeyFact]:
        """Return the keys of officers whose post and name hold a text."""
        facts = self._facts(KeyFact, KEY.c.kind == int(KeyKind.OFFICER), limit=OFFICERS)
        self.names.read(fact.digest for fact in facts)
        return (fact for fact in facts if name in self.names.officer(fact))

    def applications(self, name: str) -> Iterator[ApplicationFact]:
        facts = self._facts(ApplicationFact, limit=OFFICERS)
        self.names.read(fact.digest for fact in facts)
        return (fact for fact in facts if name in self.names.application(fact))

    def departments(self, name: str) -> Iterator[bytes]:
        facts = self._queries.departments()
        self.names.know(facts)
        departments = (fact.department for fact in facts)
        return (each for each in departments if name in self.names.department(each))
