"""What the office asks of the read model: `ledger_sync.queries` implements it, `api` joins them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..protocol.ledger.facts import AuthorisationFact, DepartmentFact, EntryFact, VersionFact


class Named(Protocol):
    """Whatever has a document."""

    @property
    def digest(self) -> bytes:
        """SM3 of the document."""
        ...


class Taken(Named, Protocol):
    """A decision on an authorisation."""

    @property
    def name(self) -> str:
        """Struct name, as ApplyFor."""
        ...


class Waiting(Named, Protocol):
    """A version that waits for its review."""

    @property
    def entry(self) -> bytes:
        """Its entry."""
        ...

    @property
    def provider(self) -> bytes:
        """The department that filed it."""
        ...

    @property
    def version(self) -> int:
        """Its number."""
        ...


class StandingReply(Protocol):
    """A provider's answer in advance."""

    @property
    def standing(self) -> bool:
        """Whether it is in force."""
        ...

    @property
    def terms(self) -> bytes:
        """Digest of its terms."""
        ...


class Ledger(Protocol):
    """The questions; those that `get` raise NotFound."""

    def get_department(self, code: str) -> DepartmentFact:
        """Return the department with this code."""
        ...

    def get_entry(self, entry: bytes, version: int | None = None) -> EntryFact:
        """Return an entry at a version: the one named, else that in force, else the newest."""
        ...

    def newest_versions(self, provider: bytes) -> Mapping[bytes, VersionFact]:
        """Return the newest version of every entry of a provider, by entry."""
        ...

    def list_pending(self, competent: bytes, *, after: bytes = b"") -> Sequence[Waiting]:
        """Return a page of the versions that wait for a review, by entry."""
        ...

    def find_standing_reply(self, entry: bytes) -> StandingReply | None:
        """Return the provider's answer in advance, in force or withdrawn."""
        ...

    def get_authorisation(self, authorisation: int) -> AuthorisationFact:
        """Return an authorisation as it stands."""
        ...

    def steps(self, authorisation: int) -> Sequence[Taken]:
        """Return the decisions on an authorisation, oldest first."""
        ...
