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
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .bindings import Bindings, Bound
    from .ports import Ledger
    from .store import DocumentStore


class Shelf:
    """The documents here that one person may read; the others are as if they had not arrived.

    Whatever reads a paper by a digest from the chain for somebody reads it here: anybody can name
    another's digest in a decision of his own, and would be shown the paper by his own page.
    """

    def __init__(
        self, store: DocumentStore, readable: Callable[[Mapping[bytes, bytes]], set[bytes]]
    ) -> None:
        """Read from `store` what is `readable` of documents, asked by digest with their bytes."""
        self._store, self._readable = store, readable

    def find(self, digest: bytes) -> bytes | None:
        return self.find_all([digest]).get(digest)

    def find_all(self, digests: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return those of several documents that are here and may be read, by digest."""
        found = self._store.find_all(digests)
        readable = self._readable(found)
        return {digest: data for digest, data in found.items() if digest in readable}


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
        if data is None or not self._may_read(
            data, self._bindings.of(digest), self._store.find_authors([digest]).get(digest), reader
        ):
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
        return Shelf(self._store, partial(self._readable, reader=acting))

    def shelf_for(self, departments: frozenset[bytes]) -> Shelf:
        """Return the documents that are those of active departments, for who sees their work."""
        seeing = Reader(ZERO, KeyKind.OFFICER, ZERO, departments)
        return Shelf(self._store, partial(self._readable, reader=seeing))

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

    def _readable(self, found: Mapping[bytes, bytes], reader: Reader) -> set[bytes]:
        """Return which of several documents may be seen on a reader's shelf."""
        bound, authors = self._bindings.of_all(found), self._store.find_authors(found)
        return {
            digest
            for digest, data in found.items()
            if self._may_see(data, bound.get(digest, []), authors.get(digest), reader)
        }

    @staticmethod
    def _may_read(
        data: bytes, bound: Sequence[Bound], author: bytes | None, reader: Reader
    ) -> bool:
        if not bound:
            # What this node keeps of its own decisions has no author: it is nobody's to read yet.
            return reader.department == author != ZERO
        return any(_entitled(each, data, reader) for each in bound)

    def _may_see(
        self, data: bytes, bound: Sequence[Bound], author: bytes | None, reader: Reader
    ) -> bool:
        """The same on a shelf, a moment earlier: whoever decided goes on before the fetcher has."""
        if bound or author != ZERO:
            return self._may_read(data, bound, author, reader)
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
