"""Where departments' nodes are, by their own documents.

A department's URL stands in its public document. A node that has no documents yet needs one URL
to begin with: the operator names it, or one that has moved, as an override.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select

from ..protocol import forms as documents
from ..protocol.wire import ids
from .tables import binding, document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .store import DocumentStore


class Directory:
    """Base URLs of nodes by department id."""

    def __init__(self, store: DocumentStore, overrides: Mapping[bytes, str] | None = None) -> None:
        """Read the department documents in `store`; `overrides` go before them."""
        self._store = store
        self._overrides = dict(overrides or {})
        self._departments: dict[bytes, documents.DepartmentPaper] = {}
        self._judged: int | None = None

    def departments(self) -> dict[bytes, documents.DepartmentPaper]:
        """Return the document of every enrolled department whose document is here and holds."""
        judged = self._store.departments_judged
        if judged != self._judged:
            # Counted before it is read: what is judged meanwhile is read once more.
            self._departments, self._judged = self._read(), judged
        return self._departments

    def known(self) -> list[bytes]:
        """Return every department whose node can be reached."""
        return list(dict.fromkeys((*self._overrides, *self.departments())))

    def url_of(self, department: bytes) -> str | None:
        """Return the base URL of the department's node, without a slash at the end."""
        override = self._overrides.get(department)
        if override is not None:
            return override.rstrip("/")
        paper = self.departments().get(department)
        return None if paper is None else paper.url

    def with_competent(self, departments_named: tuple[bytes, ...]) -> tuple[bytes, ...]:
        """Return the departments and the competent departments of each."""
        known = self.departments()
        above = (
            ids.department_id(known[department].competent)
            for department in departments_named
            if department in known
        )
        return tuple(dict.fromkeys((*departments_named, *above)))

    def _read(self) -> dict[bytes, documents.DepartmentPaper]:
        query = (
            select(document.c.data)
            .join(binding, binding.c.digest == document.c.digest)
            .where(
                binding.c.kind == "department",
                binding.c.judged_at.is_not(None),
                binding.c.contradiction.is_(None),
            )
            .order_by(binding.c.block, binding.c.log_index)
        )
        with self._store.reading.connect() as connection:
            rows = connection.scalars(query).all()
        papers = [documents.parse(data).body for data in rows]
        return {ids.department_id(paper.code): paper for paper in papers}
