"""A trace on one page of paper: what was checked, what it means, where the stamp goes.

The page proves nothing by itself and says so: the evidence bundle does, whose SM3 stands on it in
figures and as a QR code.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ledger_sync.trace.meaning import KINDS, meaning_of
from node.protocol.forms import BEIJING
from node.protocol.wire.characters import visible

from ..lettering import font_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from fpdf import FPDF

    from ledger_sync.trace import TraceLine

    from ..frames import Words

FAMILY = "letters"
MARGIN, WIDTH, FOOT = 18.0, 174.0, 226.0
"""Millimetres on A4: at the sides, between them, where the foot begins."""
ROW, SMALL = 5.0, 4.1
INDENT = 4.0
SIDE = 34.0
"""Of the QR code."""
SEAL = 45.0
"""Across: room for a round seal."""
_TEXT_POINTS, _SMALL_POINTS, _TITLE_POINTS = 9.0, 7.5, 17.0
YES, NO = "✓", "×"


@dataclass(frozen=True, slots=True)
class Report:
    """What stands on the page, in one language."""

    title: str
    facts: Sequence[tuple[str, str]]
    trace: TraceLine
    digest: str
    """SM3 of the evidence bundle, in hex."""
    made: int
    """Seconds since 1970."""
    by: str
    """Whose node made it."""
    english: bool = False


def render_report(report: Report) -> bytes:
    """Return the report as a PDF of one page, its letters embedded.

    Raises:
        Unavailable: the console's fonts are not built.
    """
    from fpdf import FPDF

    lines = list(_lines(report))
    written = "".join(("0123456789abcdef", *_texts(report), *(text for _, _, text in lines)))
    data, known = font_of(visible(written))
    with tempfile.TemporaryDirectory() as folder:
        letters = Path(folder) / "letters.ttf"
        letters.write_bytes(data)
        pdf = FPDF(format="A4")
        pdf.set_margin(MARGIN)
        pdf.set_auto_page_break(auto=False)
        pdf.set_title(report.title)
        pdf.set_lang("en" if report.english else "zh-CN")
        pdf.set_creation_date(datetime.fromtimestamp(report.made, BEIJING))
        pdf.add_font(FAMILY, fname=letters)
        pdf.add_page()
        sheet = _Sheet(pdf, report, known)
        sheet.head()
        sheet.checks(lines)
        sheet.foot()
        return bytes(pdf.output())


class _Sheet:
    """The page being written."""

    def __init__(self, pdf: FPDF, report: Report, known: frozenset[str]) -> None:
        self._pdf, self._report, self._known = pdf, report, known

    def head(self) -> None:
        self._put(self._report.title, _TITLE_POINTS, 10)
        for name, value in self._report.facts:
            self._put(f"{name}{_colon(self._report)}{value}", _TEXT_POINTS, ROW)
        self._pdf.ln(2)

    def checks(self, lines: Sequence[tuple[int, float, str]]) -> None:
        """Write the trace; what has no room is counted."""
        for number, (depth, points, text) in enumerate(lines):
            if self._pdf.get_y() > FOOT - 3 * ROW:
                left = len(lines) - number
                said = _said(
                    self._report, f"其余 {left} 行见证据包", f"{left} more lines: see the bundle"
                )
                self._put(said, _SMALL_POINTS, SMALL)
                return
            self._put(text, points, ROW if points == _TEXT_POINTS else SMALL, INDENT * depth)

    def foot(self) -> None:
        """Write the digest, its QR code and the place of the stamp."""
        pdf, report = self._pdf, self._report
        digest, issuer, seal, made, note = (_said(report, *words) for words in _FOOT)
        pdf.line(MARGIN, FOOT, MARGIN + WIDTH, FOOT)
        _draw_code(pdf, report.digest, MARGIN, FOOT + 4)
        beside, within = SIDE + 5, SEAL + 3
        pdf.set_y(FOOT + 3)
        half = len(report.digest) // 2
        colon = _colon(report)
        for text in (f"{digest}{colon}", report.digest[:half], report.digest[half:]):
            self._put(text, _SMALL_POINTS, SMALL, beside, within)
        pdf.ln(1)
        self._put(f"{issuer}{colon}{report.by}", _TEXT_POINTS, ROW, beside, within)
        self._put(f"{made}{colon}{_day(report)}", _TEXT_POINTS, ROW, beside, within)
        pdf.ln(1)
        self._put(note, _SMALL_POINTS, SMALL, beside, within)
        pdf.set_dash_pattern(dash=1, gap=1)
        pdf.ellipse(MARGIN + WIDTH - SEAL, FOOT + 4, SEAL, SEAL, style="D")
        pdf.set_dash_pattern()
        pdf.set_xy(MARGIN + WIDTH - SEAL, FOOT + 2 + SEAL / 2)
        pdf.set_font(FAMILY, size=_TEXT_POINTS)
        pdf.cell(SEAL, 4, seal, align="C")

    def _put(
        self, text: str, points: float, height: float, left: float = 0, right: float = 0
    ) -> None:
        """Write a text below the last one, folded between the margins."""
        from fpdf.enums import XPos, YPos

        shown = "".join(each if each in self._known else "?" for each in visible(text))
        self._pdf.set_font(FAMILY, size=points)
        self._pdf.set_x(MARGIN + left)
        self._pdf.multi_cell(
            WIDTH - left - right, height, shown, new_x=XPos.LMARGIN, new_y=YPos.NEXT, align="L"
        )


def _lines(report: Report) -> Iterator[tuple[int, float, str]]:
    """Yield (depth, points, text) of the trace: each line, then what its check means."""

    def below(line: TraceLine, depth: int) -> Iterator[tuple[int, float, str]]:
        mark = YES if line.ok else NO
        kind, text = _said(report, *KINDS[line.kind]), _said(report, line.text, line.english)
        # Most texts begin with what they are about.
        begins = text.lower().startswith(kind.lower())
        yield depth, _TEXT_POINTS, f"{mark} {text}" if begins else f"{mark} {kind}｜{text}"
        finding = f" {line.finding}" if line.finding else ""
        yield depth, _SMALL_POINTS, _said(report, *meaning_of(line)) + finding
        for child in line.children:
            yield from below(child, depth + 1)

    return below(report.trace, 0)


def _colon(report: Report) -> str:
    return _said(report, "：", ": ")


def _texts(report: Report) -> Iterator[str]:
    yield report.title
    for name, value in report.facts:
        yield f"{name}：: {value}?"
    for words in (*_FOOT, ("其余行见证据包 0123456789", "more lines: see the bundle")):
        yield _said(report, *words)
    yield report.by + _day(report)


_FOOT: tuple[Words, ...] = (
    ("证据包 SM3", "SM3 of the evidence bundle"),
    ("出具单位", "Issued by"),
    ("（盖章）", "(seal)"),
    ("出具时间", "Issued at"),
    (
        "本页只供阅读；能离线核验的证据是所附证据包，其 SM3 应与此相同。",
        "This page is for reading; what can be verified offline is the bundle with this SM3.",
    ),
)


def _draw_code(pdf: FPDF, digest: str, x: float, y: float) -> None:
    import segno

    code = segno.make(f"SM3:{digest}", error="m", micro=False)
    rows = [list(row) for row in code.matrix_iter(border=0)]
    size = SIDE / len(rows)
    for down, row in enumerate(rows):
        for across, dark in enumerate(row):
            if dark:
                pdf.rect(x + across * size, y + down * size, size, size, style="F")


def _day(report: Report) -> str:
    return datetime.fromtimestamp(report.made, BEIJING).strftime("%Y-%m-%d %H:%M")


def _said(report: Report, chinese: str, english: str) -> str:
    return english if report.english else chinese
