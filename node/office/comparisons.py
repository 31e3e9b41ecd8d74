"""A draft's table beside the ledger, compared once: figures, and lists that are shown by the page.

Reading a city's table takes seconds, so what it gave is kept beside the draft (`makings`), and so
is what the comparison found, by the page: a view costs what it shows. Both are found by a digest
of all they were made of (the draft's bytes, the product that read them, and of the comparison how
the department's entries stand) and made again where that is another. Papers that arrive meanwhile
are no part of it: one that is missing is an error, and nothing is kept; only a name that is not
known yet may be left out longer than it is missing. What is signed is compared anew.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from functools import cache
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import orjson

from ..documents.importing.filing import Entry, Filing
from ..protocol import forms as documents
from ..protocol.wire import ids
from .filings import Newest
from .worktables import compare_read, load_worktable, read_worktable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from ..documents.coverage import Coverage
    from ..documents.store import DocumentStore
    from .drafts import Listed, Opened
    from .filings import Compared
    from .makings import Makings
    from .reads import Ledger
    from .worktables import Worktable

PAGE = 50
"""Rows of a list that are kept and shown together."""
LISTS = ("changed", "new", "blocked", "gone")
READ, COMPARED = "read", "compared"
READING_SHARE = 0.7
"""Of the time, where the table has to be read as well."""


@dataclass(frozen=True)
class Overview:
    """What a table would change, in figures."""

    counts: dict[str, int]
    """Of each list, and of what is `unchanged`, of `problems`, of what would be `filed`."""
    doubts: list[str]
    """What looks as if the codes were made of the wrong column, in Chinese."""
    may_be_signed: bool


class Comparisons:
    """Tables that are being filed beside the ledger of one node."""

    def __init__(
        self, makings: Makings, ledger: Ledger, store: DocumentStore, coverage: Coverage
    ) -> None:
        """Keep in `makings` what was compared with `ledger`."""
        self.makings, self._ledger, self._store = makings, ledger, store
        self._coverage = coverage

    def key_of(self, opened: Opened) -> bytes:
        """Return the digest of all that a comparison of a draft as it stands is made of."""
        department = opened.listed.department
        standing = hashlib.sha256(_key_of_table(opened.listed, opened.body))
        last, counts = self._ledger.standing(department)
        standing.update(orjson.dumps([last, sorted(counts.items())]))
        covered = self._coverage.count(department) if opened.listed.kind == "filing" else 0
        standing.update(covered.to_bytes(8, "big"))
        return standing.digest()

    def find(self, key: bytes, opened: Opened) -> Overview | None:
        """Return what was found, by its digest; None: it has to be made (`make`)."""
        found = self.makings.find(key, opened.listed.id, COMPARED, [""])
        return Overview(**orjson.loads(found[""])) if found else None

    def rows(self, key: bytes, opened: Opened, wanted: dict[str, int]) -> dict[str, list[Any]]:
        """Return a page of each list, by its name: the one with the row at that place."""
        parts = {f"{name}/{at // PAGE}": name for name, at in wanted.items()}
        found = self.makings.find(key, opened.listed.id, COMPARED, parts)
        return {name: [] for name in wanted} | {
            parts[part]: orjson.loads(data) for part, data in found.items()
        }

    def pairs(
        self, key: bytes, opened: Opened, places: Collection[int]
    ) -> dict[int, tuple[bytes, bytes]]:
        """Return what entries say that changed and what they would say, by their place."""
        parts = {f"pair/{place}": place for place in places}
        found = self.makings.find(key, opened.listed.id, COMPARED, parts)
        both = {parts[part]: orjson.loads(data) for part, data in found.items()}
        return {place: (before.encode(), after.encode()) for place, (before, after) in both.items()}

    def make(self, opened: Opened) -> bool:
        """Compare a draft's table and keep what is found; False: somebody is at it.

        Raises:
            LedgerBehind: the document of a version it is compared with has not arrived here.
            NotFound: the draft has gone.
            Overloaded: too many are being compared.
        """
        named, key = opened.listed.id, self.key_of(opened)
        begun = self.makings.begin(key, named)
        if begun is None:
            return False
        with begun as tell:
            found = self.compare(opened, tell)
            self.makings.keep(key, named, COMPARED, _parts(found))
        return True

    def compare(self, opened: Opened, tell: Callable[[float], None] = lambda _: None) -> Compared:
        """Set a draft's table beside the ledger as it is now; raises as `make`."""
        table, listed = load_worktable(opened.body), opened.listed
        newest = Newest(self._ledger, ids.department_code(listed.department))
        filing = self._read(opened, table, newest, tell)
        coverage = self._coverage if listed.kind == "filing" else None
        return compare_read(table, (filing, newest), self._ledger, self._store, coverage)

    def keep_read(self, listed: Listed, body: bytes, read: Filing | None) -> None:
        """Keep what was read of a draft's table; one with problems is read again, mended."""
        if read is not None and not read.problems:
            key = _key_of_table(listed, body)
            self.makings.keep(key, listed.id, READ, {"": _dump(read)})

    def _read(
        self, opened: Opened, table: Worktable, newest: Newest, tell: Callable[[float], None]
    ) -> Filing:
        listed, body = opened.listed, opened.body
        kept = self.makings.find(_key_of_table(listed, body), listed.id, READ, [""])
        if kept:
            return _load(kept[""], newest)
        judged, total = 0, max(table.total, 1)

        def next_number(code: str) -> int:  # asked once an entry
            nonlocal judged
            judged += 1
            tell(READING_SHARE * min(judged / total, 1))
            return newest.next_number(code)

        filing = read_worktable(table, newest.code, next_number)
        self.keep_read(listed, body, filing)
        return filing


def _key_of_table(listed: Listed, body: bytes) -> bytes:
    # Another release may read the same table otherwise.
    return hashlib.sha256(_product() + listed.department + body).digest()


@cache
def _product() -> bytes:
    return version("shareledger").encode().ljust(32)


def _parts(found: Compared) -> dict[str, bytes]:
    """Return what is kept of a comparison: figures, pages of lists, what each change is of."""
    listed = found.found
    lists: dict[str, Sequence[Any]] = {
        "changed": [
            [
                (body := each.paper.body).code,
                body.name,
                each.before.body.version,
                body.version,
                each.fields,
            ]
            for each in listed.changed
        ],
        "new": [
            [(body := each.body).code, body.name, body.share_type, len(body.items)]
            for each in listed.new
        ],
        "blocked": listed.blocked,
        "gone": [[each.code, each.name] for each in found.gone],
    }
    counts = {name: len(rows) for name, rows in lists.items()} | {
        "unchanged": len(listed.unchanged),
        "problems": len(found.filing.problems),
        "filed": len(listed.to_file),
    }
    parts = {"": orjson.dumps(asdict(Overview(counts, found.doubts, found.may_be_signed)))}
    for name, rows in lists.items():
        for start in range(0, len(rows), PAGE):
            parts[f"{name}/{start // PAGE}"] = orjson.dumps(rows[start : start + PAGE])
    for place, change in enumerate(listed.changed):
        both = change.before.data, change.paper.data
        parts[f"pair/{place}"] = orjson.dumps([each.decode() for each in both])
    return parts


def _dump(filing: Filing) -> bytes:
    entries = [
        [each.code, each.name, each.data.decode(), each.sheet, each.row, each.count]
        for each in filing.entries
    ]
    codes = sorted(filing.codes)
    return orjson.dumps({"entries": entries, "total": filing.total, "codes": codes})


def _load(data: bytes, newest: Newest) -> Filing:
    """Return what was read, each version with the number that it would bear now."""
    members: dict[str, Any] = orjson.loads(data)
    entries = []
    for code, name, text, sheet, row, count in members["entries"]:
        body, number = orjson.loads(text), newest.next_number(code)
        paper = text.encode()
        if body["version"] != number:
            paper = documents.make_document("catalogue-version", body | {"version": number}).data
        entries.append(Entry(code, name, paper, sheet, row, count))
    return Filing(entries, [], [], members["total"], frozenset(members["codes"]))
