"""The officers' seat: what waits for them, what they file and decide for their department.

- `seating`: who sits there, and what his pages share
- `inbox_pages`: what waits; `filing_pages`: a table from the file to the signature
- `entry_pages`: one entry by form, and its withdrawal; `mapping_pages`: a table with other headings
- `applying_pages`: an entry applied for; `replying_pages`: one authorisation, replies and steps
- `using_pages`: what we use, who uses ours
- `holding_pages`: the department's entries; `people_pages`: keys, roles and applications
"""

from __future__ import annotations

from fastapi import APIRouter

from . import (
    applying_pages,
    entry_pages,
    filing_pages,
    holding_pages,
    inbox_pages,
    mapping_pages,
    people_pages,
    replying_pages,
    using_pages,
)

router = APIRouter()
for _module in (
    inbox_pages,
    filing_pages,
    entry_pages,
    mapping_pages,
    applying_pages,
    replying_pages,
    using_pages,
    holding_pages,
    people_pages,
):
    router.include_router(_module.router)
