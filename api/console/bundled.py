"""Scripts, styles and fonts, as `api/console/assets` builds them into `static/`.

A name holds its content's hash, so that a browser keeps a file for good and still never shows an
old one. What was built is read once; a checkout or a wheel without it says so in one line.
"""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from fastapi import APIRouter, Request
from starlette.responses import FileResponse

from node.errors import NotFound

from ..http.verbs import Readable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.responses import Response

STATIC = Path(__file__).parent / "static"
PREFIX = "/static/"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".woff2": "font/woff2",
}
FOR_GOOD = "public, max-age=31536000, immutable"

logger = logging.getLogger(__name__)
router = APIRouter(route_class=Readable, include_in_schema=False)


@cache
def manifest() -> Mapping[str, str]:
    """Return the built name of every file by the name it is written under; empty: none is built."""
    try:
        found: dict[str, str] = orjson.loads((STATIC / "manifest.json").read_bytes())
    except OSError:
        logger.warning(
            "控制台的样式和脚本尚未生成，页面只有文字；请在源码目录运行 make setup / the console's "
            "styles and scripts are not built: run make setup in the checkout"
        )
        return {}
    return found


def asset(name: str) -> str:
    """Return the address of a built file, by the name it is written under."""
    return PREFIX + manifest().get(name, name)


@cache
def _built() -> frozenset[str]:
    return frozenset(each.name for each in STATIC.iterdir()) if STATIC.is_dir() else frozenset()


@router.get(PREFIX + "{name}")
async def get_asset(name: str, request: Request) -> Response:
    """Answer with a built file, packed where the browser unpacks it."""
    kind = TYPES.get(Path(name).suffix)
    # The name is one of the folder's own, so no path leads out of it.
    if kind is None or name not in _built():
        raise NotFound(f"没有文件 {PREFIX}{name} / no such file")
    headers = {
        "Cache-Control": FOR_GOOD,
        "X-Content-Type-Options": "nosniff",
        "Vary": "Accept-Encoding",
    }
    if f"{name}.gz" in _built() and "gzip" in request.headers.get("accept-encoding", ""):
        return FileResponse(
            STATIC / f"{name}.gz", media_type=kind, headers={**headers, "Content-Encoding": "gzip"}
        )
    return FileResponse(STATIC / name, media_type=kind, headers=headers)
