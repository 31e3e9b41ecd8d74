"""Who may leave a document here and who may read it (protocol.md section 2).

Decided from mined decisions only. Unknown and not-yours read the same.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import orjson

from ..errors import (
    DigestMismatch,
    DocumentUnknown,
    NotEntitled,
    SignatureInvalid,
)
from ..protocol import forms as documents
from ..protocol.ledger.enums import KeyKind
from ..protocol.wire.ids import ZERO
from .ports import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .bindings import Bindings, Bound
    from .ports import Ledger
    from .store import DocumentStore


class Shelf:
    """The documents here that one person may read; the others are as if they had not arrived.

    Whatever reads a paper by a digest from the chain for somebody reads it here: anybody can name
    another's digest in a decision of his own, and would be shown the paper by his own page.
    """

    def __init__(self, store: DocumentStore, may_read: Callable[[bytes, bytes], bool]) -> None:
        """Read from `store` what `may_read`, by digest and bytes."""
        self._store, self._may_read = store, may_read

    def find(self, digest: bytes) -> bytes | None:
        data = self._store.find(digest)
        return data if data is not None and self._may_read(digest, data) else None

    def find_all(self, digests: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return those of several documents that are here and may be read, by digest."""
        found = self._store.find_all(digests)
        return {digest: data for digest, data in found.items() if self._may_read(digest, data)}


class DocumentAccess:
    """The document store as other nodes, officers and auditors see it."""

    def __init__(self, store: DocumentStore, bindings: Bindings, ledger: Ledger) -> None:
        self._store = store
        self._bindings = bindings
        self._ledger = ledger

    def accept(self, digest: bytes, data: bytes, key: bytes) -> None:
        """Keep a document handed in under `digest` by the holder of `key`; again changes nothing.

        Raises:
            SignatureInvalid: the key is unknown, revoked or out of its validity.
            NotEntitled: it is not a department's key.
            DigestMismatch: the bytes do not hash to `digest`.
            MalformedDocument: they are not a document.
            Overloaded: the department left too many that no decision binds.
        """
        author = self._author(key)
        if documents.digest_of(data) != digest:
            raise DigestMismatch(f"the bytes do not hash to {digest.hex()}")
        self._store.put(data, author)

    def accept_all(self, lines: bytes, key: bytes) -> None:
        """Keep documents handed in by the holder of `key`, one a line: all or none.

        Raises:
            SignatureInvalid, NotEntitled, Overloaded: as `accept`.
            MalformedDocument: a line is no document.
        """
        author = self._author(key)
        self._store.put_all(lines.split(b"\n"), author)

    def read(self, digest: bytes, key: bytes) -> bytes:
        """Return a document the holder of `key` may read.

        Raises:
            SignatureInvalid: the key is unknown, revoked or out of its validity.
            DocumentUnknown: it is not here, or not the reader's to know of.
        """
        reader = self._reader(key)
        data = self._store.find(digest)
        if data is None or not self._may_read(digest, data, reader):
            raise DocumentUnknown(f"no document {digest.hex()} here")
        return data

    def shelf_of(self, key: bytes) -> Shelf:
        """Return the documents that an officer may read, shown to him or drafted for him.

        Raises:
            SignatureInvalid: the key is unknown, revoked or out of its validity.
        """
        reader = self._reader(key)
        # Who decides for a department reads what it decides on, wherever his key was registered.
        acting = replace(reader, auditor_for=reader.auditor_for | reader.acts_for)
        return Shelf(self._store, partial(self._may_see, reader=acting))

    def shelf_for(self, departments: frozenset[bytes]) -> Shelf:
        """Return the documents that are those of active departments, for who sees their work."""
        seeing = Reader(ZERO, KeyKind.OFFICER, ZERO, departments)
        return Shelf(self._store, partial(self._may_see, reader=seeing))

    def _author(self, key: bytes) -> bytes:
        """Return the department whose documents the holder of `key` hands in."""
        reader = self._reader(key)
        if reader.kind != KeyKind.DEPARTMENT:
            raise NotEntitled("文书须以部门密钥交存 / documents are left with a department's key")
        return reader.department

    def _reader(self, key: bytes) -> Reader:
        reader = self._ledger.find_reader(key)
        if reader is None:
            raise SignatureInvalid(f"key {key.hex()} is unknown, revoked or out of its validity")
        return reader

    def _may_read(self, digest: bytes, data: bytes, reader: Reader) -> bool:
        bound = self._bindings.of(digest)
        if not bound:
            # What this node keeps of its own decisions has no author: it is nobody's to read yet.
            return reader.department == self._store.find_author(digest) != ZERO
        return any(_entitled(each, data, reader) for each in bound)

    def _may_see(self, digest: bytes, data: bytes, reader: Reader) -> bool:
        """The same on a shelf, a moment earlier: whoever decided goes on before the fetcher has."""
        if self._bindings.of(digest) or self._store.find_author(digest) != ZERO:
            return self._may_read(digest, data, reader)
        # Kept for a decision that was judged here; its parties are those it names itself.
        document = documents.parse(data)
        named = frozenset(documents.departments_named(document))
        return document.kind in documents.PUBLIC or (reader.active and _is_of(reader, named))


def _entitled(bound: Bound, data: bytes, reader: Reader) -> bool:
    # Digests are public, so anybody can name another's paper in a decision of his own: under a
    # kind that every node may read, or with himself among the parties. Such a binding opens
    # nothing; until it was found to hold it opens a paper only to those the paper names.
    if bound.kind != orjson.loads(data)["type"]:
        return False
    if bound.public:
        return True
    if not reader.active:
        return False
    parties = bound.parties
    if not bound.holds:
        parties = parties.intersection(documents.departments_named(documents.parse(data)))
    return _is_of(reader, parties)


def _is_of(reader: Reader, parties: frozenset[bytes]) -> bool:
    # A department can make anybody its auditor, so the role opens its own papers only.
    return reader.department in parties or not reader.auditor_for.isdisjoint(parties)
