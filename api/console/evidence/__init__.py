"""Evidence verified in the browser, by a verifier that shares no code with the node's."""

from __future__ import annotations

from .evidence_pages import router

__all__ = ["router"]
