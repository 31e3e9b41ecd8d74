"""Who sits at the desk: an officer who has signed in, his departments, and what his pages share."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl

import orjson
from fastapi import Depends, Request
from starlette.responses import Response

from node.errors import InvalidInput, NotEntitled
from node.office import mandates
from node.office.drafts import Person
from node.protocol.forms.words import words_of
from node.protocol.ledger.enums import Role
from node.protocol.wire import ids

from ...http.callers import NodeDep
from ...http.connection import read_body
from ...http.officers import Officer, find_officer, no_officer, reader_of
from ..frames import Link, Seat

if TYPE_CHECKING:
    from collections.abc import Mapping

    from node.documents.access import Shelf

    from ...parts import Node

FILERS = mandates.FILERS
APPLIERS = Role.OFFICE_HEAD | Role.DATA_OFFICER
DESK = Seat(
    "desk",
    ("办理", "Desk"),
    (
        Link("/desk", ("待办", "Inbox"), reads=True),
        Link("/desk/filings", ("报送目录", "File entries"), roles=FILERS),
        Link("/desk/entries", ("本部门目录", "Our entries"), reads=True),
        Link("/desk/apply", ("申请单", "Applications"), roles=APPLIERS),
        Link("/desk/authorisations", ("授权", "Authorisations"), reads=True),
        Link("/desk/uses", ("使用情况", "Use of our data"), reads=True),
        Link("/review", ("审核目录", "Review"), roles=Role.REVIEWER),
        Link("/desk/key", ("密钥与人员", "Keys and people")),
    ),
)
FORM_BYTES = 262_144
"""Of a form's fields; a table that is dropped has its own bound."""
FORM_FIELDS = 5_000
SEEN = FILERS | Role.REVIEWER
"""Whose work a department's readers see."""


@dataclass(frozen=True)
class Looking:
    """Somebody at his browser who sees a department's affairs, and his node."""

    node: Node
    roles: Mapping[bytes, int]
    """By department: an officer's own, a reader's those whose work he sees."""

    @cached_property
    def now(self) -> int:
        return int(time.time())

    @cached_property
    def papers(self) -> Shelf:
        """The documents he may read: whatever is shown to him by a digest is read here."""
        return self.node.access.shelf_for(frozenset(self.roles))

    @property
    def decides(self) -> bool:
        """Whether he is an officer."""
        return False

    def called(self, code: str) -> str:
        """Return a department's name; its code where its paper is not here."""
        paper = self.node.directory.departments().get(ids.department_id(code))
        return code if paper is None else paper.name

    def own(self, roles: Role) -> list[str]:
        """Return the codes of the departments in which he holds one of these roles."""
        return [ids.department_code(of) for of, bits in self.roles.items() if bits & roles]

    def require(self, roles: Role, department: str) -> bytes:
        """Return a department's id in which he holds one of these roles.

        Raises:
            NotEntitled: he holds none of them there.
        """
        named = ids.department_id(department)
        if not self.roles.get(named, 0) & roles:
            raise NotEntitled(
                f"您在 {self.called(department)} 没有{words_of(roles)[0]}的职责"
                f" / you hold no such role there: {words_of(roles)[1]}"
            )
        return named


@dataclass(frozen=True)
class Sitting(Looking):
    """An officer at his browser, and his node."""

    officer: Officer

    @cached_property
    def papers(self) -> Shelf:
        """The documents he may read by his key."""
        return self.node.access.shelf_of(self.officer.key.key)

    @property
    def decides(self) -> bool:
        """Whether he is an officer."""
        return True

    @property
    def person(self) -> Person:
        return Person(self.officer.key.key, self.officer.roles)


def sitting(
    request: Request, node: NodeDep, officer: Annotated[Officer | None, Depends(find_officer)]
) -> Sitting:
    """Return the officer who has signed in.

    Raises:
        SignatureInvalid: nobody has.
        NotEntitled: who has signed in only reads.
        LedgerBehind: the read model cannot say whether his key counts.
    """
    if officer is None or officer.session is None:
        raise no_officer(request)
    return Sitting(node, officer.roles, officer)


def looking(
    request: Request, node: NodeDep, officer: Annotated[Officer | None, Depends(find_officer)]
) -> Looking:
    """Return who has signed in, an officer or a reader; raises as `sitting`."""
    reader = reader_of(request)
    if reader is None:
        return sitting(request, node, officer)
    seen = {department: int(SEEN) for department, seats in reader.seats.items() if "desk" in seats}
    if not seen:
        raise no_officer(request)
    return Looking(node, seen)


SittingDep = Annotated[Sitting, Depends(sitting)]
LookingDep = Annotated[Looking, Depends(looking)]


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form, each once.

    Raises:
        InvalidInput: it is too large, or no form.
    """
    body = await read_body(request.receive, FORM_BYTES)
    try:
        text = body.decode("utf-8")
        pairs = parse_qsl(
            text,
            keep_blank_values=True,
            max_num_fields=FORM_FIELDS,
            errors="strict",
        )
    except ValueError as error:
        raise InvalidInput("表单不能读取 / the form cannot be read") from error
    return dict(pairs)


FormDep = Annotated[dict[str, str], Depends(read_form)]


def number_of(form: dict[str, str], name: str, most: int = 2**31) -> int:
    """Return a whole number of a form.

    Raises:
        InvalidInput: there is none.
    """
    text = form.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) <= 10) or int(text) > most:  # noqa: PLR2004 - digits of 2**31
        raise InvalidInput(f"{name} 应为整数（{text[:20]!r}）/ is no number")
    return int(text)


def to_page(href: str) -> Response:
    """Send a browser to a page after a form: htmx goes there whole."""
    return Response(status_code=204, headers={"HX-Redirect": href, "Cache-Control": "no-store"})


def to_decide(
    kind: str,
    fields: Any,  # noqa: ANN401 - JSON
    revision: int | None = None,
    given: Any = None,  # noqa: ANN401 - JSON
) -> Response:
    """Return what a page's script has prepared and signed (`assets/src/desk.js`).

    `revision` is what a draft has got by being kept: the form goes on from there. `given` is a
    decision that is prepared already, with its new key's signature.
    """
    said = {"kind": kind, "fields": fields, "revision": revision, "given": given}
    data = orjson.dumps(said)
    return Response(data, media_type="application/json", headers={"Cache-Control": "no-store"})
