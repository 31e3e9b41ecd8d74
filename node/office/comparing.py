"""What of a filed table is new: entries that say the same as their latest version are left alone.

A version is compared by its document without number and salt. A version that waits for its review
cannot be overtaken; one that was returned has to be mended before it is filed again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ..protocol.ledger.enums import EntryState
from ..protocol.wire.ids import department_id, entry_id
from .reads import get_paper

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..documents.store import DocumentStore
    from ..protocol.forms import Document
    from ..protocol.ledger.facts import VersionFact
    from .reads import Ledger


ALONE = {"version", "salt"}
"""Members that differ between two versions that say the same."""


@dataclass
class Sorted:
    """A table's entries by what there is to do with them."""

    new: list[Document] = field(default_factory=list)
    """To be filed: entries without a version, and entries that say something else now."""
    unchanged: list[Document] = field(default_factory=list)
    """As published, or as they wait for their review."""
    blocked: list[str] = field(default_factory=list)
    """Why an entry cannot be filed, a line each."""


class Newest:
    """The newest version of each entry of a department, read when first asked for."""

    def __init__(self, ledger: Ledger, department: str) -> None:
        """Ask the read model; a returned version counts: its number is spent."""
        self._ledger = ledger
        self._department = department_id(department)

    @cached_property
    def _versions(self) -> Mapping[bytes, VersionFact]:
        return self._ledger.newest_versions(self._department)

    def find(self, code: str) -> VersionFact | None:
        """Return the newest version of the entry with this code."""
        return self._versions.get(entry_id(self._department, code))

    def next_number(self, code: str) -> int:
        """Return which number the entry's next version bears."""
        found = self.find(code)
        return 1 if found is None else found.version + 1


def sort_filing(store: DocumentStore, newest: Newest, papers: Sequence[Document]) -> Sorted:
    """Compare filed entries with their newest versions on the ledger.

    Raises:
        LedgerBehind: the document of a newest version has not arrived here.
    """
    found = Sorted()
    for paper in papers:
        latest = newest.find(paper.body.code)
        same = latest is not None and _says_the_same(store, paper, latest)
        if latest is None or (not same and latest.state != EntryState.SUBMITTED):
            found.new.append(paper)
        elif same and latest.state != EntryState.RETURNED:
            found.unchanged.append(paper)
        else:
            found.blocked.append(_reason(paper, latest))
    return found


def _says_the_same(store: DocumentStore, paper: Document, latest: VersionFact) -> bool:
    return bool(_said(get_paper(store, latest.digest).body) == _said(paper.body))


def _said(body: Any) -> Any:  # noqa: ANN401 - the model of a catalogue version
    return body.model_dump(exclude=ALONE)


def _reason(paper: Document, latest: VersionFact) -> str:
    code, number = paper.body.code, latest.version
    if latest.state == EntryState.SUBMITTED:
        return (
            f"{code}：第 {number} 版还在审核，审核之后才能报送改动"
            f" / version {number} is being reviewed; file the change afterwards"
        )
    return (
        f"{code}：与被退回的第 {number} 版相同，请按退回理由修改"
        f" / says what version {number} said, which was returned"
    )
