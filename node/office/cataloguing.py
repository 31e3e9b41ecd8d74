"""Acts about the catalogue: versions filed, reviewed, replied to in advance, withdrawn, frozen.

Of a filed table only what is new is handed in. A version is compared by its document without number
and salt. One that waits for its review cannot be overtaken; one that was returned has to be mended
before it is filed again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from ..protocol import forms as documents
from ..protocol.ledger.enums import EntryState
from ..protocol.wire import ids
from .act import Act, new_paper, of_paper
from .reads import get_paper

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..documents.store import DocumentStore
    from ..protocol.forms import Document
    from ..protocol.ledger.facts import VersionFact
    from .reads import Ledger

ALONE = {"version", "salt"}
"""Members that differ between two versions that say the same."""

# Of one paper each; they raise MalformedDocument where its body breaks a rule.
review_versions = partial(of_paper, "ReviewVersions", "review")
"""Publish or return versions of one competent department. Signed by a reviewer who is another
person than whoever handed any of them in."""
submit_withdrawal = partial(of_paper, "SubmitWithdrawal", "withdrawal")
"""Ask to withdraw entries. Signed by the department's head."""
review_withdrawal = partial(of_paper, "ReviewWithdrawal", "withdrawal-review")
"""Agree or not to withdrawals, of one competent department. Signed by a reviewer who is another
person than whoever submitted them."""
freeze_entry = partial(of_paper, "FreezeEntry", "freeze-order")
"""Signed by the competent department's head or duty officer."""
unfreeze_entry = partial(of_paper, "UnfreezeEntry", "unfreeze-order")
"""Signed by the competent department's head."""


def submit_versions(bodies: Iterable[Mapping[str, Any]]) -> Act:
    """Hand in the versions of `catalogue-version` bodies, all of one department, at once.

    Signed by the department's head: one signature for all of them.

    Raises:
        MalformedDocument: a body breaks a rule.
        InvalidInput: there is none, or they are of several departments.
    """
    return submit_papers([new_paper("catalogue-version", body) for body in bodies])


def submit_papers(papers: list[Document]) -> Act:
    """Hand in versions whose documents are made already; see `submit_versions`."""
    versions = [{**documents.derive(paper), "digest": paper.digest} for paper in papers]
    filing = {version.pop("department") for version in versions}
    if len(filing) != 1:
        raise InvalidInput("one submission is of one department, and of one entry at least")
    message = {"department": filing.pop(), "versions": versions}
    return Act("SubmitVersions", message, [paper.data for paper in papers])


def set_standing_reply(
    department: str,
    code: str,
    *,
    standing: bool,
    calls_per_day: int = 0,
    rows_per_day: int = 0,
    terms: Mapping[str, Any] | bytes | None = None,
) -> Act:
    """Agree in advance to whoever applies for an unconditional entry, or stop doing so.

    `terms` is a `terms` body, or the digest of a terms document that is there already. Signed by
    the provider's office head.
    """
    papers, digest = terms_of(terms)
    message = {
        "entry": ids.entry_id(ids.department_id(department), code),
        "standing": standing,
        "callsPerDay": calls_per_day,
        "rowsPerDay": rows_per_day,
        "terms": digest,
    }
    return Act("SetStandingReply", message, papers)


def terms_of(terms: Mapping[str, Any] | bytes | None) -> tuple[list[bytes], bytes]:
    """Return (documents to be stored, digest) for terms given as a body, a digest or not at all."""
    if terms is None:
        return [], ids.ZERO
    if isinstance(terms, bytes):
        return [], terms
    paper = new_paper("terms", terms)
    return [paper.data], paper.digest


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
        self._department = ids.department_id(department)

    @cached_property
    def _versions(self) -> Mapping[bytes, VersionFact]:
        return self._ledger.newest_versions(self._department)

    def find(self, code: str) -> VersionFact | None:
        """Return the newest version of the entry with this code."""
        return self._versions.get(ids.entry_id(self._department, code))

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
        same = latest is not None and _said(get_paper(store, latest.digest)) == _said(paper)
        if latest is None or (not same and latest.state != EntryState.SUBMITTED):
            found.new.append(paper)
        elif same and latest.state != EntryState.RETURNED:
            found.unchanged.append(paper)
        else:
            found.blocked.append(_reason(paper, latest))
    return found


def _said(paper: Document) -> Any:  # noqa: ANN401 - members of a catalogue version
    return paper.body.model_dump(exclude=ALONE)


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
