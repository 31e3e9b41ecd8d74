"""What a browser fetches before a page can be read: its HTML and what that loads at once, packed.

Fonts come after the text; what a script imports only when it is needed is no part of it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

MOST_BYTES = 150_000
LOADED = re.compile(r'(?:href|src)="(/static/[^"]+\.(?:css|js|svg))"')
IMPORTED = re.compile(r'(?:from|import)"\./([^"]+)"')


def first_view_bytes(http: httpx.Client, address: str) -> int:
    """Return how many bytes the first view of a page has, as they are sent."""
    asked = {"Accept": "text/html", "Accept-Encoding": "gzip"}
    with http.stream("GET", address, headers=asked) as answer:
        answer.raise_for_status()
        sent = b"".join(answer.iter_raw())
        text = sent.decode()
    total, waiting, seen = len(sent), LOADED.findall(text), set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        with http.stream("GET", name, headers={"Accept-Encoding": "gzip"}) as answer:
            total += sum(map(len, answer.iter_raw()))
        if name.endswith(".js"):
            script = http.get(name).text
            waiting += [f"/static/{each}" for each in IMPORTED.findall(script)]
    return total
