"""Logs of other nodes, read over their API with a registered key: how an auditor traces a call.

Satisfies `ledger_sync.trace.LogReader`. What a node hands out is only as good as its proofs, and
those are checked by whoever asks; nothing here is believed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from node.errors import LedgerError, NotFound
from node.protocol.forms import parse
from node.protocol.wire import encoding, ids
from node.protocol.wire.receipt import Receipt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger_sync.queries import Queries
    from node.client.http import SignedHttp
    from node.documents.store import DocumentStore


class RemoteLogs:
    """Every registered log, each at the node its department's document names."""

    def __init__(self, http: SignedHttp, queries: Queries, documents: DocumentStore) -> None:
        self._http, self._queries, self._documents = http, queries, documents
        self._receipts: dict[tuple[bytes, int], Receipt] = {}

    def find_event(self, log: bytes, event: bytes) -> int | None:
        try:
            found = self._get(log, f"events/{event.hex()}")
        except NotFound:
            return None
        receipt = Receipt.parse(found.get("receipt"))
        if ids.log_id(receipt.signed_checkpoint.checkpoint.origin) != log:
            return None  # of another of the department's logs
        self._receipts[log, receipt.index] = receipt
        return receipt.index

    def receipt(self, log: bytes, index: int) -> Receipt:
        """Return the receipt that came with the event."""
        receipt = self._receipts.get((log, index))
        if receipt is None:
            raise NotFound("this log is at another node and is read by event only", index=index)
        return receipt

    def entry(self, log: bytes, index: int) -> bytes:
        """Return the leaf that came with the event."""
        return self.receipt(log, index).leaf

    def leaves(self, log: bytes, indexes: Sequence[int]) -> list[bytes]:
        return [self.entry(log, index) for index in indexes]

    def consistency(self, log: bytes, old: int, new: int) -> Sequence[bytes]:
        fact = self._queries.find_log(log)
        which = "" if fact is None else f"&generation={fact.generation}"
        proof = self._get(log, f"consistency?old={old}&new={new}{which}").get("proof")
        if not isinstance(proof, list):
            raise NotFound("the node gives no consistency proof")
        return [encoding.unb64u(node) for node in proof]

    def calls(
        self, log: bytes, authorisation: int, *, after: int = 0, limit: int = 100
    ) -> Sequence[tuple[int, int]]:
        """Refuse: another node's calls are read one by one."""
        facts = {"log": log.hex(), "authorisation": authorisation, "after": after, "limit": limit}
        raise NotFound("the calls of an authorisation are listed at its provider's node", **facts)

    def _get(self, log: bytes, path: str) -> dict[str, Any]:
        fact = self._queries.find_log(log)
        if fact is None:
            raise NotFound("no such log is registered", log=log.hex())
        department = self._queries.get_department(ids.department_code(fact.department))
        data = self._documents.find(department.digest)
        if data is None:
            raise NotFound(f"the document of {department.code} has not arrived here")
        base = f"{parse(data).body.url}/api/v1/logs/{department.code}/"
        try:
            answer = orjson.loads(self._http.request("GET", base + path).content)
        except orjson.JSONDecodeError as error:
            raise NotFound(f"{base} does not answer in JSON") from error
        if not isinstance(answer, dict):
            raise LedgerError(f"{base} answers something else")
        return answer
