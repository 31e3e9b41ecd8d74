"""The seat that needs no sign-in: what anybody may know of the catalogue and who decided it.

- `catalogue_pages`: the front page and the search; `entry_pages`: one entry, its versions compared
- `department_pages`: who takes part; `decision_pages`: one decision as it stands on the chain
"""

from __future__ import annotations

from fastapi import APIRouter

from . import catalogue_pages

router = APIRouter()
for _module in (catalogue_pages,):
    router.include_router(_module.router)
