"""Which versions a reviewer publishes or returns: all that wait, some, or as a filled-in list says.

A list is the table `catalogue pending -o` writes, its verdict column filled in; a row without a
verdict stays pending.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..documents.importing.tables import read_rows
from ..errors import (
    Conflict,
    InvalidInput,
    LedgerBehind,
    MalformedTable,
    NotFound,
)
from ..protocol import forms as documents
from ..protocol.wire import ids
from .reads import read_versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from ..documents.bindings import Bindings
    from ..documents.importing.tables import Row
    from ..documents.store import DocumentStore
    from ..protocol.ledger.facts import EntryFact
    from .reads import Ledger, Papers

HEADINGS = ("部门代码", "目录代码", "版本", "名称", "文件摘要", "结论", "理由")
PUBLISH, RETURN = "发布", "退回"


@dataclass(frozen=True, slots=True)
class Pending:
    """A version that waits for its review, under the names people know it by."""

    department: str
    code: str
    version: int
    name: str
    digest: str

    @property
    def place(self) -> tuple[str, str]:
        """Which entry it is of."""
        return self.department, self.code


def list_pending(ledger: Ledger, store: Papers, competent: str) -> list[Pending]:
    """Return everything that waits for a competent department's review, by department and code.

    What cannot be read is left out: one department whose document never comes, or is another
    document, does not keep all others from being reviewed.

    Raises:
        NotFound: there is no such department.
        LedgerBehind: of all that waits no document has arrived here.
    """
    department = ledger.get_department(competent).department
    found: list[Pending] = []
    after, unread = b"", 0
    while page := ledger.list_pending(department, after=after):
        readable = name_pending(store, page)
        found += readable
        unread += len(page) - len(readable)
        after = page[-1].entry
    if unread and not found:
        raise LedgerBehind(
            f"{unread} 个待审核目录的文件尚未到达本节点，请稍后再试 / have not arrived here yet"
        )
    return sorted(found, key=lambda each: each.place)


def name_pending(store: Papers, facts: Sequence[EntryFact]) -> list[Pending]:
    """Return versions under the names their documents give them, in their order.

    One whose document is not here, or is another's, is left out: nobody can review it.
    """
    papers = read_versions(store, facts)
    read = ((fact, papers.get((fact.entry, fact.version))) for fact in facts)
    return [pending_of(fact, paper[1]) for fact, paper in read if paper is not None]


def pending_of(fact: EntryFact, said: Mapping[str, Any]) -> Pending:
    """Return a version under the names the members of its document give it."""
    names = said["department"], said["code"], said["version"], said["name"]
    return Pending(*names, fact.digest.hex())


def list_withdrawals(
    ledger: Ledger, bindings: Bindings, store: DocumentStore, competent: bytes | None = None
) -> Iterator[tuple[documents.Document, documents.Withdrawn, EntryFact]]:
    """Yield (document, what it asks for, the entry) of every withdrawal that waits, by entry.

    `competent` is who reviews them; None: anybody.
    """
    after = b""
    while page := ledger.list_withdrawing(competent, after=after):
        after = page[-1][0].entry
        digests = {digest for _, digest in page}
        bound = bindings.of_all(digests)
        papers = {
            digest: documents.parse(data)
            for digest, data in store.find_all(digests).items()
            if any(each.kind == "withdrawal" and each.holds for each in bound.get(digest, ()))
        }
        asked = {digest: _asked_in(paper) for digest, paper in papers.items()}
        for fact, digest in page:
            each = asked.get(digest, {}).get((fact.entry, fact.version))
            if each is not None:
                yield papers[digest], each, fact


def _asked_in(paper: documents.Document) -> dict[tuple[bytes, int], documents.Withdrawn]:
    """Return what a withdrawal asks for, by entry and version."""
    owner = ids.department_id(paper.body.department)
    asked = paper.body.withdrawals
    return {(ids.entry_id(owner, each.code), each.version): each for each in asked}


def judged(
    pending: Sequence[Pending], returned: Mapping[tuple[str, str], str]
) -> list[dict[str, Any]]:
    """Return the verdicts of a review: published, but for those `returned` has a reason for."""
    return [
        {
            "department": each.department,
            "code": each.code,
            "version": each.version,
            "publish": each.place not in returned,
            "reason": returned.get(each.place),
            "subject": each.digest,
        }
        for each in pending
    ]


def find_place(pending: Sequence[Pending], named: str) -> tuple[str, str]:
    """Find the pending entry that is named `CODE`, or `DEPARTMENT:CODE` where two share a code.

    Raises:
        NotFound: none waits under this name.
        Conflict: the entries of several departments do.
    """
    department, _, code = named.rpartition(":")
    found = [
        each.place for each in pending if each.code == code and department in {"", each.department}
    ]
    if not found:
        raise NotFound(f"没有待审核的目录 {named} / no version of it waits for its review")
    if len(found) > 1:
        owners = "、".join(owner for owner, _ in found)
        raise Conflict(
            f"几个部门都有目录 {named}，请写明部门代码:目录代码（{owners}）/ say DEPARTMENT:CODE"
        )
    return found[0]


def returned_by(pending: Sequence[Pending], options: Sequence[str]) -> dict[tuple[str, str], str]:
    """Read `ENTRY=REASON` options.

    Raises:
        InvalidInput: an option has no reason.
        NotFound, Conflict: as `find_place`.
    """
    returned = {}
    for option in options:
        named, _, reason = option.partition("=")
        if not reason.strip():
            raise InvalidInput(f"退回应写明理由：目录代码=理由（{option}）/ say ENTRY=REASON")
        returned[find_place(pending, named.strip())] = reason.strip()
    return returned


def read_list(
    path: Path, pending: Sequence[Pending]
) -> tuple[list[Pending], dict[tuple[str, str], str]]:
    """Read a filled-in list; return the versions judged, and the reasons of those returned.

    Raises:
        MalformedTable: the file is unreadable, or a row does not fit what waits; every row that
            does not is in the message.
    """
    rows = read_rows(path)
    first = next(rows, None)
    heads = first.cells if first else ()
    missing = [heading for heading in HEADINGS if heading not in heads]
    if missing:
        raise MalformedTable(f"{path.name} 没有这些表头：{'、'.join(missing)}", path=str(path))
    by_place = {each.place: each for each in pending}
    chosen: dict[tuple[str, str], Pending] = {}
    returned: dict[tuple[str, str], str] = {}
    wrong: list[str] = []
    for row in rows:
        cells = dict(zip(heads, row.cells, strict=False))
        if not cells.get("结论"):
            continue
        found = by_place.get((cells.get("部门代码", ""), cells.get("目录代码", "")))
        wrong += _problems(row, cells, found, chosen)
        if found is not None:
            chosen[found.place] = found
            if cells["结论"] == RETURN:
                returned[found.place] = cells.get("理由", "")
    if wrong:
        raise MalformedTable("；".join(wrong), path=str(path))
    return list(chosen.values()), returned


def _problems(
    row: Row,
    cells: Mapping[str, str],
    found: Pending | None,
    chosen: Mapping[tuple[str, str], Pending],
) -> Iterator[str]:
    place, verdict = f"第 {row.number} 行", cells["结论"]
    if verdict not in {PUBLISH, RETURN}:
        yield f"{place}：结论应为 {PUBLISH} 或 {RETURN}（{verdict}）"
    if verdict == RETURN and not cells.get("理由"):
        yield f"{place}：退回应写明理由"
    if found is None:
        yield f"{place}：没有待审核的目录 {cells.get('目录代码', '')}"
    elif found.place in chosen:
        yield f"{place}：目录 {found.code} 列了两次"
    elif (cells.get("版本"), cells.get("文件摘要")) != (str(found.version), found.digest):
        yield f"{place}：目录 {found.code} 现为第 {found.version} 版（{found.digest}），请重新列出"
