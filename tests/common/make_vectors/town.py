"""The town of the vectors: keys and papers that come out the same every time.

Keys, nonces, salts and ivs are drawn from SM3 of a name or a counter. The keys are published with
the vectors; nobody may use them for anything else.
"""

from __future__ import annotations

from contextlib import contextmanager
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from node.crypto import (
    Ed25519Signer,
    SoftwareSigner,
    SoftwareUnwrapper,
    Unwrapper,
    sm2_gmssl,
    sm3,
)
from node.crypto.publickey import N
from node.protocol import forms as documents
from node.protocol.wire import ids

from .. import papers

if TYPE_CHECKING:
    from collections.abc import Iterator

CHAIN_ID = 20260101
CONTRACTS = {
    "DepartmentRegistry": bytes.fromhex("a1" * 20),
    "CatalogueRegistry": bytes.fromhex("a2" * 20),
    "ShareAuthorisations": bytes.fromhex("a3" * 20),
    "AccessAnchors": bytes.fromhex("a4" * 20),
}
AUTHORITY = "ledger.police.example:8443"
CREATED = 1_790_000_000
NOT_AFTER = CREATED + 86_400
ORIGIN = ids.log_origin(CHAIN_ID, CONTRACTS["DepartmentRegistry"], papers.POLICE)
SIGNERS = (
    "head of the data centre",
    "head of the police",
    "new head of the police",
    "head of the education department",
    "office head of the police",
    "office head of the education department",
    "reviewer",
    "log of the police",
    "application",
    "stranger",
)


def scalar(name: str) -> int:
    """Return the private key called `name`."""
    return int.from_bytes(sm3(f"ShareLedger vector key: {name}".encode()), "big") % (N - 2) + 1


@contextmanager
def nothing_random() -> Iterator[None]:
    """Draw whatever is random from a counter, and encrypt where the nonce can be given."""
    drawn = iter(range(2**32))

    def token_bytes(size: int) -> bytes:
        return sm3(b"ShareLedger vector draw: %d" % next(drawn))[:size]

    def randbelow(limit: int) -> int:
        return int.from_bytes(token_bytes(32), "big") % limit

    source = SimpleNamespace(token_bytes=token_bytes, randbelow=randbelow)
    with (
        patch("node.crypto.sm2_gmssl.secrets", source),
        patch("node.protocol.wire.envelope.secrets", source),
        patch("node.protocol.wire.envelope.wrap", sm2_gmssl.encrypt),
        patch("node.protocol.wire.leaf.secrets", source),
    ):
        yield


class Town:
    """The keys, and what is made with them."""

    def __init__(self) -> None:
        self.keys = {name: SoftwareSigner(sm2_gmssl.PrivateKey(scalar(name))) for name in SIGNERS}
        self.encryption: Unwrapper = SoftwareUnwrapper(
            sm2_gmssl.PrivateKey(scalar("encryption key of the application"))
        )
        seed = sm3(b"ShareLedger vector key: Ed25519")
        self.ed25519 = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(seed))
        self.papers = self._papers()

    def _papers(self) -> dict[str, documents.Document]:
        made: dict[str, documents.Document] = {}

        def add(kind: str, **changes: Any) -> None:
            salt = sm3(f"ShareLedger vector salt: {kind}".encode())[:16]
            made[kind] = documents.parse(
                documents.new_document(kind, papers.BODIES[kind](**changes), salt=salt)
            )

        def raw(name: str) -> str:
            return self.keys[name].public_key.raw.hex()

        def keyid(name: str) -> str:
            return self.keys[name].public_key.key_id.hex()

        person = sm3(b"ShareLedger vector person: head of the police").hex()
        head = {"name": "李秀英", "post": "局长", "person": person}
        encryption = {
            "publicKey": self.encryption.public_key.raw.hex(),
            "validFrom": "2026-01-01",
            "validUntil": "2026-12-31",
        }
        add("department", head={**head, "publicKey": raw("head of the police")})
        add("department-status")
        add("recovery", head={**head, "publicKey": raw("new head of the police")})
        add("key", publicKey=raw("application"), encryptionKey=encryption)
        officer = sm3(b"ShareLedger vector person: office head of the police").hex()
        add("officer-key", publicKey=raw("office head of the police"), person=officer)
        add("revocation", key=keyid("application"))
        add("roles", key=keyid("office head of the police"))
        add("application-object")
        add("catalogue-version")
        version = made["catalogue-version"].digest.hex()
        add("review", reviews=[{**papers.review()["reviews"][0], "subject": version}])
        add("withdrawal")
        withdrawal = made["withdrawal"].digest.hex()
        verdict = {**papers.withdrawal_review()["reviews"][0], "subject": withdrawal}
        add("withdrawal-review", reviews=[verdict])
        add("freeze-order")
        add("unfreeze-order", reason="数据已更正")
        add("terms")
        terms = made["terms"].digest.hex()
        add("application", terms=terms)
        add("reply", subject=made["application"].digest.hex(), grant=papers.grant(terms=terms))
        add("step")
        add("change", subject=made["reply"].digest.hex(), terms=terms)
        add("log-succession")
        return made


def make_keys(town: Town) -> dict[str, Any]:
    """Return every key by name."""
    unwrapper = {"encryption key of the application": town.encryption.public_key}
    publics = {name: signer.public_key for name, signer in town.keys.items()} | unwrapper
    return {
        "note": "Private keys of the vectors, published: never use them. d, x, y as 64 hex digits",
        "standard": "GB/T 32918.5; key id: docs/protocol.md 1; za: GB/T 32918.2, 5.5",
        "sm2": {
            name: {
                "d": f"{scalar(name):064x}",
                "x": f"{public.x:064x}",
                "y": f"{public.y:064x}",
                "keyid": public.key_id.hex(),
                "za": public.za.hex(),
            }
            for name, public in publics.items()
        },
        "ed25519": {
            "log of the police": {
                "seed": sm3(b"ShareLedger vector key: Ed25519").hex(),
                "public": town.ed25519.public.hex(),
            }
        },
    }
