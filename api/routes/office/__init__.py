"""The office over HTTP, under `/api/v1/office`: what people decide, for pages, programs and agents.

- `decisions`: prepared here, signed where the officer sits, submitted here
- `signin`: a session for a browser, by a signed challenge
- `looking`: what is read before it is decided
- `tracing`: traces for an auditor
"""

from __future__ import annotations

from fastapi import APIRouter

from . import decisions, looking, signin, tracing

router = APIRouter(prefix="/office", tags=["office"])
for _module in (decisions, signin, looking, tracing):
    router.include_router(_module.router)
