"""A trace as a drawing: its tree from left to right, a mark on every edge for the check made.

Only a layout: boxes and lines in SVG's units, for a template to write out. What it shows stands
beside it as a nested list, so nobody depends on seeing it.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger_sync.trace import TraceLine

WIDTH, HEIGHT = 196, 60
ACROSS, DOWN = 64, 12
EDGE = 1
ROWS = 3
UNITS = 26
"""Half-width characters in a row of a box."""
CLOSING = "）」》，。、：；"
MOST = 60
"""Boxes; a tree of more is only listed."""
_KEY = re.compile(r"（密钥 [0-9a-f]{8,}…）| \(key [0-9a-f]{8,}…\)")
"""Said in the list beside the drawing, where there is room."""
_TOKEN = re.compile(r"[（「《]?(?:[!-~]+|.)", re.DOTALL)
"""What is not parted: a word or a number, a sign, each with the mark that opens before it."""
_LONG_HEX = re.compile(r"\b([0-9a-f]{8})[0-9a-f]{20,}([0-9a-f]{4})\b")


@dataclass(frozen=True, slots=True)
class Box:
    """One line of the trace."""

    line: TraceLine
    x: int
    y: int
    rows: tuple[str, ...]
    """Its text, folded and perhaps cut."""


@dataclass(frozen=True, slots=True)
class Arc:
    """From a box to one below it in the tree."""

    x1: int
    y1: int
    x2: int
    y2: int
    ok: bool

    @property
    def path(self) -> str:
        middle = (self.x1 + self.x2) // 2
        return f"M{self.x1} {self.y1}H{middle}V{self.y2}H{self.x2}"

    @property
    def mark(self) -> tuple[int, int]:
        """Where its mark stands: before the box it leads to."""
        return self.x2 - ACROSS // 4, self.y2


@dataclass(frozen=True, slots=True)
class Drawing:
    """A trace laid out."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    arcs: tuple[Arc, ...]


def draw(trace: TraceLine, *, english: bool) -> Drawing | None:
    """Lay a trace out; None where it has too many lines to be read as a drawing."""
    if sum(1 for _ in trace.walk()) > MOST:
        return None
    boxes: list[Box] = []
    arcs: list[Arc] = []
    _place(trace, 0, EDGE, boxes, arcs, english=english)
    width = max(box.x for box in boxes) + WIDTH + EDGE
    height = max(box.y for box in boxes) + HEIGHT + EDGE
    return Drawing(width, height, tuple(boxes), tuple(arcs))


def _place(
    line: TraceLine, depth: int, top: int, boxes: list[Box], arcs: list[Arc], *, english: bool
) -> tuple[int, int]:
    """Place a line level with its first child; return its middle and where the next one begins."""
    x = EDGE + depth * (WIDTH + ACROSS)
    text = line.english if english else line.text
    boxes.append(Box(line, x, top, tuple(_fold(_LONG_HEX.sub(r"\1…\2", _KEY.sub("", text))))))
    middle, bottom = top + HEIGHT // 2, top
    for child in line.children:
        level, bottom = _place(child, depth + 1, bottom, boxes, arcs, english=english)
        arcs.append(Arc(x + WIDTH, middle, x + WIDTH + ACROSS, level, child.ok))
    return middle, max(bottom, top + HEIGHT + DOWN)


def _fold(text: str) -> Iterator[str]:
    """Yield a text in rows a box is wide, the last one cut short where more would follow."""
    row, width, done = "", 0, 0
    for token in _tokens(text):
        units = sum(2 if unicodedata.east_asian_width(each) in "WFA" else 1 for each in token)
        # A closing mark never begins a row (GB/T 15834): it stands out a little instead.
        if width + units > UNITS and (width > UNITS or token not in CLOSING):
            if done == ROWS - 1:
                yield row[:-1] + "…"
                return
            yield row
            row, width, done = "", 0, done + 1
        row += token
        width += units
    yield row


def _tokens(text: str) -> Iterator[str]:
    """Yield what a row does not part; a word of more than a row is parted where it must be."""
    for token in _TOKEN.findall(text):
        yield from (token[at : at + UNITS] for at in range(0, len(token), UNITS))
