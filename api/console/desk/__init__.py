"""The officers' seat: what waits for them, what they file and decide for their department.

- `seating`: who sits there, and what his pages share
- `inbox_pages`: what waits; `filing_pages`: a table from the file to the signature
"""

from __future__ import annotations

from fastapi import APIRouter

from . import filing_pages, inbox_pages

router = APIRouter()
for _module in (inbox_pages, filing_pages):
    router.include_router(_module.router)
