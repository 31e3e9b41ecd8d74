"""Evidence: what proves a call to whoever has the trust file and nothing else.

`bundle`: the file. `verify`: the verifier; it joins `chain` (headers, receipts, events), `replay`
of the contracts' rules (`world`, `registry`, `catalogue`, `authorisations`, `steps`, `anchors`),
`papers` (documents), `claim` (the call and its place in the log), `judge` (what the ledger allowed)
and `describe` (the lines). `report`: lines and findings. docs/evidence.md is the normative text.
"""

from __future__ import annotations

from ..ledger.report import Check, Evidence, Verdict
from .bundle import Bundle, parse_bundle, render_bundle
from .chain import CONTRACTS, REGISTRY
from .verify import verify_evidence

__all__ = [
    "CONTRACTS",
    "REGISTRY",
    "Bundle",
    "Check",
    "Evidence",
    "Verdict",
    "parse_bundle",
    "render_bundle",
    "verify_evidence",
]
