"""The auditor's seat: one box that takes anything, traces drawn, calls listed and exported.

- `auditing`: who may look at what, and the leaf every look leaves behind
- `box_pages`: the box; `thing_pages`: one thing each, with its trace and its timeline
- `call_pages`: lists of calls, and their export; `whose_logs`: where each log is asked
- `drawing`, `reporting`: a trace drawn, a trace on paper

Every page is a query, and every query is a leaf of kind `audit` before it is answered.
"""

from fastapi import APIRouter

from . import box_pages, call_pages, thing_pages

router = APIRouter()
for part in (box_pages, call_pages, thing_pages):
    router.include_router(part.router)

__all__ = ["router"]
