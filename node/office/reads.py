"""What the office asks of the read model and of the papers here, before anybody decides.

`ledger_sync.queries` implements `Ledger`; `api` joins them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import orjson

from ..errors import Contradictory, LedgerBehind
from ..protocol import forms as documents
from ..protocol.wire import ids

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

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

    def standing(self, provider: bytes) -> tuple[int, Mapping[int, int]]:
        """Return what differs once a newest version of a provider's is filed or changes state."""
        ...

    def list_pending(self, competent: bytes, *, after: bytes = b"") -> Sequence[EntryFact]:
        """Return a page of the versions that wait for a review, by entry."""
        ...

    def list_withdrawing(
        self, competent: bytes | None = None, *, after: bytes = b""
    ) -> Sequence[tuple[EntryFact, bytes]]:
        """Return a page of versions whose withdrawal waits, each with its paper's digest, by entry.

        `competent` is who reviews it; None: anybody.
        """
        ...

    def find_catalogued(self, entry: bytes) -> CatalogueFact | None:
        """Return an entry whatever its versions, with the provider's answer in advance."""
        ...

    def get_authorisation(self, authorisation: int) -> AuthorisationFact: ...

    def steps(self, authorisation: int) -> Sequence[Taken]:
        """Return the decisions on an authorisation, oldest first."""
        ...


class Papers(Protocol):
    """Documents by digest: all that are here (`DocumentStore`), or one person's (`Shelf`)."""

    def find(self, digest: bytes) -> bytes | None: ...
    def find_all(self, digests: Iterable[bytes]) -> dict[bytes, bytes]: ...


class Pinned(NamedTuple):
    """A version of an entry, and the digest the chain has of its document."""

    entry: bytes
    version: int
    digest: bytes


class Numbered(Protocol):
    """`Pinned`, `EntryFact` or `VersionFact`."""

    @property
    def entry(self) -> bytes: ...
    @property
    def version(self) -> int: ...
    @property
    def digest(self) -> bytes: ...


def get_paper(store: Papers, digest: bytes) -> Document:
    """Return a document that is in `store`.

    Raises:
        LedgerBehind: it has not arrived; nobody decides on what he cannot read.
    """
    data = store.find(digest)
    if data is None:
        raise LedgerBehind(
            f"文件 {digest.hex()} 尚未到达本节点，请稍后再试 / has not arrived here yet"
        )
    return documents.parse(data)


def get_version(store: Papers, version: Numbered) -> Document:
    """Return a version's document; anybody may have named another's digest in its place.

    Raises:
        LedgerBehind: it has not arrived here.
        Contradictory: what has that digest is no document of this version.
    """
    paper = get_paper(store, version.digest)
    if not _is_of(orjson.loads(paper.data), version):
        raise Contradictory(
            f"目录 {version.entry.hex()} 第 {version.version} 版的摘要是另一份文件的"
            " / its digest is another document's",
            entry=version.entry.hex(),
        )
    return paper


def find_versions(store: Papers, versions: Iterable[Numbered]) -> dict[tuple[bytes, int], bytes]:
    """Return the documents of versions that are here, by entry and number.

    Of a version whose digest is another document's there is none.
    """
    return {place: data for place, (data, _) in read_versions(store, versions).items()}


def read_versions(
    store: Papers, versions: Iterable[Numbered]
) -> dict[tuple[bytes, int], tuple[bytes, dict[str, Any]]]:
    """Return the same documents, each with its members."""
    wanted = list(versions)
    papers = store.find_all(each.digest for each in wanted)
    found = {}
    for each in wanted:
        if (data := papers.get(each.digest)) is not None:
            members = orjson.loads(data)
            if _is_of(members, each):
                found[each.entry, each.version] = data, members
    return found


def _is_of(members: Mapping[str, Any], version: Numbered) -> bool:
    if members["type"] != "catalogue-version" or members["version"] != version.version:
        return False
    owner = ids.department_id(members["department"])
    return ids.entry_id(owner, members["code"]) == version.entry
