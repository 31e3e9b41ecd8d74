"""Filing a table: dropped, mended beside its problems, handed over.

What waits between two requests is a draft in office.db.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeAlias
from urllib.parse import quote

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from node.documents.coverage import Coverage
from node.documents.importing.cells import Row, cell_name, column_name
from node.documents.importing.headings import find_header
from node.documents.importing.template import template_book
from node.errors import Conflict, NotFound
from node.office.worktables import check, drop, fit, load_worktable
from node.protocol.ledger.enums import Role
from node.protocol.wire import ids

from ...http.callers import NodeDep
from ...http.officers import officer_with_body
from ...http.verbs import Readable
from ..frames import Link
from ..pages import Page, page_of, render
from ..workbook import MEDIA_TYPE, packed
from .handing import Handed, add_handing
from .seating import (
    DESK,
    FILERS,
    FormDep,
    Sitting,
    SittingDep,
    number_of,
    to_page,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.documents.importing.grid import GridSheet
    from node.documents.importing.headings import Header
    from node.office.drafts import Listed, Opened
    from node.office.worktables import Worktable

router = APIRouter(route_class=Readable, include_in_schema=False)
FILINGS = "/desk/filings"
PAGE, FEWEST, CELLS = 50, 10, 800
"""Rows of a table on a page, and how few they are where it has so many cells that it is long."""
WIDEST = 60
"""Columns that are shown."""
LONGEST, SHORT, CHARACTERS = 120, 30, 20_000
"""Characters of a cell, or where a page would have more than so many in all; opened it is whole."""
LISTED = 50
"""Problems that are listed above the table: beside its cells stand all."""
Said: TypeAlias = dict[str, list[tuple[bool, str]]]
"""By a cell's name what is said of it, and whether it only asks to look again."""
_HINT = re.compile(r"[\n（(]")
TOP = 40
"""Rows among which headings are looked for."""
Named = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


class GridRow(NamedTuple):
    """A row as it is shown."""

    number: int
    cells: list[tuple[str, list[tuple[bool, str]]]]
    """Text and what is said of it."""


@router.get(FILINGS)
def filings(request: Request, at: SittingDep) -> Response:
    """Show the drafts, and where to drop a table."""
    listed = [each for each in at.node.drafts.list(at.person) if each.kind in {"filing", "entry"}]
    return render(
        request,
        "desk/filings.html",
        title=("报送目录", "File entries"),
        seat=DESK,
        here=FILINGS,
        drafts=listed,
        departments=(own := at.own(FILERS)),
        choices=[(each, at.called(each)) for each in own],
        called=at.called,
        code=ids.department_code,
        who=at.person,
    )


@router.post(FILINGS)
async def drop_table(
    request: Request,
    node: NodeDep,
    department: Annotated[str, Query(max_length=18)],
    name: Annotated[str, Query(max_length=400)],
) -> Response:
    """Take a file, whole and as it is, check it and keep it as a draft."""
    officer, body = await officer_with_body(request, node)
    at = Sitting(node, officer.roles, officer)

    def begin() -> str:
        owner = at.require(FILERS, department)
        table = drop(body, name)
        known = fit(
            table, node.queries, department, Coverage(node.node_engine).find_mapping(department)
        )
        kept = table.dump()
        begun = node.drafts.begin(at.person, owner, "filing", table.grid.file, kept)
        node.comparisons.keep_read(begun, kept, table.read)
        return begun.id.hex() if known else f"{begun.id.hex()}/mapping"

    made = await to_thread.run_sync(begin)
    return Response(status_code=201, headers={"Location": f"{FILINGS}/{made}"})


@router.get(FILINGS + "/template.xlsx")
def template(_at: SittingDep) -> Response:
    """Send an empty table to fill in, with the lists to choose from and how to fill it in."""
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote('目录填报模板.xlsx')}"}
    return Response(packed(template_book()), media_type=MEDIA_TYPE, headers=headers)


@router.get(FILINGS + "/{named}")
def show_table(
    *,
    request: Request,
    at: SittingDep,
    named: Named,
    show: Annotated[str, Query(pattern="^(wrong|all)?$")] = "",
    sheet: Annotated[str, Query(max_length=200)] = "",
    after: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Show a table with what is wrong beside its cells."""
    opened, table = open_draft(at, named)
    if opened.listed.kind == "entry":
        return RedirectResponse(f"{FILINGS}/{named}/form", 303)
    shown = _sheet_of(table, sheet)
    show = show or ("wrong" if table.wrong else "all")
    header = None if shown is None else _top(table, shown)
    heads = _heads(shown, header)
    size = max(FEWEST, min(PAGE, CELLS // max(1, len(heads))))
    numbers = list(islice(_numbers(table, shown, header, wrong=show == "wrong"), after, None))
    rows = _rows(shown, numbers[: size + 1], len(heads), _said(table, shown))
    page = page_of(rows, after, size, after + len(numbers))
    return render(
        request,
        "desk/table.html",
        title=(opened.listed.title, opened.listed.title),
        seat=DESK,
        here=FILINGS,
        crumbs=(Link(FILINGS, ("报送目录", "File entries")),),
        opened=opened,
        table=table,
        sheet=shown,
        show=show,
        page=page,
        heads=heads,
        most=LISTED,
        places=_places(page),
        mine=opened.listed.may_change(at.person),
        can_take_back=opened.listed.author == at.person.key and opened.listed.waits_for != 0,
        here_at=f"{FILINGS}/{named}",
        head=int(Role.DEPARTMENT_HEAD),
        by_head=may_sign(at, opened),
    )


@router.get(FILINGS + "/{named}/cell")
def edit_cell(
    *,
    request: Request,
    at: SittingDep,
    named: Named,
    sheet: Annotated[str, Query(max_length=200)],
    row: Annotated[int, Query(ge=1, le=10_000_000)],
    column: Annotated[int, Query(ge=0, lt=1024)],
) -> Response:
    """Show a cell as a field to type into, or whole to who only reads."""
    opened, table = open_draft(at, named)
    mine = opened.listed.may_change(at.person)
    return _cell(request, named, table, (sheet, row, column), editing=mine)


@router.post(FILINGS + "/{named}/cell")
def save_cell(request: Request, at: SittingDep, named: Named, form: FormDep) -> Response:
    """Keep what was typed into a cell, if the cell still says what the person saw."""
    opened, table = open_draft(at, named)
    place = (form.get("sheet", ""), number_of(form, "row"), number_of(form, "column"))
    if _text(table, place) != form.get("was", ""):
        raise Conflict("这一格已被别处改动，请刷新 / the cell was changed elsewhere: load it again")
    table.change(*place, form.get("text", ""))
    save(at, opened.listed, table)
    return _cell(request, named, table, place, editing=False)


@router.post(FILINGS + "/{named}/check")
def check_table(at: SittingDep, named: Named) -> Response:
    """Check the table again."""
    opened, table = open_draft(at, named)
    check(table, at.node.queries, ids.department_code(opened.listed.department))
    save(at, opened.listed, table)
    return to_page(f"{FILINGS}/{named}")


def _named(named: Named) -> Handed:
    return Handed(bytes.fromhex(named), f"{FILINGS}/{named}", FILINGS)


def _kept(named: Named, form: FormDep) -> Handed:
    return _named(named)._replace(revision=number_of(form, "revision"))


add_handing(router, FILINGS + "/{named}", _kept, _named)


def open_draft(at: Sitting, named: str, *kinds: str) -> tuple[Opened, Worktable]:
    """Return a draft this person may read, and the table in it; raises as `Drafts.get`."""
    opened = find_draft(at, named, *kinds)
    return opened, load_worktable(opened.body)


def find_draft(at: Sitting, named: str, *kinds: str) -> Opened:
    """Return a draft of a table, or of one of these kinds; raises as `Drafts.get`."""
    return at.node.drafts.get(at.person, bytes.fromhex(named), *(kinds or ("filing", "entry")))


def save(at: Sitting, listed: Listed, table: Worktable) -> None:
    """Keep a table as the draft says now, and beside it what a check of it has read."""
    body = table.dump()
    at.node.drafts.save(at.person, listed.id, listed.revision, body)
    at.node.comparisons.keep_read(listed, body, table.read)


def may_sign(at: Sitting, opened: Opened) -> bool:
    """Whether he has the draft now and decides for its department."""
    person = at.person
    mine = opened.listed.may_change(person)
    return mine and bool(person.held.get(opened.listed.department, 0) & Role.DEPARTMENT_HEAD)


def _sheet_of(table: Worktable, name: str) -> GridSheet | None:
    sheets = table.grid.sheets
    named = next((each.sheet for each in table.problems), sheets[0].name if sheets else "")
    return table.grid.find(name) or table.grid.find(named) or (sheets[0] if sheets else None)


def _top(table: Worktable, sheet: GridSheet) -> Header | None:
    rows = [Row(number, list(sheet.rows[number]), {}) for number in islice(sorted(sheet.rows), TOP)]
    return find_header(rows, table.rules)


def _heads(sheet: GridSheet | None, header: Header | None) -> list[str]:
    """Return what stands over each column that is shown."""
    if sheet is None:
        return []
    width = min(max((len(cells) for cells in sheet.rows.values()), default=0), WIDEST)
    above = header.above if header is not None else []
    # What a heading says in brackets is how to fill the column in.
    texts = [_HINT.split(above[at])[0] if at < len(above) else "" for at in range(width)]
    return [f"{column_name(at)} {text}".strip() for at, text in enumerate(texts)]


def _numbers(
    table: Worktable, sheet: GridSheet | None, header: Header | None, *, wrong: bool
) -> Iterator[int]:
    """Yield the numbers of the rows below the headings, or of those something is wrong with."""
    if sheet is None:
        return
    top = header.row if header is not None else 0
    bad = {each.row for each in table.problems if each.sheet == sheet.name}
    for number in sheet.rows:
        if number in bad or (not wrong and number > top):
            yield number


def _rows(sheet: GridSheet | None, numbers: list[int], width: int, said: Said) -> list[GridRow]:
    """Return rows as they are shown: long texts are cut, shorter where there are many."""
    if sheet is None:
        return []
    rows = [sheet.rows[number][:width] for number in numbers]
    long = sum(min(len(text), LONGEST) for cells in rows for text in cells)
    most = LONGEST if long <= CHARACTERS else SHORT
    found = []
    for number, cells in zip(numbers, rows, strict=True):
        whole = [*cells, *[""] * (width - len(cells))]
        found.append(
            GridRow(
                number,
                [
                    (_cut(text, most), said.get(cell_name(number, column), []))
                    for column, text in enumerate(whole)
                ],
            )
        )
    return found


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


def _said(table: Worktable, sheet: GridSheet | None) -> Said:
    """Return what is said of each cell of a sheet, and whether it only asks to look again."""
    found: Said = {}
    for doubt, listed in enumerate((table.problems, table.warnings)):
        for each in listed:
            if sheet is not None and each.sheet == sheet.name and _is_cell(each.cell):
                found.setdefault(each.cell, []).append((bool(doubt), each.message))
    return found


def _places(page: Page[GridRow]) -> dict[str, str]:
    """Return the id of each cell on a page of which something is said, by the cell's name."""
    return {
        cell_name(row.number, column): f"{row.number}-{column}"
        for row in page.rows
        for column, (_, said) in enumerate(row.cells)
        if said
    }


def _is_cell(named: str) -> bool:
    return named[:1].isalpha() and ":" not in named


def _text(table: Worktable, place: tuple[str, int, int]) -> str:
    sheet, row, column = place
    found = table.grid.find(sheet)
    if found is None:
        raise NotFound(f"表中没有工作表 {sheet} / no such sheet")
    cells = found.rows.get(row, [])
    return cells[column] if column < len(cells) else ""


def _cell(
    request: Request, named: str, table: Worktable, place: tuple[str, int, int], *, editing: bool
) -> Response:
    sheet, row, column = place
    return render(
        request,
        "desk/cell.html",
        title=("单元格", "Cell"),
        seat=DESK,
        editing=editing,
        table=table,
        here_at=f"{FILINGS}/{named}",
        sheet=sheet,
        row=row,
        column=column,
        text=_text(table, place),
        said=_said(table, table.grid.find(sheet)).get(cell_name(row, column), []),
    )
