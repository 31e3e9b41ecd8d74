"""Where a command decides: on the node's own machine, or at a node over HTTP with a key file alone.

One port, two implementations. `Here` opens the node's settings and databases, as founding needs.
`There` asks the node to prepare, believes nothing of what comes back (`node.client.deciding`), and
hands in what was signed here; it needs no settings, no database, and none of their libraries.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from .console import note, put, t
from .naming import code_of
from .opening import open_node, read_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from api.lookups import Wire
    from api.parts import Node
    from node.client.officehttp import OfficeHttp
    from node.client.pinning import Pins
    from node.crypto import Signer, SoftwareSigner
    from node.documents.finding import Filters
    from node.office.verdicts import Pending
    from node.protocol.evm.decision import Domain
    from node.protocol.forms import Document
    from node.protocol.wire.prepared import Said

    from .filed import Filed


TOGETHER = 2
"""Decisions on their way to a node at a time: it takes four large ones, from all officers."""


class Drafted(NamedTuple):
    """A decision that was asked for, before it is signed."""

    kind: str
    message: Mapping[str, Any]
    documents: Sequence[bytes]
    context: bytes = b""
    """What it is meant against where it does not say so itself."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A decision that is on the chain."""

    hash: str
    transaction: str
    block: int
    gas_used: int
    outcomes: Sequence[Said]
    finished: bool
    """An earlier one that was cut short, brought to its end; none was signed."""
    followed: bool
    """The node's read model has its block."""


class Office(Protocol):
    """What a command asks of either."""

    def draft(self, kind: str, fields: Mapping[str, Any]) -> Drafted:
        """Draft a decision; `fields` as `node.office.intents` has them, days as ISO text.

        Raises:
            LedgerError: it cannot be drafted so.
        """
        ...

    def draft_versions(self, papers: Sequence[Document]) -> Drafted:
        """Draft that these versions are filed; raises as `draft`."""
        ...

    def take(
        self,
        drafted: Drafted,
        signer: Signer,
        possession: Signer | bytes | None,
        *,
        again: bool,
    ) -> Taken:
        """Sign and take a decision, and wait for the node's read model.

        Raises:
            AlreadyExists: the same was decided before, and it was not asked for `again`.
            LedgerError: it is refused, or the chain or the node does not answer.
        """
        ...

    def take_all(
        self, drafted: Sequence[Drafted], signer: Signer, *, again: bool
    ) -> Iterable[Taken]:
        """Take decisions that ask nothing of each other; as `take`, in order."""
        ...

    def pending(self, competent: str) -> list[Pending]:
        """Return the versions that wait for a competent department's review."""
        ...

    def withdrawals(self) -> Sequence[Sequence[object]]:
        """Return the withdrawals that wait: document, department, code, version, reason."""
        ...

    def inbox(self, after: int, limit: int) -> Wire:
        """Return a page of what waits for whose key was given; what follows is `api.lookups`'."""
        ...

    def grants(
        self,
        provider: str | None,
        consumer: str | None,
        state: str | None,
        *,
        after: int,
        limit: int,
    ) -> list[Wire]: ...

    def grant(self, number: int) -> Wire: ...

    def departments(self) -> list[Wire]: ...

    def logs(self) -> list[Wire]: ...

    def contracts(self) -> list[Wire]: ...

    def keys(self, department: str) -> list[Wire]: ...

    def applications(self, department: str) -> list[Wire]: ...

    def versions(self, entry: bytes) -> Wire: ...

    def search(self, words: str, filters: Filters, *, limit: int, after: int) -> list[Wire]:
        """Return published entries, the best first, as `GET /catalogue` has them."""
        ...

    def filed(self, department: str) -> Filed:
        """Return what a table of a department is set beside."""
        ...

    def domain_of(self, kind: str) -> Domain:
        """Return where decisions of a kind count; for what was drafted before (`possession`)."""
        ...


class Here:
    """The node whose settings these are."""

    def __init__(self, node: Node, key: bytes | None = None) -> None:
        """Decide at `node`; `key` is the id of whoever asks what waits for him."""
        self.node, self._key = node, key

    def draft(self, kind: str, fields: Mapping[str, Any]) -> Drafted:
        from node.office.intents import draft

        act, context = draft(self.node.workshop, kind, fields)
        return Drafted(*act, context)

    def draft_versions(self, papers: Sequence[Document]) -> Drafted:
        from node.office.cataloguing import submit_papers

        return Drafted(*submit_papers(papers))

    def take(
        self,
        drafted: Drafted,
        signer: Signer,
        possession: Signer | bytes | None,
        *,
        again: bool,
    ) -> Taken:
        return self._taken([(drafted, possession)], signer, again=again)[0]

    def take_all(
        self, drafted: Sequence[Drafted], signer: Signer, *, again: bool
    ) -> Iterable[Taken]:
        return self._taken([(each, None) for each in drafted], signer, again=again)

    def _taken(
        self,
        asked: Sequence[tuple[Drafted, Signer | bytes | None]],
        signer: Signer,
        *,
        again: bool,
    ) -> list[Taken]:
        from node.office.act import Act
        from node.office.repeats import Meant, send_all_once
        from node.office.submitting import await_block
        from node.protocol.forms.outcomes import outcomes_of

        node = self.node
        if not asked:  # a table that has changed in nothing
            return []
        acts = []
        for drafted, possession in asked:
            act = Act(drafted.kind, dict(drafted.message), list(drafted.documents))
            sign = partial(node.desk.sign, *act, signer, possession)
            acts.append(Meant(act, sign, drafted.context))
        sent = send_all_once(node.desk, node.repeats, acts, again=again)
        followed = await_block(node.queries, max(decided.block for decided, _ in sent))
        return [
            Taken(
                decided.hash.hex(),
                decided.transaction.hex(),
                decided.block,
                decided.gas_used,
                list(outcomes_of(decided.kind, decided.event)),
                finished,
                followed,
            )
            for decided, finished in sent
        ]

    def pending(self, competent: str) -> list[Pending]:
        from node.office.verdicts import list_pending

        return list_pending(self.node.queries, self.node.store, competent)

    def withdrawals(self) -> Sequence[Sequence[object]]:
        from node.office.verdicts import list_withdrawals

        node = self.node
        return [
            (paper.digest.hex(), code_of(entry.provider), each.code, each.version, each.reason)
            for paper, each, entry in list_withdrawals(node.queries, node.bindings, node.store)
        ]

    def inbox(self, after: int, limit: int) -> Wire:
        from api.lookups import list_inbox
        from node.errors import InvalidInput
        from node.office.mandates import held_roles

        if self._key is None:
            raise InvalidInput(t("缺少选项 --key：谁的待办", "Missing option --key: whose inbox"))
        now = int(time.time())
        held = held_roles(self.node.queries, self._key, now)
        return list_inbox(self.node, held, now, after=after, limit=limit)

    def grants(
        self,
        provider: str | None,
        consumer: str | None,
        state: str | None,
        *,
        after: int,
        limit: int,
    ) -> list[Wire]:
        from api.lookups import list_grants

        return list_grants(self.node, provider, consumer, state, after=after, limit=limit)

    def grant(self, number: int) -> Wire:
        from api.lookups import get_grant

        return get_grant(self.node, number, self._paper)

    def departments(self) -> list[Wire]:
        from api.lookups import list_departments

        return list_departments(self.node)

    def logs(self) -> list[Wire]:
        from api.lookups import list_logs

        return list_logs(self.node)

    def contracts(self) -> list[Wire]:
        from api.lookups import list_contracts

        return list_contracts(self.node)

    def keys(self, department: str) -> list[Wire]:
        from api.lookups import list_keys

        return list_keys(self.node, department, self._paper)

    def applications(self, department: str) -> list[Wire]:
        from api.lookups import list_applications

        return list_applications(self.node, department, self._paper)

    def versions(self, entry: bytes) -> Wire:
        from api.lookups import get_versions

        return get_versions(self.node, entry)

    def search(self, words: str, filters: Filters, *, limit: int, after: int) -> list[Wire]:
        found = self.node.search.search(words, filters, limit=limit, after=after)
        return [
            {
                "code": hit.code,
                "name": hit.name,
                "version": hit.version,
                "provider": hit.provider,
                "shareType": hit.share_type,
            }
            for hit in found
        ]

    def _paper(self, digest: bytes) -> Wire | None:
        # Whoever has the node's databases has its papers.
        from json import loads

        data = self.node.store.find(digest)
        return None if data is None else dict(loads(data))

    def filed(self, department: str) -> Filed:
        from .filed import FiledHere

        return FiledHere(self.node, department)

    def domain_of(self, kind: str) -> Domain:
        return self.node.desk.domain_of(kind)


class There:
    """A node at an address; everything is asked and signed as one officer."""

    def __init__(self, http: OfficeHttp, pins: Pins) -> None:
        self._http, self._pins = http, pins
        self._domains: dict[str, Domain] = {}

    def draft(self, kind: str, fields: Mapping[str, Any]) -> Drafted:
        from node.client.asking import Asked
        from node.client.deciding import check_prepared
        from node.protocol.wire.prepared import parse_prepared

        asked = {"kind": kind, "fields": fields}
        prepared = parse_prepared(self._http.post("/decisions/prepare", asked))
        reviewed = check_prepared(
            prepared,
            Asked(kind, fields),
            now=time.time(),
            require_domain=self._pins.require,
        )
        for place, value in reviewed.added:
            put(t(f"由节点补充 {place}：{value}", f"filled in by the node, {place}: {value}"))
        for warning in prepared.warnings:
            note(f"请注意：{warning.text[0]}", f"note: {warning.text[1]}")
        papers = [paper.data for paper in reviewed.documents]
        self._domains[kind] = reviewed.domain
        return Drafted(kind, reviewed.message, papers, prepared.context)

    def take(
        self,
        drafted: Drafted,
        signer: Signer,
        possession: Signer | bytes | None,
        *,
        again: bool,
    ) -> Taken:
        from node.crypto import sign_decision
        from node.protocol.evm.decision import DECISIONS, hash_decision
        from node.protocol.wire.prepared import render_message

        kind = drafted.kind
        digest = hash_decision(DECISIONS[kind], dict(drafted.message), self.domain_of(kind))
        submitted = {
            "kind": kind,
            "documents": [paper.decode() for paper in drafted.documents],
            "message": render_message(kind, drafted.message),
            "key": signer.public_key.key_id.hex(),
            "signature": sign_decision(signer, digest).hex(),
            "again": again,
            "context": drafted.context.hex(),
        }
        if possession is not None:
            proof = possession
            if not isinstance(proof, bytes):
                proof = sign_decision(proof, digest)
            submitted["possession"] = proof.hex()
        return _taken(self._http.post("/decisions/submit", submitted))

    def draft_versions(self, papers: Sequence[Document]) -> Drafted:
        from node.office.filings import bodies_of

        return self.draft("SubmitVersions", {"versions": bodies_of(papers)})

    def take_all(
        self, drafted: Sequence[Drafted], signer: Signer, *, again: bool
    ) -> Iterable[Taken]:
        from concurrent.futures import ThreadPoolExecutor

        # Each is answered when it is on the chain: the next ones are on their way meanwhile.
        with ThreadPoolExecutor(TOGETHER, thread_name_prefix="take") as threads:
            sent = [threads.submit(self.take, each, signer, None, again=again) for each in drafted]
            try:
                for each in sent:
                    yield each.result()
            finally:  # after a refusal, those that have not begun are not sent
                for each in sent:
                    each.cancel()

    def pending(self, competent: str) -> list[Pending]:
        from node.errors import PeerUnavailable
        from node.office.verdicts import Pending

        try:
            return [Pending(**each) for each in self._http.list(f"/pending/{competent}")]
        except TypeError as error:
            raise PeerUnavailable(f"节点的应答不合格式 / malformed: {error}") from error

    def withdrawals(self) -> Sequence[Sequence[object]]:
        names = ("digest", "department", "code", "version", "reason")
        return [[each.get(name, "") for name in names] for each in self._http.list("/withdrawals")]

    def inbox(self, after: int, limit: int) -> Wire:
        return self._http.get("/inbox", after=after, limit=limit)

    def grants(
        self,
        provider: str | None,
        consumer: str | None,
        state: str | None,
        *,
        after: int,
        limit: int,
    ) -> list[Wire]:
        named = {"provider": provider, "consumer": consumer, "state": state}
        return self._http.list("/authorisations", **named, after=after, limit=limit)

    def grant(self, number: int) -> Wire:
        return self._http.get(f"/authorisations/{number}")

    def trace(self, path: str) -> Wire:
        """Return a trace as the node makes it: its lines' texts, checks and findings."""
        return self._http.get(f"/trace{path}")

    def departments(self) -> list[Wire]:
        return self._http.list("/departments")

    def logs(self) -> list[Wire]:
        return self._http.list("/logs")

    def contracts(self) -> list[Wire]:
        return self._http.list("/contracts")

    def keys(self, department: str) -> list[Wire]:
        return self._http.list(f"/departments/{department_path(department)}/keys")

    def applications(self, department: str) -> list[Wire]:
        return self._http.list(f"/departments/{department_path(department)}/applications")

    def versions(self, entry: bytes) -> Wire:
        return self._http.public(f"/catalogue/{entry.hex()}")

    def search(self, words: str, filters: Filters, *, limit: int, after: int) -> list[Wire]:
        given = {
            "department": filters.department,
            "shareType": filters.share_type,
            "grade": filters.grade,
            "updateCycle": filters.update_cycle,
            "theme": filters.theme,
        }
        page = self._http.public("/catalogue", q=words, **given, limit=limit, after=after)
        return [dict(each) for each in page.get("entries", ())]

    def filed(self, department: str) -> Filed:
        from .filed import FiledThere

        return FiledThere(self._http, department)

    def domain_of(self, kind: str) -> Domain:
        from node.errors import InvalidInput

        domain = self._domains.get(kind)
        if domain is None:
            raise InvalidInput(f"{kind} 不是经这个节点准备的 / was not prepared by this node")
        return domain

    def adopt(self, kind: str, domain: Domain) -> None:
        """Take a decision's domain from who drafted it, if it is this node's.

        Raises:
            VerificationError: it is of another system than this node's.
        """
        from node.protocol.evm.decision import DECISIONS

        self._pins.require(DECISIONS[kind].contract, domain)
        self._domains[kind] = domain


@contextmanager
def open_here(config: Path, key: bytes | None = None) -> Iterator[Here]:
    """Open a node by its settings; raises as `open_node`."""
    with open_node(config) as node:
        yield Here(node, key)


def department_path(code: str) -> str:
    """Return a department's code as it stands in an address.

    Raises:
        InvalidInput: it is no code.
    """
    from node.protocol.wire.ids import department_id

    department_id(code)
    return code


def reach(url: str, signer: SoftwareSigner | None, trust: Path | None) -> There:
    """Return the office of the node at `url`; a trust file says which system it must be of.

    Raises:
        ConfigInvalid: `url` is no address of a node.
        MalformedEvidence: the trust file is none.
    """
    from node.client.officehttp import OfficeHttp

    http = OfficeHttp(url, signer)
    return There(http, pins_of(http.authority, trust))


def pins_of(authority: str, trust: Path | None) -> Pins:
    """Return what is known of the system that the node at `authority` belongs to.

    Raises:
        MalformedEvidence: the trust file is none.
    """
    from node.client.pinning import Pins

    known = None
    if trust is not None:
        from node.errors import MalformedEvidence
        from node.protocol.wire.trustfile import MAX_TRUST_BYTES, parse_trust

        known = parse_trust(read_file(trust, MAX_TRUST_BYTES, MalformedEvidence))
    return Pins(authority, known, tell=_tell)


def _tell(contract: str, domain: Domain, path: Path) -> None:
    note(
        f"首次经此节点向 {contract} 作决定：链 {domain.chain_id}，合约 {domain.contract.hex()}，"
        f"已记入 {path}；以后不同即拒绝，请与数据局核对",
        f"first decision at {contract} by this node: chain {domain.chain_id}, contract "
        f"{domain.contract.hex()}, kept in {path}; another one will be refused",
    )


def _taken(said: Mapping[str, Any]) -> Taken:
    """Read what a node answers; it is told, not relied on."""
    from node.errors import PeerUnavailable

    try:
        outcomes = [(str(each["zh"]), str(each["en"])) for each in said["outcomes"]]
        return Taken(
            str(said["hash"]),
            str(said["transaction"]),
            int(said["block"]),
            int(said["gasUsed"]),
            outcomes,
            bool(said["finished"]),
            bool(said["followed"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise PeerUnavailable(
            f"节点的应答不合格式（{error!r:.80}）；同一命令再执行一次，不会重复决定"
            " / the node's answer is malformed; the same command again decides nothing twice"
        ) from error
