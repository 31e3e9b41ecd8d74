"""Filing a table: dropped, mended beside its problems, handed over, compared, signed.

What waits between two requests is a draft in office.db; what is signed is compared with the ledger
at the moment it is asked for.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Annotated, NamedTuple
from urllib.parse import quote

from anyio import to_thread
from fastapi import APIRouter, Path, Query, Request
from starlette.responses import RedirectResponse, Response

from node.documents.coverage import Coverage
from node.documents.importing.cells import Row, cell_name, column_name
from node.documents.importing.headings import find_header
from node.documents.importing.template import template_book
from node.errors import Conflict, InvalidInput, NotFound
from node.office.filings import bodies_of
from node.office.worktables import Worktable, check, compare, drop, fit, load_worktable
from node.protocol.ledger.enums import Role
from node.protocol.wire import ids

from ...http.callers import NodeDep
from ...http.officers import officer_with_body
from ...http.verbs import Readable
from ..frames import Link
from ..pages import Page, page_of, render
from ..public.comparison import compare as compare_versions
from ..workbook import MEDIA_TYPE, packed
from .seating import (
    DESK,
    FILERS,
    FormDep,
    Sitting,
    SittingDep,
    number_of,
    to_decide,
    to_page,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from node.documents.importing.grid import GridSheet
    from node.documents.importing.headings import Header
    from node.office.drafts import Opened
    from node.office.filings import Compared

    from ..public.comparison import Difference

router = APIRouter(route_class=Readable, include_in_schema=False)
FILINGS = "/desk/filings"
PAGE = 50
"""Rows of a table on a page."""
WIDEST = 60
"""Columns that are shown."""
LISTED = 200
"""Entries of a kind that a comparison lists."""
_HINT = re.compile(r"[\n（(]")
READ_WHOLE = 20
"""Changed entries up to which each difference is shown with what was and what is."""
TOP = 40
"""Rows among which headings are looked for."""
Named = Annotated[str, Path(pattern="^[0-9a-f]{32}$")]


class GridRow(NamedTuple):
    """A row as it is shown."""

    number: int
    cells: list[str]


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
        begun = node.drafts.begin(at.person, owner, "filing", table.grid.file, table.dump())
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
    rows = _rows(table, shown, wrong=show == "wrong")
    page = page_of(list(islice(rows, after, after + PAGE + 1)), after, PAGE)
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
        heads=_heads(table, shown),
        said=_said(table, shown),
        most=LISTED,
        places=_places(page),
        mine=opened.listed.may_change(at.person),
        can_take_back=opened.listed.author == at.person.key and opened.listed.waits_for != 0,
        here_at=f"{FILINGS}/{named}",
        cell_name=cell_name,
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
    """Show a cell as a field to type into."""
    _, table = open_draft(at, named)
    return _cell(request, named, table, (sheet, row, column), editing=True)


@router.post(FILINGS + "/{named}/cell")
def save_cell(request: Request, at: SittingDep, named: Named, form: FormDep) -> Response:
    """Keep what was typed into a cell, if the cell still says what the person saw."""
    opened, table = open_draft(at, named)
    place = (form.get("sheet", ""), number_of(form, "row"), number_of(form, "column"))
    if _text(table, place) != form.get("was", ""):
        raise Conflict("这一格已被别处改动，请刷新 / the cell was changed elsewhere: load it again")
    table.change(*place, form.get("text", ""))
    at.node.drafts.save(at.person, opened.listed.id, opened.listed.revision, table.dump())
    return _cell(request, named, table, place, editing=False)


@router.post(FILINGS + "/{named}/check")
def check_table(at: SittingDep, named: Named) -> Response:
    """Check the table again."""
    opened, table = open_draft(at, named)
    check(table, at.node.queries, ids.department_code(opened.listed.department))
    at.node.drafts.save(at.person, opened.listed.id, opened.listed.revision, table.dump())
    return to_page(f"{FILINGS}/{named}")


@router.post(FILINGS + "/{named}/hand-over")
def hand_over(at: SittingDep, named: Named, form: FormDep) -> Response:
    """Hand the draft to the department's head, or back to who made it."""
    role = Role(number_of(form, "role", 63))
    comment, revision = form.get("comment", ""), number_of(form, "revision")
    at.node.drafts.hand_over(at.person, bytes.fromhex(named), revision, role, comment)
    return to_page(FILINGS)


@router.post(FILINGS + "/{named}/take-back")
def take_back(at: SittingDep, named: Named) -> Response:
    """Take back what one handed over."""
    at.node.drafts.take_back(at.person, bytes.fromhex(named))
    return to_page(f"{FILINGS}/{named}")


@router.post(FILINGS + "/{named}/drop")
def throw_away(at: SittingDep, named: Named) -> Response:
    """Throw a draft away."""
    at.node.drafts.drop(at.person, bytes.fromhex(named))
    return to_page(FILINGS)


@router.get(FILINGS + "/{named}/comparison")
def comparison(request: Request, at: SittingDep, named: Named) -> Response:
    """Show what the table would change of what is in force."""
    opened, table = open_draft(at, named)
    found = _compare(at, opened, table)
    return render(
        request,
        "desk/comparison.html",
        title=("核对与签署", "Compare and sign"),
        seat=DESK,
        here=FILINGS,
        crumbs=(
            Link(FILINGS, ("报送目录", "File entries")),
            Link(f"{FILINGS}/{named}", (opened.listed.title, opened.listed.title)),
        ),
        opened=opened,
        compared=found,
        diffs=_differences(found),
        most=LISTED,
        by_head=may_sign(at, opened),
        mine=opened.listed.may_change(at.person),
        here_at=f"{FILINGS}/{named}",
        head=int(Role.DEPARTMENT_HEAD),
    )


@router.post(FILINGS + "/{named}/fields")
def fields(at: SittingDep, named: Named) -> Response:
    """Return what is to be prepared and signed: every new or changed entry, with one signature."""
    opened, table = open_draft(at, named)
    department = ids.department_code(opened.listed.department)
    at.require(Role.DEPARTMENT_HEAD, department)
    found = _compare(at, opened, table)
    if not found.may_be_signed:
        raise InvalidInput(
            f"还有 {len(found.filing.problems) + len(found.found.blocked)} 处有误，或没有要报送的"
            " / there are problems, or nothing to file"
        )
    if opened.listed.kind == "filing":
        # Before the signature: the next edition of the table must not forget this one.
        Coverage(at.node.node_engine).keep(department, found.space, found.filing.codes)
    return to_decide("SubmitVersions", {"versions": bodies_of(found.found.to_file)})


@router.post(FILINGS + "/{named}/done")
def done(at: SittingDep, named: Named) -> Response:
    """Drop a draft whose every entry is on the ledger as the table has it."""
    opened, table = open_draft(at, named)
    found = _compare(at, opened, table)
    if found.filing.problems or found.found.blocked or found.found.to_file:
        raise Conflict("还有目录没有报送 / some entries are not filed yet")
    at.node.drafts.drop(at.person, opened.listed.id)
    return to_page(FILINGS)


def open_draft(at: Sitting, named: str, *kinds: str) -> tuple[Opened, Worktable]:
    """Return a draft this person may read, and the table in it; raises as `Drafts.get`."""
    wanted = kinds or ("filing", "entry")
    opened = at.node.drafts.get(at.person, bytes.fromhex(named), *wanted)
    return opened, load_worktable(opened.body)


def _compare(at: Sitting, opened: Opened, table: Worktable) -> Compared:
    node, department = at.node, ids.department_code(opened.listed.department)
    coverage = Coverage(node.node_engine) if opened.listed.kind == "filing" else None
    return compare(table, node.queries, node.store, coverage, department)


def may_sign(at: Sitting, opened: Opened) -> bool:
    """Whether he has the draft now and decides for its department."""
    person = at.person
    mine = opened.listed.may_change(person)
    return mine and bool(person.held.get(opened.listed.department, 0) & Role.DEPARTMENT_HEAD)


def _differences(found: Compared) -> dict[str, list[Difference]]:
    """Return what each of a few changed entries says differently, by its code."""
    changed = found.found.changed
    return {
        each.paper.body.code: compare_versions(each.before.data, each.paper.data)
        for each in (changed if len(changed) <= READ_WHOLE else ())
    }


def _sheet_of(table: Worktable, name: str) -> GridSheet | None:
    sheets = table.grid.sheets
    named = next((each.sheet for each in table.problems), sheets[0].name if sheets else "")
    return table.grid.find(name) or table.grid.find(named) or (sheets[0] if sheets else None)


def _top(table: Worktable, sheet: GridSheet) -> Header | None:
    rows = [Row(number, list(sheet.rows[number]), {}) for number in islice(sorted(sheet.rows), TOP)]
    return find_header(rows, table.rules)


def _heads(table: Worktable, sheet: GridSheet | None) -> list[str]:
    """Return what stands over each column that is shown."""
    if sheet is None:
        return []
    width = min(max((len(cells) for cells in sheet.rows.values()), default=0), WIDEST)
    header = _top(table, sheet)
    above = header.above if header is not None else []
    # What a heading says in brackets is how to fill the column in.
    texts = [_HINT.split(above[at])[0] if at < len(above) else "" for at in range(width)]
    return [f"{column_name(at)} {text}".strip() for at, text in enumerate(texts)]


def _rows(table: Worktable, sheet: GridSheet | None, *, wrong: bool) -> Iterator[GridRow]:
    """Yield the rows below the headings, or those that something is wrong with."""
    if sheet is None:
        return
    header = _top(table, sheet)
    top = header.row if header is not None else 0
    width = len(_heads(table, sheet))
    bad = {each.row for each in table.problems if each.sheet == sheet.name}
    for number, cells in sheet.rows.items():
        if number in bad or (not wrong and number > top):
            yield GridRow(number, [cells[at] if at < len(cells) else "" for at in range(width)])


def _said(table: Worktable, sheet: GridSheet | None) -> dict[str, list[tuple[bool, str]]]:
    """Return what is said of each cell of a sheet, and whether it only asks to look again."""
    found: dict[str, list[tuple[bool, str]]] = {}
    for doubt, listed in enumerate((table.problems, table.warnings)):
        for each in listed:
            if sheet is not None and each.sheet == sheet.name and _is_cell(each.cell):
                found.setdefault(each.cell, []).append((bool(doubt), each.message))
    return found


def _places(page: Page[GridRow]) -> dict[str, str]:
    """Return the id of each cell on a page, by the cell's name."""
    return {
        cell_name(row.number, column): f"{row.number}-{column}"
        for row in page.rows
        for column in range(len(row.cells))
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
