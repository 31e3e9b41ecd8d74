"""Signing in at a browser. The sessions themselves are the office's.

- `signin_pages`: an officer, with the page that opens his key file
- `provider_pages`: a reader, by way of an identity provider
"""

from __future__ import annotations

from fastapi import APIRouter

from . import provider_pages, signin_pages

router = APIRouter()
for part in (signin_pages, provider_pages):
    router.include_router(part.router)

__all__ = ["router"]
