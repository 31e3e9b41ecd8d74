"""Signing in at a browser: the page that opens a key file. The session itself is the office's."""

from __future__ import annotations

from .signin_pages import router

__all__ = ["router"]
