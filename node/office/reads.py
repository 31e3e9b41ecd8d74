"""What the office asks of the read model and of the papers here, before anybody decides.

`ledger_sync.queries` implements `Ledger`; `api` joins them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ..errors import LedgerBehind
from ..protocol import forms as documents

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from ..documents.store import DocumentStore
    from ..protocol.forms import Document
    from ..protocol.ledger.facts import (
        AuthorisationFact,
        CatalogueFact,
        DepartmentFact,
        EntryFact,
        VersionFact,
    )


class Taken(Protocol):
    """A decision on an authorisation: its struct's name, as ApplyFor, and its paper."""

    @property
    def name(self) -> str: ...
    @property
    def digest(self) -> bytes: ...


class Ledger(Protocol):
    """The questions; those that `get` raise NotFound."""

    def get_department(self, code: str) -> DepartmentFact: ...

    def get_entry(self, entry: bytes, version: int | None = None) -> EntryFact:
        """Return an entry at a version: the one named, else that in force, else the newest."""
        ...

    def newest_versions(self, provider: bytes) -> Mapping[bytes, VersionFact]:
        """Return the newest version of every entry of a provider, by entry."""
        ...

    def list_pending(self, competent: bytes, *, after: bytes = b"") -> Sequence[EntryFact]:
        """Return a page of the versions that wait for a review, by entry."""
        ...

    def find_catalogued(self, entry: bytes) -> CatalogueFact | None:
        """Return an entry whatever its versions, with the provider's answer in advance."""
        ...

    def get_authorisation(self, authorisation: int) -> AuthorisationFact: ...

    def steps(self, authorisation: int) -> Sequence[Taken]:
        """Return the decisions on an authorisation, oldest first."""
        ...


def get_paper(store: DocumentStore, digest: bytes) -> Document:
    """Return a document that is in `store`.

    Raises:
        LedgerBehind: it has not arrived; nobody decides on what he cannot read.
    """
    data = store.find(digest)
    if data is None:
        raise _behind(digest)
    return documents.parse(data)


def get_papers(store: DocumentStore, digests: Collection[bytes]) -> dict[bytes, bytes]:
    """Return the bytes of documents that are in `store`; raises LedgerBehind as `get_paper`."""
    papers = store.find_all(digests)
    for digest in digests:
        if digest not in papers:
            raise _behind(digest)
    return papers


def _behind(digest: bytes) -> LedgerBehind:
    return LedgerBehind(
        f"文件 {digest.hex()} 尚未到达本节点，请稍后再试 / has not arrived here yet"
    )
