"""The board (大屏): one page for a wall, moving as calls pass and blocks come.

- `watching`: what it shows, read from the read model and from what was counted of the logs
- `streaming`: the same to all who look, as server-sent events, within bounds
- `board_pages`: the page, the stream, and who may see them
"""

from fastapi import APIRouter

from .board_pages import pages, streams

router = APIRouter()
router.include_router(pages)
router.include_router(streams)

__all__ = ["router"]
