"""What a page stands in: its seat with the ways through it, and the way that led here."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

from node.protocol.ledger.enums import Role

Words: TypeAlias = tuple[str, str]
"""One text in Chinese and in English."""


class Link(NamedTuple):
    """A way to a page."""

    href: str
    words: Words
    waiting: int | None = None
    """How many things wait there; None: nothing is counted."""
    reads: bool = False
    """Whether who only reads may go there."""
    roles: Role | None = None
    """Who holds any of them has something to do there; None: everybody."""


class Seat(NamedTuple):
    """One kind of work, and the pages it is done on."""

    name: str
    """Of its folder, and of the class of its pages' body."""
    words: Words
    links: tuple[Link, ...]
    above: bool = False
    """Whether its links stand in the bar above rather than at the side."""


PUBLIC = Seat(
    "public",
    ("公开", "Public"),
    (
        Link("/", ("首页", "Home")),
        Link("/catalogue", ("数据目录", "Catalogue")),
        Link("/departments", ("部门", "Departments")),
        Link("/evidence", ("核验证据", "Verify evidence")),
    ),
    above=True,
)


def workable(seat: Seat, held: int) -> Seat:
    """Return a seat with the ways on which who holds these roles has something to do."""
    links = tuple(link for link in seat.links if link.roles is None or link.roles & held)
    return seat._replace(links=links)


def readable(seat: Seat) -> Seat:
    """Return a seat with the ways that are open to who only reads."""
    links = tuple(link for link in seat.links if link.reads)
    return seat if seat.above else seat._replace(links=links)


class Door(NamedTuple):
    """The way to a seat, shown to those whose work it is."""

    href: str
    words: Words
    roles: Role
    """Any of them opens it."""
    reading: str = ""
    """The seat of `[console.oidc] readers` that opens it, too."""


BOARD = "/board"
_OFFICE = Role.DATA_OFFICER | Role.OFFICE_HEAD | Role.DEPARTMENT_HEAD
_OPERATORS = Role.OFFICE_HEAD | Role.DEPARTMENT_HEAD | Role.DUTY_OFFICER
"""As `[console] operators` names them unless it says otherwise."""
DOORS = (
    Door("/desk", ("办理", "Desk"), _OFFICE, "desk"),
    Door("/review", ("审核", "Review"), Role.REVIEWER),
    Door("/audit", ("审计", "Audit"), Role.AUDITOR),
    Door("/operation", ("运行", "Operation"), _OPERATORS, "operation"),
    Door(BOARD, ("大屏", "Board"), Role(63)),
)
SIGN_IN = "/sign-in"
