"""What a filed table is set beside: the newest versions of a department and what it filed before.

On the node's own machine they are read from its databases, at another node over HTTP; the
comparison itself (`node.office.filings`) is the same and runs here.
"""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from node.errors import LedgerError, NotFound, PeerUnavailable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from api.parts import Node
    from node.client.officehttp import OfficeHttp
    from node.documents.coverage import Edition
    from node.office.filings import Newest


class Filed(Protocol):
    """A department's filings at a node."""

    ledger: Any
    """What `node.office.filings` asks of a ledger."""
    store: Any
    """Where it finds the documents of newest versions."""

    def compare(self, space: bytes, codes: Collection[str], newest: Newest) -> Edition:
        """Say what a table has lost of what an earlier one covered."""
        ...

    def keep(self, space: bytes, codes: Collection[str]) -> None:
        """Remember what a table covers, before it is filed."""
        ...

    def require_mandate(self, key: bytes | None) -> None:
        """Check before anything is signed that a key may file; None: that somebody's may.

        Raises:
            NotFound, DecisionRefused: the department or the key may not file.
        """
        ...


class FiledHere:
    """In the databases of a node on this machine."""

    def __init__(self, node: Node, department: str) -> None:
        from node.documents.coverage import Coverage

        self._node, self._department = node, department
        self._coverage = Coverage(node.node_engine)
        self.ledger: Any = node.queries
        self.store: Any = node.store

    def compare(self, space: bytes, codes: Collection[str], newest: Newest) -> Edition:
        return self._coverage.compare(self._department, space, codes, newest.is_live)

    def keep(self, space: bytes, codes: Collection[str]) -> None:
        self._coverage.keep(self._department, space, codes)

    def require_mandate(self, key: bytes | None) -> None:
        from node.office.mandates import require_signer, require_somebody
        from node.protocol.ledger.enums import Role

        queries = self._node.queries
        head = queries.cursor().next_block - 1
        now = max(int(time.time()), queries.get_block(head).timestamp if head >= 0 else 0)
        if key is None:
            require_somebody(queries, self._department, Role.DEPARTMENT_HEAD, now)
        else:
            require_signer(queries, self._department, Role.DEPARTMENT_HEAD, key, now)


class FiledVersion(NamedTuple):
    """The newest version of an entry, as a node tells of it."""

    entry: bytes
    version: int
    state: int
    """enums.EntryState."""
    digest: bytes


class FiledThere:
    """At a node over HTTP; what it tells is compared with, and signed by nobody."""

    def __init__(self, http: OfficeHttp, department: str) -> None:
        self._http, self._department = http, department
        self.ledger: Any = self
        self.store: Any = self

    @cached_property
    def _told(self) -> tuple[dict[bytes, FiledVersion], dict[bytes, bytes]]:
        """Read every page: the versions by entry, their documents by digest."""
        from node.crypto import sm3
        from node.protocol.ledger.enums import EntryState
        from node.protocol.wire.encoding import hex32

        versions: dict[bytes, FiledVersion] = {}
        papers: dict[bytes, bytes] = {}
        after: str | None = ""
        try:
            while after is not None:
                page = self._http.get(f"/filings/{self._department}", after=after or None)
                for each in page["entries"]:
                    entry, digest = hex32(each["entry"]), hex32(each["digest"])
                    state = int(EntryState[each["state"].upper()])
                    versions[entry] = FiledVersion(entry, int(each["version"]), state, digest)
                    if each["document"] is not None:
                        data = each["document"].encode()
                        papers[sm3(data)] = data  # under what it is, not what it is called
                # Ids grow from page to page: a node that goes in circles ends here.
                before, after = after, page["next"]
                if after is not None and not after > before:
                    break
        except LedgerError:
            raise
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise PeerUnavailable(f"节点的应答不合格式 / malformed: {error!r:.80}") from error
        return versions, papers

    def newest_versions(self, provider: bytes) -> Mapping[bytes, FiledVersion]:  # noqa: ARG002
        """Return the newest version of each entry; a node is asked about one department."""
        return self._told[0]

    def get_entry(self, entry: bytes) -> FiledVersion:
        """Return an entry at its newest version; raises NotFound."""
        found = self._told[0].get(entry)
        if found is None:
            raise NotFound(f"节点没有说起目录 {entry.hex()} / the node told of no such entry")
        return found

    def find(self, digest: bytes) -> bytes | None:
        """Return a document of a newest version."""
        return self._told[1].get(digest)

    def find_all(self, digests: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return those of several documents that were told of."""
        return {each: data for each in digests if (data := self.find(each)) is not None}

    def compare(self, space: bytes, codes: Collection[str], newest: Newest) -> Edition:  # noqa: ARG002
        from node.documents.coverage import Edition

        said = self._http.post(f"/filings/{self._department}/edition", _edition(space, codes))
        try:
            series, before, kept = (int(said[name]) for name in ("series", "before", "kept"))
            return Edition(series, before, kept, frozenset(map(str, said["gone"])))
        except (KeyError, TypeError, ValueError) as error:
            raise PeerUnavailable(f"节点的应答不合格式 / malformed: {error!r:.80}") from error

    def keep(self, space: bytes, codes: Collection[str]) -> None:
        self._http.put(f"/filings/{self._department}/edition", _edition(space, codes))

    def require_mandate(self, key: bytes | None) -> None:
        """Leave it to the node: it warns when it prepares, and refuses what is submitted."""


def _edition(space: bytes, codes: Collection[str]) -> dict[str, object]:
    return {"space": space.hex(), "codes": sorted(codes)}
