"""A document counts for an object through an agreeing binding of that object, and no other."""

from __future__ import annotations

from typing import Any

import pytest

from node.crypto import SoftwareSigner
from node.errors import EvidenceInvalid
from node.protocol import forms
from node.protocol.evidence import Bundle
from node.protocol.evidence.replay import Papers, Replayed, verify_documents
from node.protocol.evm.abi import ChainEvent
from node.protocol.evm.decision import DECISIONS
from node.protocol.wire import ids
from tests.common import papers

SIGNERS = [SoftwareSigner.generate() for _ in range(2)]
DATA = forms.new_document(
    "officer-key", papers.BODIES["officer-key"](publicKey=SIGNERS[0].public_key.raw.hex())
)
DOCUMENT = forms.parse(DATA)


def event(name: str, **args: Any) -> ChainEvent:
    kind = DECISIONS[name]
    whole = {"nonce": 1, "notAfter": 1, "seq": 1, **args}
    return ChainEvent(kind.contract, kind.event, whole, 1, 7, b"", 7, b"", 0, 0, b"")


def added(signer: SoftwareSigner) -> ChainEvent:
    """The registration of a key under the document."""
    public = signer.public_key
    fields = forms.derive(DOCUMENT) | {"qx": public.x, "qy": public.y}
    return event("AddKey", digest=DOCUMENT.digest, addedKey=public.key_id, **fields)


def verified(*events: ChainEvent) -> Papers:
    bundle = Bundle(b"", [], {}, {DOCUMENT.digest: DATA}, b"", 0, [], b"", [])
    acted = {(one.contract, one.seq): ids.ZERO for one in events}
    return verify_documents(bundle, events, Replayed(acted=acted))


OWN = added(SIGNERS[0])
ANOTHERS_KEY = added(SIGNERS[1])
STRANGER = event(
    "SetDepartmentStatus",
    department=ids.department_id("1" * 18),
    status=2,
    digest=DOCUMENT.digest,
    competent=ids.department_id("2" * 18),
)
NAME = forms.key_object(SIGNERS[0].public_key.key_id)


@pytest.mark.parametrize(
    "events",
    [(OWN,), (OWN, STRANGER), (STRANGER, OWN), (OWN, ANOTHERS_KEY), (ANOTHERS_KEY, OWN)],
    ids=["alone", "before a stranger's", "after one", "before a second key's", "after one "],
)
def test_one_agreeing_binding_is_enough(events):
    assert list(verified(*events)) == [(NAME, DOCUMENT.digest)]


@pytest.mark.parametrize("events", [(STRANGER,), (ANOTHERS_KEY,), (STRANGER, ANOTHERS_KEY)])
def test_without_one_the_document_contradicts_the_chain(events):
    with pytest.raises(EvidenceInvalid) as caught:
        verified(*events)
    assert caught.value.facts["where"] == f"document {DOCUMENT.digest.hex()}"
    assert "矛盾" in str(caught.value.facts["text"])


def test_a_document_nobody_names_is_refused():
    with pytest.raises(EvidenceInvalid, match="no decision names"):
        verified()
