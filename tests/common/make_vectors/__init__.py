"""The vectors of docs/protocol.md, made anew by `python -m tests.common.make_vectors`.

One small town, always the same: its papers, its decisions, two calls and a refusal, their answer,
their log. `town`: keys and papers; `plainly`: identifiers and canonical JSON; `deciding`:
documents and decisions; `calling`: calls and their answer; `proving`: leaves, proofs, receipts.
"""

from __future__ import annotations

from typing import Any

from .calling import make_answer, make_calls, sign_query
from .deciding import make_decisions, make_documents
from .plainly import make_canonical, make_ids
from .proving import make_log
from .town import Town, make_keys, nothing_random

__all__ = ["make_all"]


def make_all() -> dict[str, Any]:
    """Return the content of every file by its name without `.json`."""
    with nothing_random():
        town = Town()
        calls = make_calls(town)
        query = calls["calls"][0]
        answer = make_answer(town, sign_query(town, "application", query["nonce"]))
        return {
            "keys": make_keys(town),
            "ids": make_ids(),
            "canonical": make_canonical(),
            "documents": make_documents(town),
            "decisions": make_decisions(town),
            "calls": calls,
            "answer": answer,
            "log": make_log(town, answer, query),
        }
