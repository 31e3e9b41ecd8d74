"""The seat that needs no sign-in: what anybody may know of the catalogue and who decided it.

- `catalogue_pages`: the front page and the search; `entry_pages`: one entry, its versions compared
- `department_pages`: who takes part; `decision_pages`: one decision as it stands on the chain
- `download_pages`: an open entry's rows as a file, logged first; `spreading`: its formats
- `dcat`: the catalogue for machines; `comparison`: two versions of an entry
"""

from __future__ import annotations

from fastapi import APIRouter

from . import (
    catalogue_pages,
    dcat,
    decision_pages,
    department_pages,
    download_pages,
    entry_pages,
)

router = APIRouter()
# DCAT first: its addresses end in .jsonld, and an entry's page takes any end.
for _module in (
    dcat,
    catalogue_pages,
    download_pages,
    entry_pages,
    department_pages,
    decision_pages,
):
    router.include_router(_module.router)
