"""Chinese letters for what is no page: one TrueType font of just the characters a text has.

Made from the web font the pages have (Noto Sans SC, SIL OFL 1.1), whose files each hold a part of
the characters: those a text needs are opened, cut down, set to one weight and joined.
"""

from __future__ import annotations

import io
import re
import tempfile
from functools import cache
from pathlib import Path

from node.errors import Unavailable

from .bundled import STATIC, manifest

STYLES = "fonts.css"
WEIGHT = 400
_FACE = re.compile(
    r"@font-face\{[^}]*?url\(\"?\./([^\")]+)\"?\)[^}]*?unicode-range:([^;}]+)[^}]*\}"
)
_NEEDED = ["glyf", "loca", "head", "hhea", "hmtx", "maxp", "cmap", "name", "OS/2", "post"]


def font_of(text: str) -> tuple[bytes, frozenset[str]]:
    """Return a TrueType font, and the characters of `text` that it has: those of the web font.

    Raises:
        Unavailable: the console's fonts are not built, or have none of it.
    """
    from fontTools.merge import Merger

    wanted = {ord(character) for character in text} | {0x20, 0x3F}
    parts, had = [], set[int]()
    for name, known in _faces():
        if found := wanted & known:
            parts.append(_cut(name, found))
            wanted -= found
            had |= found
    if not parts:
        raise Unavailable(
            "控制台的字体尚未生成，请运行 make setup / the console's fonts are not built"
        )
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, data in enumerate(parts):
            path = Path(folder) / f"{number}.ttf"
            path.write_bytes(data)
            paths.append(str(path))
        joined = io.BytesIO()
        Merger().merge(paths).save(joined)
    return joined.getvalue(), frozenset(map(chr, had))


@cache
def _faces() -> tuple[tuple[str, frozenset[int]], ...]:
    """Return every file of the font and the characters it is for, out of the style sheet."""
    try:
        styles = (STATIC / manifest().get(STYLES, STYLES)).read_text("utf-8")
    except OSError:
        return ()
    return tuple((name, frozenset(_codes(ranges))) for name, ranges in _FACE.findall(styles))


def _codes(ranges: str) -> set[int]:
    found: set[int] = set()
    for each in ranges.split(","):
        first, _, last = each.strip().removeprefix("U+").partition("-")
        found.update(range(int(first, 16), int(last or first, 16) + 1))
    return found


def _cut(name: str, characters: set[int]) -> bytes:
    """Return a part of the font with these characters alone, at one weight."""
    from fontTools.subset import Options, Subsetter
    from fontTools.ttLib import TTFont
    from fontTools.varLib.instancer import instantiateVariableFont

    options = Options(layout_features=[], hinting=False, notdef_outline=True)
    with TTFont(STATIC / name) as font:
        subsetter = Subsetter(options)
        subsetter.populate(unicodes=characters)
        subsetter.subset(font)
        if "fvar" in font:
            instantiateVariableFont(font, {"wght": WEIGHT}, inplace=True)
        for table in set(font.keys()) - {"GlyphOrder", *_NEEDED}:
            del font[table]
        font.flavor = None
        out = io.BytesIO()
        font.save(out)
    return out.getvalue()
