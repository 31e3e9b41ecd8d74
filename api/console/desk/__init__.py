"""The officers' seat: what waits for them, what they file and decide for their department.

- `seating`: who sits there, and what his pages share; `handing`: drafts that go from one to another
- `inbox_pages`: what waits; `filing_pages`: a table, dropped and mended; `comparison_pages`: what
  it would change, signed
- `entry_form_pages`: one entry by form, and its withdrawal; `mapping_pages`: a table with headings
  of its own
- `applying_pages`: entries applied for, as from a basket
- `replying_pages`: one authorisation and its steps; `terms_pages`: a reply with its terms, its
  draft and its preview; `changing_pages`: its terms changed, disputes ruled
- `using_pages`: what we use, who uses ours; `receipt_pages`: what receipts of ours are held against
- `holding_pages`: the department's entries; `people_pages`: keys, roles and applications;
  `renewing_pages`: a new key for oneself
"""

from __future__ import annotations

from fastapi import APIRouter

from . import (
    applying_pages,
    changing_pages,
    comparison_pages,
    entry_form_pages,
    filing_pages,
    holding_pages,
    inbox_pages,
    mapping_pages,
    people_pages,
    receipt_pages,
    renewing_pages,
    replying_pages,
    terms_pages,
    using_pages,
)

router = APIRouter()
for _module in (
    inbox_pages,
    filing_pages,
    comparison_pages,
    entry_form_pages,
    mapping_pages,
    applying_pages,
    replying_pages,
    terms_pages,
    changing_pages,
    using_pages,
    holding_pages,
    people_pages,
    receipt_pages,
    renewing_pages,
):
    router.include_router(_module.router)
