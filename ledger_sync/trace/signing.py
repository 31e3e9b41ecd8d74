"""Who signed a decision, in words, and whether that signature holds."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from node.crypto import Sm2PublicKey, sm3, verify_decision
from node.errors import SignatureInvalid
from node.protocol.evm.decision import DECISIONS, Domain, hash_decision

from .lines import short

if TYPE_CHECKING:
    from node.chain.deployment import Deployment
    from node.protocol.ledger.facts import KeyFact

    from ..facts import DecisionFact
    from ..queries import Queries
    from .ports import Documents


def check_decision(queries: Queries, fact: DecisionFact, deployment: Deployment) -> None:
    """Hash the decision's struct again and check its SM2 signature.

    Raises:
        SignatureInvalid: another hash than the one kept, or a signature that does not hold.
        NotFound: the signing key is not registered.
    """
    kind = DECISIONS[fact.name]
    message = {name: fact.args[name] for name in kind.fields}
    contract = deployment.contracts[fact.contract].address
    digest = hash_decision(kind, message, Domain(deployment.chain_id, contract))
    if digest != fact.hash:
        raise SignatureInvalid("the decision does not hash to what was signed")
    public = Sm2PublicKey.from_raw(deployment.root_key)
    if fact.signing_key != public.key_id:  # only the first enrolment is signed by the root key
        key = queries.get_key(fact.signing_key)
        public = Sm2PublicKey.from_coordinates(key.qx, key.qy)
    verify_decision(public, digest, fact.r.to_bytes(32, "big") + fact.s.to_bytes(32, "big"))


class SignerNames:
    """Names of departments and officers, out of their documents where these are at hand."""

    def __init__(self, queries: Queries, documents: Documents) -> None:
        """Take where to look."""
        self._queries = queries
        self._documents = documents

    def department(self, department: bytes) -> str:
        """Name a department: by its document's name, else its code."""
        fact = self._queries.find_department(department)
        if fact is None:
            return short(department)
        return str(self._paper(fact.digest).get("name", fact.code))

    def describe(self, fact: DecisionFact) -> str:
        """Say who signed: for which department, and which officer with which key."""
        key = self._queries.find_key(fact.signing_key)
        officer = self._officer(key) if key else "根密钥"
        return f"{self.department(fact.acting)} · {officer}（密钥 {short(fact.signing_key)}）"

    def ed25519_of(self, key: KeyFact) -> bytes | None:
        """Return the second checkpoint key in a department key's document, if that is at hand."""
        text = self._paper(key.digest).get("ed25519")
        return bytes.fromhex(text) if isinstance(text, str) else None

    def _officer(self, key: KeyFact) -> str:
        paper = self._paper(key.digest)
        head = paper.get("head")  # a first head key stands in its department's document
        person = head if isinstance(head, dict) else paper
        words = (person.get("post"), person.get("name"))
        return "".join(str(word) for word in words if word) or "人员"

    def _paper(self, digest: bytes) -> dict[str, Any]:
        """Return a document's members, or none when it is missing or not the one bound."""
        data = self._documents.find(digest)
        if data is None or sm3(data) != digest:
            return {}
        paper = json.loads(data)
        return paper if isinstance(paper, dict) else {}
