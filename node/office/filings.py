"""A filed table beside the ledger: what is new, what changed and in what, and what is gone.

Only what is new or changed is handed in. A version is compared by its document without number and
salt. One that waits for its review cannot be overtaken; one that was returned has to be mended
before it is filed again; one that was withdrawn is filed anew.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from ..documents.coverage import key_space
from ..errors import Contradictory, LedgerBehind
from ..protocol import forms as documents
from ..protocol.forms.words import FIELDS
from ..protocol.ledger.enums import EntryState
from ..protocol.wire import ids
from .reads import find_versions, get_version

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from collections.abc import Mapping as Mapped

    from ..documents.coverage import Edition
    from ..documents.importing.filing import Filing
    from ..documents.importing.mapping import Mapping
    from ..protocol.forms import Document
    from ..protocol.ledger.facts import EntryFact, VersionFact
    from .reads import Ledger, Papers

ALONE = {"version", "salt"}
"""Members that differ between two versions that say the same."""
NAMES_SAID = 5
MOST = 2
"""Of so many entries one: half of a table, from which something is wrong with its codes."""
FEW = 3
"""Entries of which it is not worth saying that most are new."""
READ_AT_ONCE = 500
"""Documents of earlier versions that are held together."""
ALIKE = 50.0
"""Names of one data set have at least this much in common, of 100 (rapidfuzz `ratio`)."""


class Change(NamedTuple):
    """An entry that says something else than its newest version."""

    paper: Document
    before: Document
    fields: list[str]
    """What differs, in Chinese."""

    @property
    def is_another(self) -> bool:
        """Whether the code seems to have passed to another data set."""
        from rapidfuzz import fuzz  # 3 MiB that only who compares tables needs

        old, new = self.before.body, self.paper.body
        items = {item.name for item in old.items} & {item.name for item in new.items}
        return fuzz.ratio(old.name, new.name) < ALIKE and not items


class Gone(NamedTuple):
    """An entry the table had before and has no more."""

    code: str
    name: str
    state: int
    """enums.EntryState of its version in force, or of its newest."""

    @property
    def can_be_withdrawn(self) -> bool:
        return self.state == EntryState.PUBLISHED


class _Twin(NamedTuple):
    code: str
    name: str


@dataclass
class Sorted:
    """A table's entries by what there is to do with them."""

    new: list[Document] = field(default_factory=list)
    """Entries without a version, or whose versions were withdrawn."""
    changed: list[Change] = field(default_factory=list)
    unchanged: list[Document] = field(default_factory=list)
    """As published, or as they wait for their review."""
    blocked: list[str] = field(default_factory=list)
    """Why an entry cannot be filed, a line each."""

    @property
    def to_file(self) -> list[Document]:
        """What is to be signed."""
        return [*self.new, *(change.paper for change in self.changed)]


@dataclass(frozen=True)
class Compared:
    """A table beside the ledger."""

    filing: Filing
    newest: Newest
    found: Sorted
    edition: Edition
    gone: list[Gone]
    space: bytes
    """What the codes are made by (`documents.coverage`)."""
    _store: Papers = field(repr=False)

    @cached_property
    def doubts(self) -> list[str]:
        """What looks as if the codes were made of the wrong column, in Chinese."""
        return list(_doubts(self._store, self.newest, self.found, self.edition))

    @property
    def may_be_signed(self) -> bool:
        """Whether there is something to file and nothing is in its way."""
        clean = not self.filing.problems and not self.found.blocked
        return clean and bool(self.found.to_file)


def compare_filing(
    ledger: Ledger,
    store: Papers,
    newest: Newest,
    read: tuple[Filing, Mapping],
    edition_of: Callable[[bytes, Collection[str]], Edition],
) -> Compared:
    """Set a table that was read by a mapping beside the ledger.

    `edition_of` says what it has lost of what an earlier one covered (`documents.coverage`).

    Raises:
        LedgerBehind: the document of a version it is compared with has not arrived here.
    """
    filing, mapping = read
    papers = [entry.paper for entry in filing.entries]
    found = sort_filing(store, newest, papers, numbered=mapping.items.names is not None)
    space = key_space(mapping.layout, mapping.entry["code"].model_dump(mode="json"))
    edition = edition_of(space, filing.codes)
    gone = find_gone(ledger, store, newest, edition)
    return Compared(filing, newest, found, edition, gone, space, store)


def bodies_of(papers: Iterable[Document]) -> list[dict[str, Any]]:
    """Return versions as `SubmitVersions` is asked to have them prepared."""
    given = ("type", "v", "salt")
    return [
        {name: each for name, each in orjson.loads(paper.data).items() if name not in given}
        for paper in papers
    ]


class Newest:
    """The newest version of each entry of a department, read when first asked for."""

    def __init__(self, ledger: Ledger, department: str) -> None:
        """Ask the read model; a returned version counts: its number is spent."""
        self._ledger = ledger
        self.code, self.department = department, ids.department_id(department)
        self._entries: dict[str, bytes] = {}

    @cached_property
    def versions(self) -> Mapped[bytes, VersionFact]:
        """The newest versions by entry."""
        return self._ledger.newest_versions(self.department)

    def find(self, code: str) -> VersionFact | None:
        """Return the newest version of the entry with this code."""
        entry = self._entries.get(code)
        if entry is None:
            entry = self._entries[code] = ids.entry_id(self.department, code)
        return self.versions.get(entry)

    def next_number(self, code: str) -> int:
        """Return which number the entry's next version bears."""
        found = self.find(code)
        return 1 if found is None else found.version + 1

    def is_live(self, code: str) -> bool:
        """Whether there is such an entry, and it was not withdrawn."""
        found = self.find(code)
        return found is not None and found.state != EntryState.WITHDRAWN


def sort_filing(
    store: Papers, newest: Newest, papers: Sequence[Document], *, numbered: bool = False
) -> Sorted:
    """Compare filed entries with their newest versions on the ledger.

    `numbered`: the table has no codes of items, they were counted; an item that was there before
    keeps the code it had, whatever stands before it now.

    Raises:
        LedgerBehind: the document of a newest version has not arrived here.
    """
    found = Sorted()
    for each in papers:
        latest = newest.find(each.body.code)
        if latest is None or latest.state == EntryState.WITHDRAWN:
            found.new.append(each)
            continue
        before = get_version(store, latest)
        paper = keep_item_codes(each, before) if numbered else each
        fields = differences(before, paper)
        if fields and latest.state not in {EntryState.SUBMITTED, EntryState.WITHDRAWAL_SUBMITTED}:
            found.changed.append(Change(paper, before, fields))
        elif not fields and latest.state != EntryState.RETURNED:
            found.unchanged.append(paper)
        else:
            found.blocked.append(_reason(paper, latest))
    return found


def keep_item_codes(paper: Document, before: Document) -> Document:
    """Return a version whose items keep the codes that items of their names had before.

    Of several items of one name the first keeps the first one's; a new item gets the next number.
    """
    known: dict[str, list[str]] = {}
    for item in before.body.items:
        known.setdefault(item.name, []).append(item.code)
    kept = [known[item.name].pop(0) if known.get(item.name) else "" for item in paper.body.items]
    if kept == [item.code for item in paper.body.items]:
        return paper
    taken = {item.code for item in before.body.items} | set(kept)
    body = orjson.loads(paper.data)
    for item, code in zip(body["items"], kept, strict=True):
        item["code"] = code or _following(taken)
        taken.add(item["code"])
    return documents.make_document(paper.kind, body)


def _following(taken: Collection[str]) -> str:
    """Return the code after the last of codes like F003."""
    numbers = [int(digits) for code in taken if (digits := code.lstrip("F")).isdecimal()]
    return f"F{max(numbers, default=0) + 1:03d}"


def differences(before: Document, paper: Document) -> list[str]:
    """Say in Chinese what a version says differently from an earlier one; [] if nothing."""
    if before.data == paper.data:
        return []
    old, new = _said(before), _said(paper)
    return [
        _items(old[name], new[name]) if name == "items" else FIELDS[name]
        for name in FIELDS
        if old[name] != new[name]
    ]


def _said(paper: Document) -> dict[str, Any]:
    members: dict[str, Any] = orjson.loads(paper.data)
    return {name: value for name, value in members.items() if name not in ALONE}


def _items(old: list[dict[str, Any]], new: list[dict[str, Any]]) -> str:
    """Say which items came, went, or say something else."""
    was, now = ({item["code"]: item for item in items} for items in (old, new))
    parts = [
        (word, [item["name"] for item in items])
        for word, items in (
            ("增", [item for code, item in now.items() if code not in was]),
            ("删", [item for code, item in was.items() if code not in now]),
            ("改", [item for code, item in now.items() if was.get(code, item) != item]),
        )
        if items
    ]
    said = "；".join(f"{word} {named(names)}" for word, names in parts) or "次序"
    return f"{FIELDS['items']}（{said}）"


def named(names: Sequence[str], most: int = NAMES_SAID) -> str:
    """List names, the first few of many."""
    more = f" 等 {len(names)} 项" if len(names) > most else ""
    return "、".join(names[:most]) + more


def find_gone(ledger: Ledger, store: Papers, newest: Newest, edition: Edition) -> list[Gone]:
    """Say how the entries stand that a table has lost; what is not in force is not listed."""
    found = []
    for code in sorted(edition.gone):
        fact = ledger.get_entry(ids.entry_id(newest.department, code))
        if fact.state not in {EntryState.WITHDRAWN, EntryState.RETURNED}:
            found.append(Gone(code, _name(store, fact), fact.state))
    return found


def _name(store: Papers, fact: EntryFact) -> str:
    try:
        return str(get_version(store, fact).body.name)
    except (LedgerBehind, Contradictory):
        return ""  # its document is on its way: its code says which one it is


def _doubts(store: Papers, newest: Newest, found: Sorted, edition: Edition) -> Iterator[str]:
    total = len(found.new) + len(found.changed) + len(found.unchanged) + len(found.blocked)
    others = [change for change in found.changed if change.is_another]
    if others:
        listed = "；".join(
            f"{change.paper.body.code}（原「{change.before.body.name}」，现「{change.paper.body.name}」）"
            for change in others[:NAMES_SAID]
        )
        yield (
            f"{len(others)} 个代码换成了名称和信息项都不同的数据：{listed}。"
            "代码恐怕给了别的目录，请核对目录代码取自哪一列（映射文件的 code）"
        )
    if len(found.new) < FEW or MOST * len(found.new) <= total or not newest.versions:
        return
    here = {paper.body.code for paper in found.new}
    said = f"本表 {total} 个目录中有 {len(found.new)} 个是新的"
    if twins := _twins(store, newest, found.new):
        old, new = twins[0]
        yield (
            f"{said}，其中 {len(twins)} 个与已有的目录同名而代码不同（如「{new.name}」"
            f"原为 {old.code}，现为 {new.code}）：代码所取的列恐怕变了，照此报送会重复"
        )
    elif edition.before and not edition.kept and here:
        yield (
            f"{said}，与上次报送的没有一个相同：若不是另一份表，"
            "请核对目录代码取自哪一列（映射文件的 code）"
        )


def _twins(store: Papers, newest: Newest, new: Sequence[Document]) -> list[tuple[_Twin, _Twin]]:
    """Return (earlier, new) of entries that have one name and provider under two codes."""
    wanted = {(paper.body.name, paper.body.provider) for paper in new}
    earlier: dict[tuple[str, str], _Twin] = {}
    standing = (f for f in newest.versions.values() if f.state != EntryState.WITHDRAWN)
    while len(earlier) < len(wanted) and (some := list(islice(standing, READ_AT_ONCE))):
        for data in find_versions(store, some).values():
            body = orjson.loads(data)
            if (named := (body["name"], body["provider"])) in wanted:
                earlier.setdefault(named, _Twin(body["code"], body["name"]))
    return [
        (old, _Twin(paper.body.code, paper.body.name))
        for paper in new
        if (old := earlier.get((paper.body.name, paper.body.provider))) is not None
    ]


def _reason(paper: Document, latest: VersionFact) -> str:
    code, number = paper.body.code, latest.version
    if latest.state == EntryState.SUBMITTED:
        return (
            f"{code}：第 {number} 版还在审核，审核之后才能报送改动"
            f" / version {number} is being reviewed; file the change afterwards"
        )
    if latest.state == EntryState.WITHDRAWAL_SUBMITTED:
        return (
            f"{code}：正在申请撤回，审核之后才能报送改动"
            " / its withdrawal is being reviewed; file the change afterwards"
        )
    return (
        f"{code}：与被退回的第 {number} 版相同，请按退回理由修改"
        f" / says what version {number} said, which was returned"
    )
