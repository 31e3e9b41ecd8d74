"""Evidence: what proves a call to whoever has the trust file and nothing else.

`bundle`: the file. `verify`: the verifier; it joins `proven` (headers, receipts, events), `replay`
(events by the rules of `protocol.ledger`, the documents behind them), `claim` (the call and its
place in the log) and `describe` (the lines). docs/evidence.md is the normative text.
"""

from __future__ import annotations

from ..ledger.report import Check, Evidence, Verdict
from .bundle import Bundle, parse_bundle, render_bundle
from .proven import CONTRACTS
from .verify import verify_evidence

__all__ = [
    "CONTRACTS",
    "Bundle",
    "Check",
    "Evidence",
    "Verdict",
    "parse_bundle",
    "render_bundle",
    "verify_evidence",
]
