"""One box that takes anything: what an id, a number, a code or a name may mean, as a list.

Several meanings are a list to choose from, none says what was tried. A text is never wrong here:
the only error is LedgerBehind, while the read model cannot say.
"""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from node.errors import ChainUnavailable, InvalidInput, NotFound
from node.protocol.wire.characters import find_hidden
from node.protocol.wire.encoding import unb64u

from .objects import ObjectKind
from .queries import Queries
from .tables import APPLICATION, ENTRY, KEY
from .titles import NAMED, RECENT, Target, Titles

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Engine

    from node.documents.search import CatalogueSearch

    from .trace import Documents, LogReader

TEXT_LIMIT = 200
"""Characters of what is looked for."""
TARGETS = 50
"""Most meanings that are listed."""
MOST_NUMBER = 2**53
_HEX = re.compile(r"(?:0x)?([0-9a-f]{8,64})(?:…|\.\.\.)?", re.IGNORECASE)
_WITHIN = re.compile(r"(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])", re.IGNORECASE)
_CODE = re.compile(r"[0-9A-Z]{18}")
_NUMBER = re.compile(
    r"(授权|authori[sz]ation|区块|block|第)?\D{0,6}?([0-9]{1,16}) ?块?", re.IGNORECASE
)
_SALTED = re.compile(r"(.+) ([A-Za-z0-9_-]{22}|[0-9a-f]{32})")
_DIGIT = re.compile(r"[0-9〇零一二三四五六七八九十百]")
_WHOLE = 64
_SALT_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Found:
    """What a text may mean."""

    text: str
    """As it was looked for: full-width forms and spaces made plain."""
    targets: tuple[Target, ...]
    tried: tuple[tuple[str, str], ...]
    """What was looked for, Chinese and English, in the order tried."""
    matter_before: dict[bytes, int]
    """By log: entries before this index were not looked through for a matter number."""


class Stretch(Protocol):
    """Leaves found in a stretch of a log, and where it ended (`node.log.scanning.Stretch`)."""

    @property
    def found(self) -> tuple[tuple[int, bytes], ...]: ...
    @property
    def before(self) -> int: ...


class Scanner(Protocol):
    """What looks through logs (`node.log.LogScanner`)."""

    def find_leaf(self, log: bytes, leaf_hash: bytes) -> int | None: ...
    def find_matter(
        self, log: bytes, matter: str, salt_of: Callable[[bytes], bytes]
    ) -> Stretch: ...


class Transactions(Protocol):
    """Where a transaction stands (`node.chain.gateway.Gateway`)."""

    def receipt(self, tx_hash: bytes) -> object | None: ...


@dataclass(frozen=True, slots=True)
class Logs:
    """The logs at hand that whoever looks may read."""

    reader: LogReader
    scanner: Scanner
    ids: Sequence[bytes]
    salt: Callable[[bytes, str], bytes]
    """The node's salt of an event's commitment (`node.service.seals.Seals.salt`)."""


class Finder:
    """Finds what a text means in one read model, its documents and the logs at hand."""

    def __init__(
        self,
        engine: Engine,
        documents: Documents,
        search: CatalogueSearch,
        chain: Transactions | None = None,
    ) -> None:
        self.queries = Queries(engine)
        self.titles = Titles(engine, documents)
        self.search = search
        self.chain = chain

    def find(self, text: str, logs: Logs | None = None) -> Found:
        """Return what `text` may mean, the most exact first.

        Raises:
            LedgerBehind: the read model is being filled or cannot be read.
        """
        plain = " ".join(unicodedata.normalize("NFKC", text).split())
        search = _Search(self, plain, logs)
        if not plain:
            search.say("没有写要查什么", "nothing to look for")
        elif len(plain) > TEXT_LIMIT:
            search.say(f"文字超过 {TEXT_LIMIT} 字", f"more than {TEXT_LIMIT} characters")
        elif find_hidden(plain):
            search.say("文字里有看不见的字符", "there are characters nobody sees in it")
        else:
            search.run()
        return search.result()


class _Search:
    """One text being looked for; what is found is gathered once each."""

    def __init__(self, finder: Finder, text: str, logs: Logs | None) -> None:
        self.text = text
        self._finder = finder
        self._titles = finder.titles
        self._queries = finder.queries
        self._logs = logs
        self._targets: dict[tuple[str, str], Target] = {}
        self._tried: list[tuple[str, str]] = []
        self._before: dict[bytes, int] = {}

    def say(self, chinese: str, english: str) -> None:
        self._tried.append((chinese, english))

    def result(self) -> Found:
        targets = tuple(self._targets.values())[:TARGETS]
        return Found(self.text, targets, tuple(self._tried), self._before)

    def run(self) -> None:
        """Look by the form of the text, the exact forms first."""
        exact = _HEX.fullmatch(self.text)
        within = [exact[1]] if exact else _WITHIN.findall(self.text)
        for each in dict.fromkeys(one.lower() for one in within):
            self._hex(each)
        if _CODE.fullmatch(self.text.upper()):
            self._code(self.text.upper())
        number = _NUMBER.fullmatch(self.text)
        if number:
            self._number(number[1] or "", int(number[2]))
        if "/" in self.text:
            self._entry_code()
        if not any(len(each) == _WHOLE for each in within):
            if not number:  # every code holds some digits
                self._names()
            self._matter()

    def _add(self, target: Target) -> None:
        self._targets.setdefault((target.kind, target.id), target)

    # Forms

    def _hex(self, digits: str) -> None:
        if len(digits) < _WHOLE:
            self._prefix(digits)
            return
        value = bytes.fromhex(digits)
        before = len(self._targets)
        self._event(value)
        self._ids(value)
        self._document(value)
        # What follows looks through much for what was not found: an id stands for one thing.
        for look in (self._leaf, self._mined):
            if len(self._targets) == before:
                look(value)

    def _prefix(self, digits: str) -> None:
        self.say("开头相同的密钥、目录、应用系统", "keys, entries, applications that begin so")
        titles = self._titles
        for key in titles.begins_with(KEY.c.key, digits):
            self._add(titles.key(self._queries.get_key(key)))
        for target in titles.entries(list(titles.begins_with(ENTRY.c.entry, digits))):
            self._add(target)
        for one in titles.begins_with(APPLICATION.c.application, digits):
            self._add(titles.application(self._queries.get_application(one)))

    def _event(self, event: bytes) -> None:
        self.say("本节点日志中的调用编号", "an event in this node's logs")
        for log in self._logs.ids if self._logs else ():
            self._entry(log, self._logs.reader.find_event(log, event) if self._logs else None)

    def _ids(self, value: bytes) -> None:
        self.say(
            "密钥、目录、应用系统、部门、日志的编号", "a key, entry, application, department, log"
        )
        key = self._queries.find_key(value)
        if key is not None:
            self._add(self._titles.key(key))
        if self._queries.find_catalogued(value) is not None:
            self._add(self._titles.entry(value))
        with suppress(NotFound):
            self._add(self._titles.application(self._queries.get_application(value)))
        if self._queries.find_department(value) is not None:
            self._add(self._titles.department(value))
        log = self._queries.find_log(value)
        if log is not None:
            self._add(self._titles.department(log.department))

    def _document(self, digest: bytes) -> None:
        self.say("文书摘要", "the digest of a document")
        for decision in self._queries.decisions_of(ObjectKind.DOCUMENT, digest)[:NAMED]:
            for kind, named in self._queries.objects_of(decision):
                self._object(kind, named)
            self._add(self._titles.decision(decision))

    def _object(self, kind: str, named: bytes) -> None:
        titles, queries = self._titles, self._queries
        if kind == ObjectKind.AUTHORISATION:
            self._add(titles.authorisation(queries.get_authorisation(int.from_bytes(named, "big"))))
        elif kind == ObjectKind.VERSION:
            self._add(titles.version(named[:32], int.from_bytes(named[32:], "big")))
        elif kind == ObjectKind.KEY:
            self._add(titles.key(queries.get_key(named)))
        elif kind == ObjectKind.APPLICATION:
            self._add(titles.application(queries.get_application(named)))

    def _leaf(self, leaf_hash: bytes) -> None:
        self.say("日志条目的散列", "the hash of a leaf")
        if self._logs is None:
            return
        for log in self._logs.ids:
            self._entry(log, self._logs.scanner.find_leaf(log, leaf_hash))

    def _entry(self, log: bytes, index: int | None) -> None:
        if index is not None and self._logs is not None:
            self._add(self._titles.leaf(self._logs.reader.entry(log, index), index))

    def _mined(self, value: bytes) -> None:
        """Look for what only the chain has an index of, and what none has."""
        self.say(
            f"交易、区块散列，以及最近 {RECENT} 项决定的散列",
            f"a transaction, a block's hash, the hashes of the last {RECENT} decisions",
        )
        decision = self._titles.decision_of_hash(value)
        if decision is not None:
            self._add(self._titles.decision(decision))
        number = self._titles.block_of_hash(value)
        if number is None:
            number = self._block_of_transaction(value)
        if number is not None:
            self._add(self._titles.block(number))

    def _block_of_transaction(self, value: bytes) -> int | None:
        chain = self._finder.chain
        if chain is None:
            return None
        try:
            receipt = chain.receipt(value)
        except ChainUnavailable:
            self.say("链没有应答，交易没有查到底", "the chain did not answer about transactions")
            return None
        number = getattr(receipt, "block_number", None)
        applied = self._queries.cursor().block
        if number is None or applied is None or number > applied.number:
            return None
        return int(number)

    def _code(self, code: str) -> None:
        self.say("统一社会信用代码", "a unified social credit code")
        with suppress(NotFound):
            self._add(self._titles.department(self._queries.get_department(code).department))

    def _number(self, word: str, number: int) -> None:
        self.say("授权编号、区块号", "the number of an authorisation or a block")
        if number > MOST_NUMBER:
            return
        block = word.lower() in {"区块", "block", "第"}
        one = None if block else self._queries.find_authorisation(number)
        if one is not None:
            self._add(self._titles.authorisation(one))
        if block or not word:
            with suppress(NotFound):
                self._add(self._titles.block(number))

    def _entry_code(self) -> None:
        self.say("目录代码（分类码/顺序码）", "an entry's code")
        for entry in self._titles.entries_of_code(self.text.rsplit(" ", 1)[-1]):
            self._add(self._titles.entry(entry))

    def _names(self) -> None:
        self.say(
            "部门、目录、应用系统、人员的名称",
            "names of departments, entries, applications, officers",
        )
        titles, text = self._titles, self.text
        for department in titles.departments(text):
            self._add(titles.department(department))
        try:
            listed = self._finder.search.search(text, limit=NAMED)
        except InvalidInput:
            listed = []
        for target in titles.entries([each.entry for each in listed]):
            self._add(target)
        for application in titles.applications(text):
            self._add(titles.application(application))
        for key in titles.officers(text):
            self._add(titles.key(key))

    def _matter(self) -> None:
        """Look for calls under a matter number: the node that served them knows the salts."""
        logs = self._logs
        if logs is None or not logs.ids:
            return
        if self._targets and not _DIGIT.search(self.text):
            # A name, as nearly always: for a matter thousands of leaves are looked through.
            self.say(
                "已按名称找到，又没有数字，不再按办件号查",
                "found as a name and without a digit: not looked for as a matter number",
            )
            return
        self.say(
            "办件号（本节点日志的最近一段）",
            "a matter number, in the last stretch of the logs here",
        )
        for log in logs.ids:
            stretch = logs.scanner.find_matter(
                log, self.text, lambda event: logs.salt(event, "matter")
            )
            if stretch.before:
                self._before[log] = stretch.before
            for index, leaf in (*stretch.found, *self._salted(log)):
                self._add(self._titles.leaf(leaf, index))

    def _salted(self, log: bytes) -> tuple[tuple[int, bytes], ...]:
        """Return the calls for a matter whose commitment's salt stands behind it."""
        parts = _SALTED.fullmatch(self.text)
        if parts is None or self._logs is None:
            return ()
        salt = _salt(parts[2])
        return self._logs.scanner.find_matter(log, parts[1], lambda _: salt).found


def _salt(text: str) -> bytes:
    if len(text) == _SALT_DIGITS:
        return bytes.fromhex(text)
    try:
        return unb64u(text)
    except InvalidInput:  # 22 characters that are no base64 of 16 bytes: a word of the matter's
        return b""
