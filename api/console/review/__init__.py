"""The reviewer's seat: what waits for a competent department's review."""

from __future__ import annotations

from .review_pages import router

__all__ = ["router"]
