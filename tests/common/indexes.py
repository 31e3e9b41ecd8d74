"""A catalogue search over entries that no ledger has published."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from node.documents.search import CatalogueSearch
from node.documents.store import DocumentStore
from node.protocol import forms as documents
from node.protocol.wire import ids
from node.storage.engines import open_engine
from tests.common import papers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

PATTERN: Any = documents.parse(
    documents.new_document("catalogue-version", papers.catalogue_version())
).body


def entry(code: str, name: str, items: Iterable[str] = ("姓名",), **changes: Any) -> Any:
    """Return the body of an entry; only the pattern it is copied from was parsed."""
    item = PATTERN.items[0]
    named = tuple(item.model_copy(update={"name": each}) for each in items)
    return PATTERN.model_copy(
        update={"code": code, "name": name, "abstract": name, "items": named, **changes}
    )


@contextmanager
def searching(folder: Path, bodies: Iterable[Any]) -> Iterator[CatalogueSearch]:
    """List the entries in a new index under `folder`."""
    engine = open_engine(folder / "search.db")
    DocumentStore(engine)
    search = CatalogueSearch(engine)
    with engine.begin() as connection:
        search.list_versions(connection, map(_version, bodies))
    yield search
    engine.dispose()


def _version(body: Any) -> tuple[bytes, documents.Document, int]:
    wanted = ids.entry_id(ids.department_id(body.department), body.code)
    return wanted, documents.Document("catalogue-version", wanted, b"", body), 0
