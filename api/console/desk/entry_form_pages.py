"""One entry by form: filled in, checked as a table is, and from there on a draft like any other.

The form is the template's sheet of one entry (`importing.entryform`): what is compared, handed over
and signed is on the pages of `filing_pages`. A withdrawal is asked for by a form of its own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from node.documents.importing.entryform import (
    NAME,
    EntryForm,
    FormField,
    form_fields,
    form_of_grid,
    place_of,
)
from node.errors import InvalidInput, NotEntitled
from node.office.reads import get_version
from node.office.worktables import NAME_LIMIT, Worktable, begin_entry, check
from node.protocol.forms.fields import ITEMS_LIMIT
from node.protocol.ledger.enums import EntryState, Role
from node.protocol.wire import ids

from ...http.verbs import Readable
from ..frames import Link
from ..pages import render
from .filing_pages import FILINGS, Named, may_sign, open_draft
from .seating import DESK, FILERS, FormDep, Sitting, SittingDep, to_decide, to_page

if TYPE_CHECKING:
    from node.protocol.ledger.facts import EntryFact

router = APIRouter(route_class=Readable, include_in_schema=False)
ENTRIES = "/desk/entries"
EntryId = Annotated[str, Path(pattern="^[0-9a-f]{64}$")]
UNNAMED = "新目录"
GROUPS = (
    (("基本信息", "The entry"), "类分类", "信息资源格式分类"),
    (("共享与开放", "Sharing and opening"), "共享类型", "开放条件"),
    (("更新、来源与审查", "Updates, origin, assessments"), "更新周期", ""),
)
"""Headings of the form, with the first and the last field of each in the template's order."""
_ENTRY = re.compile("[0-9a-f]{64}")
_ITEM = re.compile(r"i(\d{1,4})-(\d{1,3})")
_REMOVED = re.compile(r"remove-(\d{1,4})")


@router.post(ENTRIES + "/form")
def begin(at: SittingDep, form: FormDep) -> Response:
    """Begin a draft: a new entry, or a change of one."""
    department = form.get("department", "")
    owner = at.require(FILERS, department)
    before = None
    if (entry := form.get("entry", "")) and _ENTRY.fullmatch(entry):
        if _own_entry(at, entry, FILERS).provider != owner:
            raise NotEntitled("这个目录是您另一个部门的 / the entry is another department's")
        # The newest one, which may have been returned: it is what has to be mended.
        newest = at.node.queries.versions(bytes.fromhex(entry))[-1]
        before = get_version(at.node.store, newest)
    table = begin_entry(at.called(department), department, before)
    if before is not None:
        check(table, at.node.queries, department)
    title = before.body.name if before is not None else UNNAMED
    begun = at.node.drafts.begin(at.person, owner, "entry", title[:NAME_LIMIT], table.dump())
    return to_page(f"{FILINGS}/{begun.id.hex()}/form")


@router.get(FILINGS + "/{named}/form")
def show_form(request: Request, at: SittingDep, named: Named) -> Response:
    """Show an entry as a form, with what the last check found beside its fields."""
    opened, table = open_draft(at, named, "entry")
    form = form_of_grid(table.grid)
    entry, items = form_fields()
    return render(
        request,
        "desk/entryform.html",
        title=(opened.listed.title, opened.listed.title),
        seat=DESK,
        here=FILINGS,
        crumbs=(Link(FILINGS, ("报送目录", "File entries")),),
        opened=opened,
        table=table,
        form=form,
        groups=_groups(entry),
        item_fields=list(items.values()),
        said=_said(table),
        elsewhere=[each for each in table.problems if not each.cell or ":" in each.cell],
        place_of=place_of,
        limit=ITEMS_LIMIT,
        mine=opened.listed.may_change(at.person),
        can_take_back=opened.listed.author == at.person.key and opened.listed.waits_for != 0,
        here_at=f"{FILINGS}/{named}",
        by_head=may_sign(at, opened),
    )


@router.post(FILINGS + "/{named}/form")
def save_form(at: SittingDep, named: Named, given: FormDep) -> Response:
    """Keep what was filled in and check it; add or take away an item where that was asked."""
    opened, _ = open_draft(at, named, "entry")
    form, do = _read(given), given.get("do", "")
    if do == "add":
        form.items.append({})
    elif (removed := _REMOVED.fullmatch(do)) and len(form.items) > 1:
        del form.items[int(removed[1]) : int(removed[1]) + 1]
    table = Worktable(form.grid())
    check(table, at.node.queries, ids.department_code(opened.listed.department))
    revision = int(given.get("revision", "0")) if given.get("revision", "").isdecimal() else 0
    title = (form.entry.get(NAME, "").strip() or UNNAMED)[:NAME_LIMIT]
    at.node.drafts.save(at.person, opened.listed.id, revision, table.dump(), title)
    # A browser that is sent to another place of the page it shows loads nothing anew.
    added = f"?item={len(form.items)}#item-{len(form.items)}" if do == "add" else ""
    return to_page(f"{FILINGS}/{named}/form{added}")


@router.get(ENTRIES + "/{entry}/withdrawal")
def ask_withdrawal(request: Request, at: SittingDep, entry: EntryId) -> Response:
    """Show what would be withdrawn, and ask why."""
    fact = _own_entry(at, entry, Role(63))
    paper = get_version(at.node.store, fact)
    code = ids.department_code(fact.provider)
    return render(
        request,
        "desk/withdrawal.html",
        title=("申请撤回目录", "Ask to withdraw an entry"),
        seat=DESK,
        here=ENTRIES,
        crumbs=(Link(ENTRIES, ("本部门目录", "Our entries")),),
        paper=paper,
        entry=entry,
        provider=at.called(code),
        standing=fact.state == EntryState.PUBLISHED,
        head=bool(at.officer.roles.get(fact.provider, 0) & Role.DEPARTMENT_HEAD),
        here_at=f"{ENTRIES}/{entry}",
    )


@router.post(ENTRIES + "/{entry}/withdrawal")
def withdraw(at: SittingDep, entry: EntryId, form: FormDep) -> Response:
    """Return the withdrawal that is to be prepared and signed."""
    fact = _own_entry(at, entry, Role.DEPARTMENT_HEAD)
    reason = form.get("reason", "").strip()
    if not reason:
        raise InvalidInput("请写明撤回的理由 / say why it is withdrawn")
    code = get_version(at.node.store, fact).body.code
    department = ids.department_code(fact.provider)
    return to_decide("SubmitWithdrawal", {"department": department, "reasons": {code: reason}})


def _own_entry(at: Sitting, entry: str, roles: Role) -> EntryFact:
    """Return the version in force of an entry, or its newest, of a department he acts for."""
    node = at.node
    known = node.queries.get_entry(bytes.fromhex(entry))
    if not at.officer.roles.get(known.provider, 0) & roles:
        raise NotEntitled("这不是您可以办理的目录 / the entry is not yours to change")
    return known


def _groups(fields: dict[str, FormField]) -> list[tuple[tuple[str, str], list[FormField]]]:
    headings = list(fields)
    found = []
    for words, first, last in GROUPS:
        end = headings.index(last) + 1 if last else len(headings)
        found.append((words, [fields[each] for each in headings[headings.index(first) : end]]))
    # What stands behind the template's own columns belongs to one of the first two.
    moved = ("共享范围", "使用用途", "不予共享理由", "依据类型", "依据名称", "依据条款")
    found[1][1].extend(each for each in found[2][1] if each.heading in moved)
    found[2] = (found[2][0], [each for each in found[2][1] if each.heading not in moved])
    return found


def _said(table: Worktable) -> dict[str, list[tuple[bool, str]]]:
    said: dict[str, list[tuple[bool, str]]] = {}
    for doubt, listed in enumerate((table.problems, table.warnings)):
        for each in listed:
            said.setdefault(each.cell, []).append((bool(doubt), each.message))
    return said


def _read(given: dict[str, str]) -> EntryForm:
    """Read the form's fields: `e4` of the entry, `i0-11` of its first item, by the column.

    Of a list of several each one that is chosen is a field of its own (`e15-2`).
    """
    entry, items = form_fields()
    values = {}
    for heading, each in entry.items():
        named = f"e{each.column}"
        if each.several:
            chosen = [word for at, word in enumerate(each.listed) if f"{named}-{at}" in given]
            values[heading] = "、".join(chosen)
        else:
            values[heading] = given.get(named, "")
    numbers = {int(found[1]) for name in given if (found := _ITEM.fullmatch(name))}
    count = min(max(numbers, default=0) + 1, ITEMS_LIMIT + 1)
    rows = [
        {heading: given.get(f"i{at}-{each.column}", "") for heading, each in items.items()}
        for at in range(count)
    ]
    return EntryForm(values, rows)
