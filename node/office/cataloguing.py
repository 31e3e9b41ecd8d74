"""Acts about the catalogue: versions filed, reviewed, replied to in advance, withdrawn, frozen.

What of a filed table is new: `filings`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from ..errors import InvalidInput
from ..protocol import forms as documents
from ..protocol.wire import ids
from .act import Act, new_paper, of_paper

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ..protocol.forms import Document

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


def submit_papers(papers: Sequence[Document]) -> Act:
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
