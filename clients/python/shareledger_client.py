"""ShareLedger's client: signed calls, sealed answers, receipts that are checked and kept.

`open_client` reads a `call.json`; `LedgerClient` is the same by hand, `AsyncLedgerClient` for an
event loop. Errors are `LedgerError` with a stable `code`. `verify_evidence` and `parse_trust` check
an evidence bundle offline.
"""

from .client.asynchronous import AsyncLedgerClient
from .client.callfile import CallFile, load_call, open_client
from .client.calls import Answer, LedgerClient, Query, Upgraded
from .client.http import SignedHttp
from .client.receiptfolder import ReceiptFolder
from .client.trust import NodeTrust, Trust
from .crypto import Signer, SoftwareSigner, SoftwareUnwrapper, Unwrapper
from .errors import LedgerError, VerificationError
from .protocol.evidence import verify_evidence
from .protocol.wire.receipt import Receipt
from .protocol.wire.trustfile import parse_trust

__all__ = [
    "Answer",
    "AsyncLedgerClient",
    "CallFile",
    "LedgerClient",
    "LedgerError",
    "NodeTrust",
    "Query",
    "Receipt",
    "ReceiptFolder",
    "SignedHttp",
    "Signer",
    "SoftwareSigner",
    "SoftwareUnwrapper",
    "Trust",
    "Unwrapper",
    "Upgraded",
    "VerificationError",
    "load_call",
    "open_client",
    "parse_trust",
    "verify_evidence",
]
