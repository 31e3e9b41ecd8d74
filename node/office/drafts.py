"""Work that is not decided yet: saved, handed over to who decides, with comments, taken back.

A draft belongs to a department. Whoever saved it may change it until it is handed over; then
those who hold the role it was handed to may, and its author may take it back. Two who change one
at once do not undo each other: each names the revision he saw. Everything is bounded.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import and_, delete, func, or_, select, update

from ..errors import Conflict, InvalidInput, NotEntitled, NotFound, Overloaded
from ..protocol.ledger.enums import Role
from ..storage.dialects import summed
from .tables import Draft, Making, Note

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import ColumnElement, Connection, Engine

KINDS = frozenset({"filing", "entry", "application", "reply", "key"})
BODY_LIMIT_BYTES = 8 * 1024 * 1024
DEPARTMENT_LIMIT = 200
"""Drafts a department may have."""
DEPARTMENT_LIMIT_BYTES = 128 * 1024 * 1024
OWN_SHARE = 2
"""One person has at most this part of it: the others can go on while he is away."""
ABANDONED_SECONDS = 180 * 24 * 60 * 60
"""Since it was changed: whoever saved it may have left, and nobody else may throw it away."""
TITLE_LIMIT, NOTE_LIMIT = 200, 2_000
NOTES_LIMIT = 200
"""Comments on one draft."""
HANDED_TO = Role.OFFICE_HEAD | Role.DEPARTMENT_HEAD
ID_SIZE = 16


draft, note = Draft.__table__, Note.__table__  # type: ignore[attr-defined]
making = Making.__table__  # type: ignore[attr-defined]
_LISTED = [column for column in draft.columns if column.name != "body"]


class Person(NamedTuple):
    """Who works on a draft: a key, with the roles it holds by department."""

    key: bytes
    held: Mapping[bytes, int]


@dataclass(frozen=True, slots=True)
class Listed:
    """A draft without its body."""

    id: bytes
    department: bytes
    kind: str
    title: str
    author: bytes
    waits_for: int
    revision: int
    changed_at: int
    handed_at: int | None

    def may_change(self, person: Person) -> bool:
        """Whether a person has it now."""
        if self.waits_for:
            return bool(person.held.get(self.department, 0) & self.waits_for)
        return person.key == self.author and self.department in person.held


class Opened(NamedTuple):
    """A draft whole."""

    listed: Listed
    body: bytes
    notes: list[Note]


class Drafts:
    """The drafts in one database."""

    def __init__(self, engine: Engine, clock: Callable[[], float] = time.time) -> None:
        """Keep them in `engine`, an office.db."""
        self._engine, self._clock = engine, clock

    def list(self, person: Person) -> list[Listed]:
        """Return the drafts a person may read, the one changed last first."""
        with self._engine.connect() as connection:
            rows = connection.execute(
                select(*_LISTED).where(_readable(person)).order_by(draft.c.changed_at.desc())
            )
            return [Listed(*row) for row in rows]

    def get(self, person: Person, named: bytes, *kinds: str) -> Opened:
        """Return a draft with the comments on it, oldest first.

        Raises:
            NotFound: there is none of these kinds that this person may read.
        """
        with self._engine.connect() as connection:
            listed = _find(connection, person, named)
            if listed.kind not in kinds:
                raise _unknown(named)
            body: bytes = connection.execute(
                select(draft.c.body).where(draft.c.id == named)
            ).scalar_one()
            rows = connection.execute(
                select(note).where(note.c.draft == named).order_by(note.c.number)
            )
            return Opened(listed, body, [Note(**row._asdict()) for row in rows])

    def begin(
        self, person: Person, department: bytes, kind: str, title: str, body: bytes
    ) -> Listed:
        """Save a new draft of a department the person holds a role in.

        Raises:
            NotEntitled: he holds none there.
            InvalidInput: it is of no kind, or too large.
            Overloaded: the department has too many.
        """
        if not person.held.get(department, 0):
            raise NotEntitled("您不在这个部门任职 / you hold no role in this department")
        if kind not in KINDS:
            raise InvalidInput(f"没有这种草稿 {kind!r} / no such kind of draft")
        made = Draft(
            id=secrets.token_bytes(ID_SIZE),
            department=department,
            kind=kind,
            title=_bounded(title, TITLE_LIMIT),
            body=_body(body),
            author=person.key,
            changed_at=int(self._clock()),
        )
        with self._engine.begin() as connection:
            _sweep(connection, made.changed_at - ABANDONED_SECONDS)
            _check_room(connection, made, len(body))
            connection.execute(draft.insert().values(made.model_dump()))
            return _find(connection, person, made.id)

    def save(
        self, person: Person, named: bytes, revision: int, body: bytes, title: str | None = None
    ) -> int:
        """Write a draft's body anew; return its new revision.

        Raises:
            NotFound: there is none that this person may read.
            NotEntitled: somebody else has it.
            Conflict: it was changed since `revision`.
            InvalidInput, Overloaded: as `begin`.
        """
        values: dict[str, Any] = {"body": _body(body)}
        if title is not None:
            values["title"] = _bounded(title, TITLE_LIMIT)
        with self._engine.begin() as connection:
            listed = _require_mine(connection, person, named)
            size = select(func.length(draft.c.body)).where(draft.c.id == named)
            before: int = connection.execute(size).scalar_one()
            _check_room(connection, listed, len(body) - before, more=0)
            return self._change(connection, named, revision, values)

    def hand_over(
        self, person: Person, named: bytes, revision: int, role: Role, comment: str
    ) -> int:
        """Hand a draft to those who hold a role in its department, or back to its author: role 0.

        Raises:
            NotFound, NotEntitled, Conflict: as `save`.
            InvalidInput: the role decides nothing, or the comment is too long.
        """
        if role & ~HANDED_TO:
            raise InvalidInput("只能移交给有权签署的负责人 / hand it to one who may sign")
        now = int(self._clock())
        with self._engine.begin() as connection:
            _require_mine(connection, person, named)
            self._write(connection, person, named, comment, now)
            values = {"waits_for": int(role), "handed_at": now if role else None}
            return self._change(connection, named, revision, values)

    def take_back(self, person: Person, named: bytes) -> int:
        """Take back what one handed over oneself; return its revision.

        Raises:
            NotFound: there is none that this person may read.
            NotEntitled: another is its author.
        """
        with self._engine.begin() as connection:
            listed = _find(connection, person, named)
            if listed.author != person.key:
                raise NotEntitled("只有起草人可以收回 / only its author takes it back")
            values = {"waits_for": 0, "handed_at": None}
            return self._change(connection, named, listed.revision, values)

    def drop(self, person: Person, named: bytes) -> None:
        """Delete a draft, its comments with it: thrown away, or decided.

        Raises:
            NotFound, NotEntitled: as `save`.
        """
        with self._engine.begin() as connection:
            _require_mine(connection, person, named)
            _delete(connection, draft.c.id == named)

    def _change(
        self, connection: Connection, named: bytes, revision: int, values: Mapping[str, Any]
    ) -> int:
        changed = connection.execute(
            update(draft)
            .where(draft.c.id == named, draft.c.revision == revision)
            .values(**values, revision=revision + 1, changed_at=int(self._clock()))
        )
        if not changed.rowcount:
            raise Conflict(
                "草稿已被别处改动，请刷新后再改 / it was changed elsewhere: load it again"
            )
        return revision + 1

    def _write(
        self, connection: Connection, person: Person, named: bytes, comment: str, now: int
    ) -> None:
        text = _bounded(comment, NOTE_LIMIT)
        if not text:
            return
        count: int = connection.execute(
            select(func.count()).select_from(note).where(note.c.draft == named)
        ).scalar_one()
        if count >= NOTES_LIMIT:
            raise Overloaded(f"一份草稿最多 {NOTES_LIMIT} 条意见 / too many comments")
        written = Note(draft=named, number=count, author=person.key, text=text, written_at=now)
        connection.execute(note.insert().values(written.model_dump()))


def _readable(person: Person) -> ColumnElement[bool]:
    # A draft is its author's own until he hands it over.
    mine = draft.c.author == person.key
    handed = [
        (draft.c.department == department) & (draft.c.waits_for.op("&")(roles) != 0)
        for department, roles in person.held.items()
    ]
    return and_(draft.c.department.in_(list(person.held)), or_(mine, *handed))


def _find(connection: Connection, person: Person, named: bytes) -> Listed:
    row = connection.execute(
        select(*_LISTED).where(draft.c.id == named, _readable(person))
    ).one_or_none()
    if row is None:
        raise _unknown(named)
    return Listed(*row)


def _unknown(named: bytes) -> NotFound:
    return NotFound(f"没有草稿 {named.hex()} / no such draft")


def _require_mine(connection: Connection, person: Person, named: bytes) -> Listed:
    listed = _find(connection, person, named)
    if not listed.may_change(person):
        raise NotEntitled("草稿已移交，请先收回 / it was handed over: take it back first")
    return listed


def _sweep(connection: Connection, before: int) -> None:
    """Delete what nobody has changed since a second."""
    _delete(connection, draft.c.changed_at < before)


def _delete(connection: Connection, which: ColumnElement[bool]) -> None:
    """Delete drafts with their comments and what was made of them."""
    gone = select(draft.c.id).where(which)
    connection.execute(delete(note).where(note.c.draft.in_(gone)))
    connection.execute(delete(making).where(making.c.draft.in_(gone)))
    connection.execute(delete(draft).where(which))


def _check_room(connection: Connection, one: Draft | Listed, size: int, more: int = 1) -> None:
    theirs = select(func.count(), summed(func.length(draft.c.body))).where(
        draft.c.department == one.department
    )
    for query, share, whose in (
        (theirs, 1, "本部门"),
        (theirs.where(draft.c.author == one.author), OWN_SHARE, "您在本部门"),
    ):
        count, total = connection.execute(query).one()
        most, bytes_ = DEPARTMENT_LIMIT // share, DEPARTMENT_LIMIT_BYTES // share
        if count + more > most or total + size > bytes_:
            raise Overloaded(
                f"{whose}的草稿已满（{count} 份），请先删除不用的 / there are too many drafts"
            )


def _bounded(text: str, limit: int) -> str:
    if len(text) > limit:
        raise InvalidInput(f"最多 {limit} 字（现有 {len(text)} 字）/ the text is too long")
    return text.strip()


def _body(body: bytes) -> bytes:
    if len(body) > BODY_LIMIT_BYTES:
        raise InvalidInput(f"草稿超过 {BODY_LIMIT_BYTES} 字节 / the draft is too large")
    return body


def waiting_for(listed: Sequence[Listed], person: Person) -> list[Listed]:
    """Return those that were handed over to a person and wait for him."""
    return [each for each in listed if each.waits_for and each.may_change(person)]
