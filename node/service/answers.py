"""What a caller gets: the answer, or the refusal, once its leaf is on disk (protocol.md 6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from ..client.problems import find_class
from ..errors import LedgerError, QuotaExceeded
from ..protocol.wire import canonical
from ..protocol.wire.encoding import rfc3339
from ..protocol.wire.leaf import SERVED

if TYPE_CHECKING:
    from ..log.drafts import Committed, Draft


@dataclass(frozen=True, slots=True)
class Judged:
    """A call on its way into the log, and the error its caller gets if it is refused."""

    draft: Draft
    error: LedgerError | None


def finish(error: LedgerError | None, committed: Committed) -> bytes:
    """Return the answer's JSON, once its leaf is on disk; `error` is why the call was refused.

    Raises:
        LedgerError: the refusal that was logged, with its receipt.
    """
    receipt = committed.receipt().render()
    if committed.outcome != SERVED or committed.answer is None:
        _refuse(error, committed, receipt)
    remaining = {"calls": committed.remaining_calls, "rows": committed.remaining_rows}
    # The envelope is canonical JSON already; its bytes are what the leaf's digest is of.
    return b'{"receipt":%b,"remaining":%b,"sealed":%b}' % (
        canonical.dumps(receipt),
        canonical.dumps(remaining),
        committed.answer,
    )


def _refuse(error: LedgerError | None, committed: Committed, receipt: dict[str, Any]) -> NoReturn:
    code = committed.outcome
    if error is None or error.code != code:
        # The quota decided in the commit, or an identical resend meets its first refusal again.
        kind = find_class(code) or LedgerError
        error = kind(_QUOTA_MESSAGES.get(code, "refused as the first time this call was made"))
    if isinstance(error, QuotaExceeded):
        error.facts["reset"] = rfc3339(committed.reset)
    error.facts["receipt"] = receipt
    raise error


_QUOTA_MESSAGES = {
    "quota-calls": "the calls of this day (Beijing) are used up",
    "quota-rows": "the answer has more rows than this day (Beijing) has left; ask for fewer",
}
