"""A provider's service around a real log and a real table, with the ledger and papers scripted."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from node.client.checks import Asked
from node.client.http import SignedHttp
from node.client.trust import Anchor, Grant, LogKeys
from node.crypto import (
    Ed25519Signer,
    Signer,
    Sm2PublicKey,
    SoftwareSigner,
    SoftwareUnwrapper,
)
from node.errors import NotFound
from node.log import LogIdentity, LogReader, LogWriter
from node.log.commit import STRANGERS_PER_DAY
from node.protocol.evm.blocks import BlockRef
from node.protocol.ledger.enums import (
    AuthorisationState,
    DepartmentStatus,
    EntryState,
    KeyKind,
    Mode,
)
from node.protocol.ledger.facts import (
    AuthorisationFact,
    DepartmentFact,
    EntryFact,
    KeyFact,
    Snapshot,
)
from node.protocol.wire import (
    canonical,
    encoding,
    ids,
    signedcall,
)
from node.service.seals import Seals
from node.service.serve import Provider, Service
from node.service.sources import SqlSource
from node.storage.engines import open_engine
from tests.common.codes import department_code

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHAIN_ID = 20_260_101
REGISTRY = bytes(range(20))
PROVIDER_CODE, CONSUMER_CODE = department_code(1), department_code(2)
PROVIDER = ids.department_id(PROVIDER_CODE)
CONSUMER = ids.department_id(CONSUMER_CODE)
APPLICATION = ids.application_id(CONSUMER, "zhihui-shengxue")
ENTRY_CODE = "302001/1"
ENTRY = ids.entry_id(PROVIDER, ENTRY_CODE)
PURPOSE = "入学资格核验"
SUBJECT, VERSION_DIGEST, KEY_DIGEST = (bytes([n]) * 32 for n in (1, 2, 3))
AUTHORISATION = 12
AUTHORITY = "provider.example:8601"
START = 1_790_000_000
ROWS = 250


@dataclass(frozen=True)
class Item:
    code: str
    scale: int | None = None
    mask: str | None = None
    filterable: bool = True


@dataclass(frozen=True)
class Version:
    items: tuple[Item, ...] = (
        Item("XM", mask="keep:1,0"),
        Item("GMSFHM"),
        Item("CSRQ"),
        Item("MJ", scale=2),
        Item("SECRET"),
    )
    code: str = ENTRY_CODE


@dataclass
class Papers:
    """The service's port `Documents`, with one version and one encryption key."""

    unwrapper: SoftwareUnwrapper
    version_view: Version = field(default_factory=Version)
    failure: Exception | None = None

    def check(self, _digest: bytes, _name: str) -> None:
        if self.failure is not None:
            raise self.failure

    def version(self, _digest: bytes, _name: str) -> Version:
        return self.version_view

    def terms(self, _digest: bytes, _name: str) -> Any:
        raise AssertionError("the authorisations of these tests have no terms")

    def encryption_key(self, _digest: bytes, _at: int) -> tuple[bytes, Sm2PublicKey]:
        public = self.unwrapper.public_key
        return public.key_id, public


@dataclass
class ScriptedLedger:
    """The service's port `Ledger`: registered keys, and authorisations a test may change."""

    keys: dict[bytes, KeyFact] = field(default_factory=dict)
    authorisations: dict[int, AuthorisationFact] = field(default_factory=dict)
    entry: EntryFact = field(
        default_factory=lambda: EntryFact(
            entry=ENTRY,
            provider=PROVIDER,
            version=2,
            state=EntryState.PUBLISHED,
            frozen=False,
            share_type=2,
            item_count=5,
            digest=VERSION_DIGEST,
        )
    )
    block: BlockRef = field(default_factory=lambda: BlockRef(812, b"\x0c" * 32, START - 5))
    failure: Exception | None = None

    def register(
        self, signer: Signer, holder: bytes = APPLICATION, kind: int = KeyKind.APPLICATION
    ) -> None:
        public = signer.public_key
        self.keys[public.key_id] = KeyFact(
            key=public.key_id,
            holder=holder,
            kind=kind,
            qx=public.x,
            qy=public.y,
            valid_from=0,
            valid_until=2**63,
            revoked_at=None,
            digest=KEY_DIGEST,
        )

    def change(self, **changes: Any) -> None:
        self.authorisations[AUTHORISATION] = self.authorisations[AUTHORISATION]._replace(**changes)

    def snapshot(self, key_id: bytes, authorisation: int, _since: float = 0.0) -> Snapshot:
        if self.failure is not None:
            raise self.failure
        granted = self.authorisations.get(authorisation)
        return Snapshot(
            block=self.block,
            key=self.keys.get(key_id),
            authorisation=granted,
            entry=self.entry if granted is not None else None,
            provider=department(PROVIDER, PROVIDER_CODE),
            consumer=department(CONSUMER, CONSUMER_CODE),
        )


def department(identifier: bytes, code: str) -> DepartmentFact:
    return DepartmentFact(
        department=identifier,
        code=code,
        parent=PROVIDER,
        competent=PROVIDER,
        kind=1,
        level=3,
        screening=False,
        status=DepartmentStatus.ACTIVE,
        digest=bytes(32),
    )


def authorisation() -> AuthorisationFact:
    return AuthorisationFact(
        authorisation=AUTHORISATION,
        provider=PROVIDER,
        consumer=CONSUMER,
        entry=ENTRY,
        version=2,
        items=0b01111,
        purpose=ids.purpose_id(PURPOSE),
        application=APPLICATION,
        mode=Mode.QUERY,
        state=AuthorisationState.AGREED,
        revision=1,
        valid_from=0,
        valid_until=2**40,
        calls_per_day=1_000_000,
        rows_per_day=1_000_000,
        terms=bytes(32),
        subject=SUBJECT,
    )


def fill_source(path: Path, rows: int = ROWS) -> SqlSource:
    """Return a table of synthetic people as a source."""
    database = sqlite3.connect(path)
    database.execute(
        "create table person (id text primary key, name text, born date, area numeric(8, 2))"
    )
    database.executemany(
        "insert into person values (?, ?, ?, ?)",
        (
            (f"13090220000101{n:04d}", f"张三{n}", f"2018-{n % 12 + 1:02d}-01", 60 + n / 4)
            for n in range(rows)
        ),
    )
    database.commit()
    database.close()
    columns = {"XM": "name", "GMSFHM": "id", "CSRQ": "born", "MJ": "area", "SECRET": "name"}
    return SqlSource(f"sqlite:///{path}", "person", columns, "id")


class City:
    """One provider, one consumer with an application, and what a test needs of both."""

    def __init__(
        self,
        folder: Path,
        *,
        clock: Callable[[], float] | None = None,
        strangers_per_day: int = STRANGERS_PER_DAY,
    ) -> None:
        self.now = float(START)
        self.clock = clock or (lambda: self.now)
        origin = ids.log_origin(CHAIN_ID, REGISTRY, PROVIDER_CODE)
        self.identity = LogIdentity(
            log=ids.log_id(origin),
            origin=origin,
            department=PROVIDER,
            sm2=SoftwareSigner.generate(),
            ed25519=Ed25519Signer.generate(),
        )
        self.signer = SoftwareSigner.generate()
        self.unwrapper = SoftwareUnwrapper.generate()
        self.ledger = ScriptedLedger(authorisations={AUTHORISATION: authorisation()})
        self.ledger.register(self.signer)
        self.ledger.register(self.identity.sm2, PROVIDER, KeyKind.DEPARTMENT)
        self.papers = Papers(self.unwrapper)
        self.registered = True
        self.anchors: dict[int, bytes] = {}
        self.engine = open_engine(folder / "log.db")
        self.writer = LogWriter(
            self.engine,
            [self.identity],
            clock=lambda: int(self.clock() * 1_000_000_000),
            strangers_per_day=strangers_per_day,
        )
        self.writer.start()
        self.read_engine = open_engine(folder / "log.db", readonly=True)
        self.reader = LogReader(self.read_engine)
        self.source = fill_source(folder / "people.db")
        self.sources: dict[bytes, Any] = {ENTRY: self.source}
        self.seals = Seals.load(folder / "node.secret")
        self.service = Service(
            ledger=self.ledger,
            documents=self.papers,
            submit_all=self.writer.submit_all,
            find_stored=self.reader.resend,
            providers=[
                Provider(
                    department=PROVIDER,
                    custody="own",
                    find_log=lambda: self.identity.log if self.registered else None,
                    sources=self.sources,
                )
            ],
            seals=self.seals,
            clock=self.clock,
        )

    def close(self) -> None:
        self.service.close()
        self.writer.stop()
        self.source.close()
        self.engine.dispose()
        self.read_engine.dispose()

    @property
    def size(self) -> int:
        """Leaves in the provider's log."""
        return self.reader.head(self.identity.log).size

    def sign(
        self,
        body: dict[str, Any] | bytes,
        *,
        number: int = AUTHORISATION,
        signer: SoftwareSigner | None = None,
        content_type: str = "application/json",
        created: float | None = None,
    ) -> tuple[signedcall.SignedCall, int, bytes]:
        """Return a call as the service takes it: (signed call, authorisation, body)."""
        data = body if isinstance(body, bytes) else canonical.dumps(body)
        moment = self.clock() if created is None else created
        http = SignedHttp(signer or self.signer, clock=lambda: moment)
        url = f"http://{AUTHORITY}/api/v1/authorisations/{number}/query"
        request = http.sign("POST", url, data, content_type)
        http.close()
        call = signedcall.parse("POST", AUTHORITY, request.url.raw_path, b"", request.headers, data)
        return call, number, data

    def handle(self, call: tuple[signedcall.SignedCall, int, bytes]) -> dict[str, Any]:
        """Serve one call; return its answer as JSON, or raise the refusal."""
        answer: dict[str, Any] = canonical.loads(
            asyncio.run(self.service.handle(*call)), limit=1 << 26
        )
        return answer

    def query(self, **changes: Any) -> dict[str, Any]:
        """Sign and serve a query of one page."""
        return self.handle(self.sign(body(**changes)))

    # What the consumer's own node would say: the client's Trust.

    def log_keys(self, code: str, generation: int | None = None, at: int | None = None) -> LogKeys:
        del generation, at
        if code != PROVIDER_CODE:
            raise NotFound(code)
        pair = (self.identity.sm2.public_key, self.identity.ed25519.public)
        return LogKeys(code, self.identity.origin, (pair,))

    def grant(self, number: int) -> Grant:
        codes = tuple(item.code for item in self.papers.version_view.items)
        return Grant(number, PROVIDER_CODE, ENTRY, 2, codes)

    def anchored_size(self, _department: str, _generation: int) -> int:
        return max(self.anchors, default=0)

    def anchor(self, _department: str, _generation: int, size: int) -> Anchor:
        if size not in self.anchors:
            raise NotFound(str(size))
        return Anchor(self.anchors[size])


def body(**changes: Any) -> dict[str, Any]:
    """Return a query's body; a change to `...` leaves the member out."""
    members: dict[str, Any] = {
        "purpose": PURPOSE,
        "items": ["XM", "MJ", "CSRQ"],
        "where": {"GMSFHM": {"eq": "130902200001010003"}},
        "page": {"size": 100, "after": None},
        "operator": "李老师",
        "matter": "2026-0001",
        "salt": encoding.b64u(bytes(16)),
    }
    return {name: value for name, value in {**members, **changes}.items() if value is not ...}


def asked(
    call: tuple[signedcall.SignedCall, int, bytes], items: tuple[str, ...] = ("XM", "MJ", "CSRQ")
) -> Asked:
    """Return a call as its client knows it."""
    return Asked(call[0], call[1], items, "李老师", "2026-0001")
