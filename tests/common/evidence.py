"""A small city on a real chain: every decision, document, call and anchor an evidence bundle has.

Who takes part is the tests' town, from the product's founder; what follows is decided with
`node.protocol` alone, lies included.
"""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from ledger_sync.follower import Follower
from ledger_sync.queries import Queries
from ledger_sync.trace import Collected, collect_bundle
from node.anchoring import Anchorer, Publisher
from node.crypto import sign_decision, sm3
from node.log import (
    Draft,
    LeafDraft,
    LogIdentity,
    LogReader,
    LogWriter,
)
from node.log.published import metadata as published_tables
from node.office.founder import Founder, Nothing, Surroundings
from node.protocol import forms as documents
from node.protocol.evm import decision
from node.protocol.evm.blocks import BlockRef
from node.protocol.evm.decision import DECISIONS, Domain
from node.protocol.forms import (
    BEIJING,
    derive,
    parse,
    version_codes,
)
from node.protocol.wire import ids, signedcall
from node.protocol.wire.items import bitmap
from node.protocol.wire.leaf import SERVED, build_leaf
from node.storage.engines import open_engine

from . import founding, papers
from .founding import TownKeys
from .papers import EDUCATION, POLICE

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from node.chain.gateway import TxReceipt
    from node.crypto import Signer, SoftwareSigner
    from node.office.founder import Step

    from .chain import LedgerChain

GAS = 5_000_000
AUTHORITY = "127.0.0.1:8101"
ENTRY_CODE = "30300101/06001"


def day(offset: int) -> str:
    return (datetime.now(BEIJING) + timedelta(days=offset)).date().isoformat()


PERIOD = {"validFrom": day(-10), "validUntil": day(300)}


@dataclass
class City:
    """Three departments, one entry, one application; made decision by decision."""

    chain: LedgerChain
    folder: Path
    kept: dict[bytes, bytes] = field(default_factory=dict)
    keys: TownKeys = field(default_factory=TownKeys)
    receipts: list[TxReceipt] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.outbox = self.chain.outbox(self.folder)
        self.node_db = open_engine(self.folder / "node.db")
        self.log_db = open_engine(self.folder / "log.db")
        published_tables.create_all(self.node_db)
        self.heads, self.officers, self.reviewer = (
            self.keys.heads,
            self.keys.office,
            self.keys.reviewer,
        )
        self.application_key = self.keys.application
        self._begin_log(1)
        engine = open_engine(self.folder / "log.db", readonly=True)
        self.reader = LogReader(engine)
        self.logs = LogReader(engine, published=self.node_db)

    def _begin_log(self, generation: int) -> None:
        registry = self.address("DepartmentRegistry")
        chain_id = self.chain.deployment.chain_id
        origin = ids.log_origin(chain_id, registry, POLICE, generation)
        department = ids.department_id(POLICE)
        self.identity = LogIdentity(
            ids.log_id(origin),
            origin,
            department,
            self.keys.nodes[POLICE],
            self.keys.log("police-log"),
        )
        self.writer = LogWriter(self.log_db, [self.identity])
        self.writer.start()

    def begin_next_log(self, generation: int) -> None:
        """Go on in another log of the police, as a node whose settings say so."""
        self.writer.stop()
        self._begin_log(generation)

    def close(self) -> None:
        self.writer.stop()
        for engine in (self.node_db, self.log_db):
            engine.dispose()

    @property
    def log(self) -> bytes:
        return self.identity.log

    def address(self, contract: str) -> bytes:
        return self.chain.deployment.contracts[contract].address

    def now(self) -> int:
        return int(self.chain.running.clock())

    # --- decisions ---------------------------------------------------------------------------

    def decide(
        self,
        name: str,
        message: dict[str, Any],
        signer: SoftwareSigner,
        possession: Signer | None = None,
    ) -> TxReceipt:
        kind = DECISIONS[name]
        message = {**message, "nonce": secrets.randbits(60), "notAfter": self.now() + 3600}
        contract = self.address(kind.contract)
        digest = decision.hash_decision(
            kind, message, Domain(self.chain.deployment.chain_id, contract)
        )
        data = decision.calldata(
            kind,
            message,
            signer.public_key.key_id,
            sign_decision(signer, digest),
            sign_decision(possession, digest) if possession else None,
        )
        row = self.outbox.enqueue(digest.hex(), contract, data, GAS)
        receipt = self.outbox.wait(row)
        self.receipts.append(receipt)
        return receipt

    def keep(self, kind: str, /, **changes: Any) -> tuple[documents.Document, dict[str, Any]]:
        """Make a document, keep it, and return it with the fields that follow from it."""
        data = documents.new_document(kind, papers.BODIES[kind](**changes))
        document = parse(data)
        self.kept[document.digest] = data
        return document, {"digest": document.digest} | (
            derive(document) if kind not in documents.NEED_VERSION else {}
        )

    def found(self) -> None:
        """Enrol everybody, with their keys, roles and systems; open the log of the police."""
        around = Surroundings(
            dict.fromkeys(founding.IDS, f"http://{AUTHORITY}"),
            {POLICE: self.outbox._relay.address},
            self.chain.deployment.contracts,
        )
        self.keys.root = self.chain.root
        Founder(founding.town(period=PERIOD), self.keys, Nothing(), self.find, around).take(
            self._take
        )

    def _take(self, step: Step, *signers: SoftwareSigner) -> None:
        for data in step.act.documents:
            document = parse(data)
            self.kept[document.digest] = data
            if step.possession == "police-node":
                self.log_key = document
        self.decide(step.act.kind, step.act.message, *signers)

    def publish(self, version: int = 1) -> None:
        document, fields = self.keep("catalogue-version", version=version)
        self.version = document
        department = fields.pop("department")
        self.decide(
            "SubmitVersions", {"department": department, "versions": [fields]}, self.heads[POLICE]
        )
        _, fields = self.keep(
            "review",
            reviews=[
                {
                    "department": POLICE,
                    "code": ENTRY_CODE,
                    "version": version,
                    "publish": True,
                    "reason": None,
                    "subject": document.digest.hex(),
                }
            ],
        )
        self.decide("ReviewVersions", fields, self.reviewer)

    def apply_for(self, **changes: Any) -> documents.Document:
        terms, _ = self.keep("terms")
        wanted = {"terms": terms.digest.hex(), **PERIOD, **changes}
        document, _ = self.keep("application", **wanted)
        fields = derive(document, version=self.version.body)
        department = fields.pop("department")
        applied = {**fields, "digest": document.digest}
        self.decide(
            "ApplyFor",
            {"department": department, "applications": [applied]},
            self.officers[EDUCATION],
        )
        return document

    def reply(
        self, authorisation: int, application: documents.Document, **changes: Any
    ) -> documents.Document:
        terms, _ = self.keep("terms")
        document, _ = self.keep(
            "reply",
            authorisation=authorisation,
            subject=application.digest.hex(),
            grant=papers.grant(**{"terms": terms.digest.hex(), **PERIOD, **changes}),
        )
        fields = derive(document, version=self.version.body)
        self.decide("Reply", {**fields, "digest": document.digest}, self.officers[POLICE])
        return document

    def advance(
        self, authorisation: int, step: str, subject: bytes | None = None
    ) -> documents.Document:
        document, fields = self.keep(
            "step",
            authorisation=authorisation,
            step=step,
            subject=subject.hex() if subject else None,
        )
        self.decide("Step", fields, self.officers[POLICE])
        if subject is not None:
            self.answered = document  # a protective step's document is never waited for
        return document

    def build(self) -> None:
        """Everything up to one agreed authorisation, number 1 of the item XM."""
        self.found()
        self.publish()
        application = self.apply_for()
        self.answered = self.reply(1, application)

    # --- the read model ----------------------------------------------------------------------

    def find(self, digest: bytes) -> bytes | None:
        return self.kept.get(digest)

    def find_all(self, digests: Iterable[bytes]) -> dict[bytes, bytes]:
        return {digest: self.kept[digest] for digest in digests if digest in self.kept}

    def follow(self) -> Queries:
        """A read model that has applied every block."""
        path = self.folder / "ledger.db"
        engine = open_engine(path)
        follower = Follower(engine, self.chain.gateway, self.chain.deployment)
        try:
            while follower.run_once():
                pass
        finally:
            follower.close()
            engine.dispose()
        return Queries(open_engine(path, readonly=True))

    def collect(self, event: bytes, **options: Any) -> Collected:
        return collect_bundle(
            event,
            queries=self.follow(),
            logs=self.logs,
            documents=self,
            gateway=self.chain.gateway,
            deployment=self.chain.deployment,
            **options,
        )

    # --- calls -------------------------------------------------------------------------------

    def block(self) -> BlockRef:
        header = self.chain.gateway.block(self.chain.gateway.head())
        return BlockRef(header.number, header.hash, header.timestamp)

    def call(self, authorisation: int = 1, **changes: Any) -> bytes:
        """Log one call and return its event; `changes` go to the leaf."""
        body = json.dumps(
            {"purpose": "RXHY", "items": ["XM"], "salt": secrets.token_urlsafe(16)}
        ).encode()
        path = f"/api/v1/authorisations/{authorisation}/query"
        headers = signedcall.build(
            method="POST",
            authority=AUTHORITY,
            path=path,
            query="",
            content_type="application/json",
            body=body,
            created=int(time.time()),
            nonce=secrets.token_urlsafe(18),
            key_id=self.application_key.public_key.key_id,
            signer=self.application_key,
        )
        call = signedcall.parse("POST", AUTHORITY, path, "", headers, body)
        members: dict[str, Any] = {
            "block": self.block(),
            "judged": int(time.time()),
            "entry": ids.entry_id(ids.department_id(POLICE), ENTRY_CODE),
            "version": 1,
            "revision": 1,
            "items": bitmap(version_codes(self.version.body), ["XM"]),
            "rows": 1,
            "answer": sm3(b"answer"),
            "plain": sm3(b"plain"),
            "outcome": SERVED,
            "custody": "own",
        } | changes
        leaf = LeafDraft.of(
            build_leaf(
                event=call.event,
                base=call.base,
                signature=call.signature,
                authorisation=authorisation,
                **members,
            )
        )
        draft = Draft(
            log=self.log,
            event=call.event,
            text=call.base + call.signature,
            authorisation=authorisation,
            counted=True,
            leaf=leaf,
            calls_per_day=100_000,
            rows_per_day=100_000,
            rows=1,
            answer=b"answer" if members["outcome"] == SERVED else None,
            request=body,
            refusal=None if members["outcome"] == SERVED else members["outcome"],
        )
        self.writer.submit(draft).result(timeout=30)
        return call.event

    def publisher(self) -> Publisher:
        return Publisher(self.node_db, self.reader, [self.log], interval_ms=0)

    def anchorer(self, **options: Any) -> Anchorer:
        return Anchorer(
            self.node_db,
            self.reader,
            [self.log],
            chain=self.chain.gateway,
            sender=self.outbox,
            contract=self.address("AccessAnchors"),
            relay=self.outbox._relay.address,
            **{"interval_seconds": 0.0} | options,
        )

    def anchor(self) -> None:
        """Publish and anchor what is logged."""
        self.publisher().run_once()
        for row in self.anchorer().run_once():
            self.outbox.wait(row)
