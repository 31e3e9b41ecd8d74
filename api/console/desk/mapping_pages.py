"""How a table with headings of its own is read: a mapping proposed, chosen column by column, kept.

Each choice makes the mapping anew (`importing.proposing`); what choices cannot say is written in
the mapping file itself, on the page or brought as a file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anyio import to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from node.documents.coverage import Coverage
from node.documents.importing.mapping import LARGEST_BYTES, parse_mapping
from node.documents.importing.mapping_faults import PLACEHOLDER
from node.documents.importing.proposing import PREVIEWED
from node.documents.importing.seen_columns import synonyms
from node.errors import ConfigInvalid, InvalidInput, MalformedTable
from node.office.worktables import Worktable, check, propose_for
from node.protocol.forms.words import FIELDS
from node.protocol.wire import ids

from ...http.callers import NodeDep
from ...http.officers import officer_with_body
from ...http.verbs import Readable
from ..frames import Link
from ..pages import render
from .filing_pages import FILINGS, Named, open_draft, save
from .seating import DESK, FormDep, Sitting, SittingDep, to_page

if TYPE_CHECKING:
    from node.documents.importing.proposing import Proposal
    from node.office.drafts import Opened

router = APIRouter(route_class=Readable, include_in_schema=False)
ASKED = ("provider", "providerCode", "sourceSystem", "duty", "abstract", "classification.0")
"""What each entry of a table may say alike, by a text."""
REVIEWED = ("保密审查结论", "保密审查日期")
ITEM = "items."


@router.get(FILINGS + "/{named}/mapping")
def show_mapping(request: Request, at: SittingDep, named: Named) -> Response:
    """Show what each column is taken for, what is missing, and the first entries read so."""
    opened, table = open_draft(at, named, "filing")
    proposal, fault = _proposal(table)
    constants = table.rules.constants if table.mapping else {}
    filing = check(table, at.node.queries, _department(opened))
    return render(
        request,
        "desk/mapping.html",
        title=("表头对应", "What the columns are"),
        seat=DESK,
        here=FILINGS,
        crumbs=(
            Link(FILINGS, ("报送目录", "File entries")),
            Link(f"{FILINGS}/{named}", (opened.listed.title, opened.listed.title)),
        ),
        opened=opened,
        table=table,
        proposal=proposal,
        fault=fault,
        fields=_fields(table, proposal) if proposal else [],
        headings=_headings(proposal) if proposal else [],
        asked=[(name, _label(name), _asked(constants, name)) for name in ASKED],
        reviewed=_review(constants),
        preview=filing.entries[:PREVIEWED] or (proposal.preview if proposal else []),
        open_places=table.open_places,
        mine=opened.listed.may_change(at.person),
        here_at=f"{FILINGS}/{named}",
    )


@router.post(FILINGS + "/{named}/mapping")
def choose(at: SittingDep, named: Named, form: FormDep) -> Response:
    """Make the mapping anew by what was chosen for each field."""
    opened, table = open_draft(at, named, "filing")
    chosen = {
        name.removeprefix("of-"): heading
        for name, heading in form.items()
        if name.startswith("of-") and heading
    }
    try:
        table.mapping = propose_for(table, chosen, _constants(form)).text
    except ConfigInvalid as error:
        raise _wrong(error) from error
    return _keep(at, opened, table)


@router.post(FILINGS + "/{named}/mapping/text")
def write(at: SittingDep, named: Named, form: FormDep) -> Response:
    """Take the mapping file as it was written on the page; none: the template's again."""
    opened, table = open_draft(at, named, "filing")
    text = form.get("text", "").replace("\r\n", "\n")
    table.mapping = _understood(text) if text.strip() else ""
    return _keep(at, opened, table)


@router.post(FILINGS + "/{named}/mapping/file")
async def bring(request: Request, node: NodeDep, named: Named) -> Response:
    """Take a mapping file, as `catalogue import --mapping` does."""
    officer, body = await officer_with_body(request, node)
    at = Sitting(node, officer.roles, officer)

    def take() -> None:
        opened, table = open_draft(at, named, "filing")
        if len(body) > LARGEST_BYTES:
            raise InvalidInput("映射文件超过 1 MiB / the mapping file is too large")
        try:
            text = body.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InvalidInput("映射文件不是 UTF-8 / the mapping file is not UTF-8") from error
        table.mapping = _understood(text)
        _keep(at, opened, table)

    await to_thread.run_sync(take)
    return Response(status_code=201, headers={"Location": f"{FILINGS}/{named}/mapping"})


def _understood(text: str) -> str:
    """Return a mapping file's text.

    Raises:
        InvalidInput: it is none; everything wrong with it is named.
    """
    try:
        parse_mapping(text, "映射")
    except ConfigInvalid as error:
        raise _wrong(error) from error
    return text


def _wrong(error: ConfigInvalid) -> InvalidInput:
    # What a person wrote on a page is his request's fault, not the node's settings'.
    return InvalidInput(f"映射写得不对：{error.message} / the mapping is wrong")


def _department(opened: Opened) -> str:
    return ids.department_code(opened.listed.department)


def _keep(at: Sitting, opened: Opened, table: Worktable) -> Response:
    """Check the table by its new mapping and save both; one that is whole serves the next table."""
    department = _department(opened)
    check(table, at.node.queries, department)
    save(at, opened.listed, table)
    if table.mapping and not table.open_places:
        Coverage(at.node.node_engine).keep_mapping(department, table.mapping)
    return to_page(f"{FILINGS}/{opened.listed.id.hex()}/mapping")


def _proposal(table: Worktable) -> tuple[Proposal | None, str]:
    """Return what is guessed of the table's columns, and why nothing can be."""
    try:
        return propose_for(table), ""
    except (MalformedTable, ConfigInvalid) as error:
        return None, error.chinese


def _fields(table: Worktable, proposal: Proposal) -> list[tuple[str, str, str, float | None]]:
    """Return each field, its name, the heading it is read from now, and how alike they are."""
    rules = table.rules
    read = {name: rule.headings[0] for name, rule in rules.entry.items() if rule.headings}
    read |= {
        f"{ITEM}{name}": rule.headings[0]
        for name, rule in rules.items.fields.items()
        if rule.headings
    }
    if rules.items.names is not None and rules.items.names.headings:
        read[f"{ITEM}name"] = rules.items.names.headings[0]
    guessed = {each.field: each for each in proposal.matches}
    whole = {each.split("（")[0].split("(")[0].strip(): each for each in _headings(proposal)}
    found = []
    for name in (*synonyms()["entry"], *(f"{ITEM}{each}" for each in synonyms()["items"])):
        heading = whole.get(read.get(name, ""), read.get(name, ""))
        guess = guessed.get(name)
        score = guess.score if guess is not None and guess.heading == heading else None
        found.append((name, _label(name), heading, score))
    return found


def _headings(proposal: Proposal) -> list[str]:
    used = [each.heading for each in proposal.matches]
    return list(dict.fromkeys([*used, *filter(None, [proposal.key.heading]), *proposal.unused]))


def _label(name: str) -> str:
    if name.startswith(ITEM):
        return f"信息项：{synonyms()['items'][name.removeprefix(ITEM)][0]}"
    known: list[str] = synonyms()["entry"].get(name, [])
    return known[0] if known else FIELDS.get(name, name)


def _asked(constants: dict[str, Any], name: str) -> str:
    value = constants.get(name.partition(".")[0], "")
    text = value[0] if isinstance(value, list) and value else value
    return str(text) if isinstance(text, str) and text != PLACEHOLDER else ""


def _review(constants: dict[str, Any]) -> tuple[str, str]:
    listed = constants.get("assessments") or [{}]
    first = listed[0] if isinstance(listed[0], dict) else {}
    said = str(first.get("conclusion", ""))
    return ("", "") if said == PLACEHOLDER else (said, str(first.get("date", "")))


def _constants(form: dict[str, str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for name in ASKED:
        if text := form.get(f"all-{name}", "").strip():
            field, _, at = name.partition(".")
            given[field] = [text] if at else text
    conclusion, date = (form.get(f"all-{each}", "").strip() for each in ("conclusion", "date"))
    if conclusion and date:
        given["assessments"] = [{"kind": "保密审查", "conclusion": conclusion, "date": date}]
    return given
