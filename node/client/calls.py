"""Calls of one application to one node, every answer checked before it is handed out.

What a provider cannot prove is an error here, not a value. The call that was sent is kept with
its answer, so that it can be resent byte for byte and its receipt upgraded. With a folder of
receipts, the receipt of an answer or a refusal is on the disk before either is handed out.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NotRequired, Self, TypedDict, Unpack

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_exponential

from ..errors import (
    ConfigInvalid,
    LedgerError,
    MalformedReceipt,
    NotFound,
    ReceiptInvalid,
    ReceiptNotMerged,
)
from ..protocol.wire import (
    canonical,
    encoding,
    signedcall,
)
from ..protocol.wire.receipt import Receipt, verify_anchored
from .checks import (
    Asked,
    check_answer,
    check_refusal,
    log_of,
    verify_kept,
    verify_place,
)
from .http import SignedHttp, read_object

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import httpx

    from ..crypto import Signer, Unwrapper
    from .http import SignedRequest
    from .receiptfolder import ReceiptFolder
    from .trust import Trust

MERGE_SECONDS = 60.0
SALT_BYTES = 16


class Query(TypedDict):
    """What is asked for besides the authorisation; `LedgerClient.prepare` says what each is."""

    purpose: str
    items: Sequence[str]
    operator: str
    matter: str
    where: NotRequired[Mapping[str, Mapping[str, object]] | None]
    size: NotRequired[int]
    after: NotRequired[str | None]


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows, and the proof that they were asked for and given."""

    rows: list[dict[str, Any]]
    next: str | None
    """What `after` takes for the following page; None on the last."""
    masked: list[str]
    as_of: str
    """When the source was read, RFC 3339 UTC."""
    event: bytes
    receipt: Receipt
    remaining_calls: int
    """Advisory: the provider's word, not signed."""
    remaining_rows: int
    size: int
    """Bytes of the answer as it came."""
    asked: Asked
    request: SignedRequest
    kept: Path | None = None
    """Where its receipt is kept, if the client has a folder of receipts."""


@dataclass(frozen=True, slots=True)
class Upgraded:
    """What became of the kept receipts that had no anchor."""

    upgraded: int
    waiting: int
    failed: list[tuple[Path, LedgerError]]
    """Receipts that do not hold, or could not be read or asked for, and why."""


class LedgerClient:
    """One application's client of one provider's node."""

    def __init__(
        self,
        base_url: str,
        signer: Signer,
        unwrapper: Unwrapper,
        trust: Trust,
        *,
        key_id: bytes | None = None,
        authority: str | None = None,
        receipts: ReceiptFolder | None = None,
        attempts: int = 3,
        clock: Callable[[], float] = time.time,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Call the node at `base_url`, signing with `signer`, opening with `unwrapper`.

        `authority` is the node's registered `name:port` when it is reached by another address;
        `receipts` is where every receipt is kept.
        """
        self._base = base_url.rstrip("/") + "/api/v1"
        self._http = SignedHttp(
            signer, key_id, authority=authority, attempts=attempts, clock=clock, transport=transport
        )
        self._unwrapper = unwrapper
        self._trust = trust
        self._receipts = receipts

    def prepare(
        self,
        authorisation: int,
        *,
        purpose: str,
        items: Sequence[str],
        operator: str,
        matter: str,
        where: Mapping[str, Mapping[str, object]] | None = None,
        size: int = 100,
        after: str | None = None,
    ) -> tuple[SignedRequest, Asked]:
        """Sign the query for one page of rows, to be sent as often as it needs to arrive.

        See protocol.md section 4 for `where`.
        """
        body = canonical.dumps(
            {
                "purpose": purpose,
                "items": list(items),
                "where": {item: dict(clause) for item, clause in (where or {}).items()},
                "page": {"size": size, "after": after},
                "operator": operator,
                "matter": matter,
                "salt": encoding.b64u(secrets.token_bytes(SALT_BYTES)),
            }
        )
        url = f"{self._base}/authorisations/{authorisation}/query"
        request = self._http.sign("POST", url, body, "application/json")
        return request, Asked(_call(request), authorisation, tuple(items), operator, matter)

    def query(self, authorisation: int, **query: Unpack[Query]) -> Answer:
        """Ask for one page of rows with the arguments of `prepare`.

        Raises:
            LedgerError: the refusal, by code; `facts["receipt"]` is its checked Receipt and
                `facts["kept"]` its file.
            PeerUnavailable: the node does not answer.
            VerificationError: the node cannot prove its answer.
            ConfigInvalid: its receipt could not be kept; `send` gets the same answer again.
        """
        return self.send(*self.prepare(authorisation, **query))

    def pages(self, authorisation: int, **query: Unpack[Query]) -> Iterator[Answer]:
        """Ask page after page with the arguments of `query`; raises as it does."""
        while True:
            answer = self.query(authorisation, **query)
            yield answer
            if answer.next is None:
                return
            query["after"] = answer.next

    def resend(self, answer: Answer) -> Answer:
        """Send the call of `answer` again, byte for byte; the stored answer comes back, uncounted.

        Raises:
            ClockSkew: more than five minutes have passed since it was signed.
            CallReplayed: the stored answer is gone.
            LedgerError: as `query` does.
        """
        return self.send(answer.request, answer.asked)

    def send(self, request: SignedRequest, asked: Asked) -> Answer:
        """Send a signed call and check what comes back; raises as `query` does."""
        try:
            response = self._http.send(request)
        except LedgerError as error:
            receipt = check_refusal(asked, error, self._trust)
            if receipt is not None:
                error.facts |= {"receipt": receipt, "kept": self._keep(receipt)}
            raise
        answer = read_object(response, error=MalformedReceipt)
        opened = check_answer(asked, answer, self._trust, self._unwrapper)
        remaining_calls, remaining_rows = _remaining(answer)
        return Answer(
            rows=opened.rows,
            next=opened.next,
            masked=opened.masked,
            as_of=opened.as_of,
            event=asked.call.event,
            receipt=opened.receipt,
            remaining_calls=remaining_calls,
            remaining_rows=remaining_rows,
            size=len(response.content),
            asked=asked,
            request=request,
            kept=self._keep(opened.receipt),
        )

    def _keep(self, receipt: Receipt) -> Path | None:
        return None if self._receipts is None else self._receipts.keep(receipt)

    def fetch_receipt(self, receipt: Receipt) -> Receipt:
        """Fetch the newest receipt of a leaf, checked to be of the same leaf.

        Raises:
            ReceiptInvalid: the node gives the receipt of something else.
            InclusionInvalid, CheckpointInvalid, ConsistencyInvalid: it cannot prove it.
            NotFound: the node or the chain does not know it (yet).
        """
        event = receipt.parsed_leaf.event.hex()
        found = self._get(f"/logs/{log_of(receipt)[0]}/events/{event}")
        newer = Receipt.parse(found.get("receipt"))
        if (newer.leaf, newer.index, log_of(newer)) != (
            receipt.leaf,
            receipt.index,
            log_of(receipt),
        ):
            raise ReceiptInvalid("the log holds another leaf for the event than was answered")
        verify_kept(newer, self._trust)
        return newer

    def upgrade(self, receipt: Receipt) -> Receipt:
        """Return the receipt with its *anchored* grade, if the chain has reached it.

        The anchored tree is checked to continue the one of the receipt at hand, so that a log
        that was forked since cannot pass, and to stand where the own node says, as far as that
        tells. Returned unchanged while there is no such anchor.

        Raises:
            VerificationError: the node cannot prove what it says.
        """
        verify_kept(receipt, self._trust)  # it may have lain in a file for years
        anchored = self.fetch_receipt(receipt).anchored
        if anchored is None:
            return receipt
        department, generation = log_of(receipt)
        try:
            anchor = self._trust.anchor(department, generation, anchored.size)
        except NotFound:
            # Our own node has not seen the block yet.
            return receipt
        sizes = f"old={receipt.size}&new={anchored.size}"
        found = self._get(f"/logs/{department}:{generation}/consistency?{sizes}")
        proof = found.get("proof")
        if not isinstance(proof, list):
            raise MalformedReceipt("the node gives no consistency proof")
        nodes = tuple(encoding.unb64u(node, error=MalformedReceipt) for node in proof)
        upgraded = replace(receipt, anchored=replace(anchored, consistency=nodes))
        verify_anchored(upgraded, anchor.root)
        verify_place(upgraded, anchor)
        self._keep(upgraded)
        return upgraded

    def upgrade_kept(self) -> Upgraded:
        """Upgrade whatever in the folder the chain has reached.

        Each log is asked about once, how far it is anchored; only receipts before that cost more.

        Raises:
            ConfigInvalid: the client has no folder of receipts, or it cannot be read.
        """
        if self._receipts is None:
            raise ConfigInvalid("this client has no folder of receipts")
        upgraded, waiting, failed = 0, 0, []
        for path in self._receipts.list_files():
            try:
                receipt = self._receipts.load(path)
                if receipt.anchored is not None:
                    continue
                reached = receipt.index < self._trust.anchored_size(*log_of(receipt))
                reached = reached and self.upgrade(receipt).anchored is not None
            except LedgerError as error:
                failed.append((path, error))
            else:
                upgraded, waiting = upgraded + reached, waiting + (not reached)
        return Upgraded(upgraded, waiting, failed)

    def wait_anchored(self, receipt: Receipt, timeout_seconds: float = MERGE_SECONDS) -> Receipt:
        """Return the receipt once the chain has anchored a tree that holds its leaf.

        Raises:
            ReceiptNotMerged: that did not happen in time; `facts["receipt"]` is the evidence.
            VerificationError: the node cannot prove what it says.
        """
        waiting = Retrying(**until_anchored(timeout_seconds))
        try:
            upgraded: Receipt = waiting(self.upgrade, receipt)
        except RetryError as error:
            raise not_merged(receipt, timeout_seconds) from error
        return upgraded

    def _get(self, path: str) -> dict[str, Any]:
        response = self._http.request("GET", self._base + path)
        return read_object(response, error=MalformedReceipt)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def until_anchored(timeout_seconds: float) -> dict[str, Any]:
    """Return how tenacity asks until a receipt is anchored."""
    return {
        "stop": stop_after_delay(timeout_seconds),
        "wait": wait_exponential(multiplier=0.1, max=2.0),
        "retry": retry_if_result(lambda upgraded: upgraded.anchored is None),
    }


def not_merged(receipt: Receipt, timeout_seconds: float) -> ReceiptNotMerged:
    """Return the error of a receipt that the chain did not reach in time."""
    return ReceiptNotMerged(
        f"the log was not anchored within {timeout_seconds:g} s", receipt=receipt
    )


def _remaining(answer: dict[str, Any]) -> tuple[int, int]:
    remaining = answer.get("remaining")
    if isinstance(remaining, dict):
        calls, rows = remaining.get("calls"), remaining.get("rows")
        if isinstance(calls, int) and isinstance(rows, int):
            return calls, rows
    raise MalformedReceipt("the answer does not say how many calls and rows remain")


def _call(request: SignedRequest) -> signedcall.SignedCall:
    path, _, query = request.url.raw_path.decode("ascii").partition("?")
    return signedcall.parse(
        request.method, request.headers["Host"], path, query, request.headers, request.body
    )
