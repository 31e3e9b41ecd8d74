"""What the node answers over HTTP, one module a group of routes, all under `/api/v1`.

- `query`: calls to authorisations, on a route of its own
- `documents`: documents between nodes; the catalogue: search, and one entry
- `logs`: checkpoints, consistency, receipts of single calls
- `tlog`: the same logs as C2SP tlog-tiles: tiles and entries
- `ledger`: departments, their logs' keys and anchors, authorisations, from the read model
- `status`: how the node is
- `office`: what officials decide: prepared, signed where they sit, submitted; their sign-in
- `shapes`: what answers look like
"""

from __future__ import annotations

from fastapi import APIRouter

from . import (
    documents,
    ledger,
    logs,
    office,
    status,
    tlog,
)

PREFIX = "/api/v1"

router = APIRouter(prefix=PREFIX)
for _module in (documents, logs, tlog, ledger, office, status):
    router.include_router(_module.router)
