"""The manual's pictures, out of what tests of pages photographed: `make screenshots`.

Of each picture that `docs/*.md` names, the newest photograph of that name is cut to a page's upper
part and kept with few colours: text on plain grounds loses nothing anybody sees, and a picture has
some tens of kilobytes. Pictures that no document names are removed.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from PIL import Image

from tests.common.browser import ROOT, SHOTS

if TYPE_CHECKING:
    from pathlib import Path

DOCS = ROOT / "docs"
PICTURES = DOCS / "console"
COLOURS = 64
APART = 9
"""Least difference of two colours in red, green or blue, that both are kept."""
TALLEST = 1_400
NAMED = re.compile(r"\(console/([a-z0-9-]+)\.png\)")


def named() -> set[str]:
    """Return the names of the pictures that documents show."""
    texts = (path.read_text("utf-8") for path in DOCS.glob("*.md"))
    return {name for text in texts for name in NAMED.findall(text)}


def keep(photograph: Path, picture: Path) -> None:
    """Write a photograph as a picture of the manual."""
    with Image.open(photograph) as opened:
        upper = opened.convert("RGB").crop((0, 0, opened.width, min(opened.height, TALLEST)))
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour in _colours(upper) for part in colour])
    few = upper.quantize(palette=palette, dither=Image.Dither.NONE)
    few.save(picture, "PNG", optimize=True)


def _colours(image: Image.Image) -> list[tuple[int, ...]]:
    """Return the most frequent colours that are told apart.

    Pillow's own ways lose the ground's tint or the few pixels of a ✓'s green.
    """
    found: list[tuple[int, ...]] = []
    pixels = image.width * image.height
    for _, colour in sorted(image.getcolors(pixels) or (), reverse=True):
        if not isinstance(colour, tuple):
            raise TypeError(f"{image.mode} is not RGB")
        if all(
            max(abs(a - b) for a, b in zip(colour, each, strict=True)) > APART for each in found
        ):
            found.append(colour)
        if len(found) == COLOURS:
            break
    return found


def main() -> None:
    """Make every picture anew; name those that no test has photographed."""
    wanted = named()
    missing = sorted(name for name in wanted if not (SHOTS / f"{name}.png").exists())
    if missing:
        sys.exit(f"no photograph in {SHOTS}: {', '.join(missing)}")
    PICTURES.mkdir(exist_ok=True)
    for name in sorted(wanted):
        keep(SHOTS / f"{name}.png", PICTURES / f"{name}.png")
    for path in PICTURES.glob("*.png"):
        if path.stem not in wanted:
            path.unlink()


if __name__ == "__main__":
    main()
