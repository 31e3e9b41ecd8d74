"""What a call is judged by besides the chain: versions, terms, encryption keys.

Implements the service's port `Documents`. A document that was found to hold stays so for good,
which is why only that answer is remembered.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, TypeVar

from ..crypto import Sm2PublicKey
from ..errors import Contradictory, LedgerBehind, SignatureInvalid
from ..protocol import forms as documents

if TYPE_CHECKING:
    from .bindings import Bindings
    from .store import DocumentStore

REMEMBERED = 4096
Body = TypeVar("Body", bound=documents.Paper)


class DocumentFacts:
    """Parsed documents by digest, each checked against the chain."""

    def __init__(self, store: DocumentStore, bindings: Bindings) -> None:
        """Read from `store`; trust what `bindings` found to hold."""
        self._store = store
        self._bindings = bindings
        self._parsed = lru_cache(maxsize=REMEMBERED)(self._read)
        self._recipient = lru_cache(maxsize=REMEMBERED)(self._read_recipient)
        self._checked = lru_cache(maxsize=REMEMBERED)(bindings.check)
        self._whole = lru_cache(maxsize=REMEMBERED)(
            lambda name, _latest: bindings.check_object(name)
        )

    def version(self, digest: bytes, name: str | None = None) -> documents.CatalogueVersionPaper:
        """Return a catalogue version; `name` is the object it has to stand behind.

        Raises:
            LedgerBehind: it is not here yet.
            Contradictory: it says something else than the chain.
        """
        return self._body(documents.CatalogueVersionPaper, digest, name)

    def terms(self, digest: bytes, name: str | None = None) -> documents.TermsPaper:
        """Return the terms of an authorisation or a standing reply.

        Raises:
            LedgerBehind: they are not here yet.
            Contradictory: they name other parties than the chain.
        """
        return self._body(documents.TermsPaper, digest, name)

    def encryption_key(
        self, digest: bytes, at: int, name: str | None = None
    ) -> tuple[bytes, Sm2PublicKey]:
        """Return (key id, key) that answers to the holder of a `key` document are sealed to.

        `at` is a chain time in seconds; `name` the key's object the document has to stand behind.

        Raises:
            LedgerBehind: the document is not here yet.
            Contradictory: it says something else than the chain.
            SignatureInvalid: it names no encryption key, or none that is valid at `at`.
        """
        self._checked(digest, name)
        key, first, end = self._recipient(digest)
        if not first <= at < end:
            since, until = documents.day_of(first), documents.day_of(end - 1)
            raise SignatureInvalid(f"the encryption key is valid from {since} to {until}")
        return key.key_id, key

    def check(self, digest: bytes, name: str | None = None) -> None:
        """Check that a document is here and says what the chain says.

        With `name`, the object whose latest document it is, so must every document behind that
        object: an official may have read any of them before he signed.

        Raises:
            LedgerBehind: one is not here yet.
            Contradictory: one says something else.
        """
        self._checked(digest, name)
        if name is not None:
            # What comes to stand behind the object later has another latest document.
            self._whole(name, digest)

    def _body(self, model: type[Body], digest: bytes, name: str | None) -> Body:
        self._checked(digest, name)
        body = self._parsed(digest)
        if not isinstance(body, model):
            raise LedgerBehind(f"the document {digest.hex()} is no {model.__name__}")
        return body

    def _read_recipient(self, digest: bytes) -> tuple[Sm2PublicKey, int, int]:
        """Return the key that a document names to seal to, and the seconds it is valid between."""
        body = self._parsed(digest)
        named = body.encryption_key if isinstance(body, documents.KeyPaper) else None
        if named is None:
            raise SignatureInvalid("the key's document names no encryption key")
        key = Sm2PublicKey.from_raw(bytes.fromhex(named.public_key))
        return key, documents.starts(named.valid_from), documents.ends(named.valid_until)

    def _read(self, digest: bytes) -> documents.Paper:
        data = self._store.get(digest)
        if documents.digest_of(data) != digest:
            # Whoever edits node.db must not choose masks, or whom answers are sealed to.
            raise Contradictory(f"the bytes kept as {digest.hex()} are not that document's")
        body = documents.parse(data).body
        assert isinstance(body, documents.Paper)  # noqa: S101 - narrows Any
        return body
