"""The office: who signs in, drafts, prepares and submits decisions at this node's pages."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from node.crypto.passwords import read_password
from node.office.repeats import Repeats
from node.protocol.wire import ids

from .logparts import LogParts

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from node.office.comparisons import Comparisons
    from node.office.drafts import Drafts
    from node.office.intents import Workshop
    from node.office.preparing import Preparer
    from node.office.readersessions import Readers
    from node.office.sessions import Sessions
    from node.office.submitting import Submitter
    from node.office.turnstile import Turnstile

    from ..http.identity import IdentityProvider


class OfficeParts(LogParts):
    """Those who decide, and how."""

    @cached_property
    def office_engine(self) -> Engine:
        """office.db: sign-ins, sessions, drafts."""
        return self._open_kept("office")

    @cached_property
    def sessions(self) -> Sessions:
        from node.office.sessions import Sessions

        return Sessions(self.office_engine, self.queries)

    @cached_property
    def readers(self) -> Readers | None:
        """Sessions of people who only read; None: no provider signs them in."""
        from node.office.readersessions import Place, Readers

        oidc = self.settings.console.oidc
        if oidc is None:
            return None
        places = [
            Place(each.value, ids.department_id(each.department), frozenset(each.seats))
            for each in oidc.readers
        ]
        return Readers(self.office_engine, self.queries, places)

    @cached_property
    def identity_provider(self) -> IdentityProvider | None:
        from ..http.identity import IdentityProvider

        oidc = self.settings.console.oidc
        if oidc is None:
            return None
        provider = IdentityProvider(oidc, read_password(oidc.client_secret_file))
        self._closing.append(provider.close)
        return provider

    @cached_property
    def turnstile(self) -> Turnstile:
        from node.office.turnstile import Turnstile

        return Turnstile(self.office_engine)

    @cached_property
    def drafts(self) -> Drafts:
        from node.office.drafts import Drafts

        return Drafts(self.office_engine)

    @cached_property
    def comparisons(self) -> Comparisons:
        from node.documents.coverage import Coverage
        from node.office.comparisons import Comparisons
        from node.office.makings import Makings

        makings = Makings(self.office_engine)
        return Comparisons(makings, self.queries, self.store, Coverage(self.node_engine))

    @cached_property
    def repeats(self) -> Repeats:
        return Repeats(self.node_engine)

    @cached_property
    def workshop(self) -> Workshop:
        from node.office.intents import Workshop

        return Workshop(self.drafter, self.deployment, lambda: self.relay.address)

    @cached_property
    def preparer(self) -> Preparer:
        from node.office.preparing import Preparer

        from ..refusing_words import explain

        return Preparer(
            self.workshop,
            self.desk,
            self.weigher,
            self.queries,
            repeats=self.repeats,
            explain=explain,
        )

    @cached_property
    def submitter(self) -> Submitter:
        from node.office.submitting import Submitter

        return Submitter(self.desk, self.repeats, self.weigher, self.queries)
