"""The checks behind a trace's lines, each made with what the read model knows.

Who signed a decision and whether that holds; a logged call's own proofs; the call judged again by
the rules of the offline verifier.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from node.crypto import (
    Sm2PublicKey,
    sm3,
    verify_decision,
    verify_sm2,
)
from node.errors import (
    AuthorisationUnknown,
    LedgerError,
    NotFound,
    ReceiptInvalid,
    SignatureInvalid,
    VerificationError,
)
from node.protocol.evm.decision import DECISIONS, Domain, hash_decision
from node.protocol.ledger.enums import DepartmentStatus, KeyKind
from node.protocol.ledger.judge import Standing, stand, verify_permission
from node.protocol.ledger.surroundings import joined
from node.protocol.wire import merkle
from node.protocol.wire.checkpoint import Checkpoint, checkpoint_hash, verify_note
from node.protocol.wire.signedcall import parse_base

from ..objects import ObjectKind, authorisation_ref
from .lines import short

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from node.chain.deployment import Deployment
    from node.protocol.evm.blocks import BlockRef
    from node.protocol.ledger.facts import ApplicationFact, DepartmentFact, KeyFact, LogFact
    from node.protocol.wire.leaf import Leaf
    from node.protocol.wire.receipt import Receipt

    from ..decided import AnchorFact, DecisionFact
    from ..queries import Queries
    from .collecting import Documents, LogReader


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
        public = queries.get_key(fact.signing_key).public
    verify_decision(public, digest, joined(fact.args["r"], fact.args["s"]))


class SignerNames:
    """Names of departments and officers, out of their documents where these are at hand."""

    def __init__(self, queries: Queries, documents: Documents) -> None:
        self._queries = queries
        self._documents = documents
        self._papers: dict[bytes, dict[str, Any]] = {}
        # A page names the same few again and again.
        self._departments: dict[bytes, str] = {}
        self._officers: dict[bytes, str] = {}

    def department(self, department: bytes) -> str:
        """Name a department: by its document's name, else its code."""
        if department not in self._departments:
            fact = self._queries.find_department(department)
            self._departments[department] = self._called(fact) if fact else short(department)
        return self._departments[department]

    def know(self, facts: Sequence[DepartmentFact]) -> None:
        """Name several departments at once."""
        self.read(fact.digest for fact in facts)
        self._departments |= {fact.department: self._called(fact) for fact in facts}

    def know_signers(self, decisions: Sequence[DecisionFact], *departments: bytes) -> None:
        """Name at once who signed these decisions and for whom, and some departments besides."""
        wanted = {*departments, *(each.acting for each in decisions)} - self._departments.keys()
        keys = {each.signing_key for each in decisions} - self._officers.keys()
        around = self._queries.departments() if wanted else ()
        facts = [fact for fact in around if fact.department in wanted]
        signers = self._queries.keys_among(keys) if keys else ()
        self.read([each.digest for each in (*facts, *signers)])
        self.know(facts)
        self._officers |= {each.key: self.officer(each) for each in signers}

    def _called(self, fact: DepartmentFact) -> str:
        return str(self._paper(fact.digest).get("name", fact.code))

    def describe(self, fact: DecisionFact) -> tuple[str, str]:
        """Say who signed, in Chinese and English: for which department, who with which key."""
        officer = self._officers.get(fact.signing_key)
        if officer is None:
            key = self._queries.find_key(fact.signing_key)
            officer = self._officers[fact.signing_key] = self.officer(key) if key else "根密钥"
        who, named = f"{self.department(fact.acting)} · {officer}", short(fact.signing_key)
        return f"{who}（密钥 {named}）", f"{who} (key {named})"

    def ed25519_of(self, key: KeyFact) -> bytes | None:
        """Return the second checkpoint key in a department key's document, if that is at hand."""
        text = self._paper(key.digest).get("ed25519")
        return bytes.fromhex(text) if isinstance(text, str) else None

    def entry(self, digest: bytes) -> str | None:
        """Name an entry by the document of one of its versions, if that is here."""
        name = self._paper(digest).get("name")
        return name if isinstance(name, str) else None

    def code(self, digest: bytes) -> str | None:
        """Return an entry's code by the document of one of its versions, if that is here."""
        code = self._paper(digest).get("code")
        return code if isinstance(code, str) else None

    def application(self, fact: ApplicationFact) -> str:
        """Name an application system by its document, else by its id."""
        return str(self._paper(fact.digest).get("name", short(fact.application)))

    def officer(self, key: KeyFact) -> str:
        """Name who holds an officer's key: post and name out of its document."""
        paper = self._paper(key.digest)
        head = paper.get("head")  # a first head key stands in its department's document
        person = head if isinstance(head, dict) else paper
        words = (person.get("post"), person.get("name"))
        return "".join(str(word) for word in words if word) or "人员"

    def read(self, digests: Iterable[bytes]) -> None:
        """Read several documents at once, which what follows names things by."""
        wanted = {each for each in digests if each not in self._papers}
        if not wanted:
            return
        # One that is missing is looked for again: it may arrive.
        for digest, data in self._documents.find_all(wanted).items():
            paper = json.loads(data) if sm3(data) == digest else None
            self._papers[digest] = paper if isinstance(paper, dict) else {}

    def _paper(self, digest: bytes) -> dict[str, Any]:
        """Return a document's members, or none when it is missing or not the one bound."""
        if digest not in self._papers:
            self.read([digest])
        return self._papers.get(digest, {})


def check_call(queries: Queries, leaf: Leaf, event: bytes) -> None:
    """Check that the leaf is the event and was signed by a registered application's key.

    Raises:
        ReceiptInvalid: another event, or a key that is no application's.
        SignatureInvalid: the signature does not hold.
        NotFound: the key is not registered.
    """
    call = parse_base(leaf.base)
    if not call.event == leaf.event == event:
        raise ReceiptInvalid("the event id is not that of the signed text")
    key = queries.get_key(call.key_id)
    if key.kind != KeyKind.APPLICATION:
        raise ReceiptInvalid("signed by no application's key")
    verify_sm2(key.public, leaf.base, leaf.signature)


def check_checkpoint(queries: Queries, names: SignerNames, log: LogFact, receipt: Receipt) -> None:
    """Check the leaf's inclusion and both signatures on its checkpoint.

    Raises:
        ReceiptInvalid: the checkpoint is of another log or size.
        InclusionInvalid: the proof does not lead to its root.
        CheckpointInvalid: no department key of the log has signed it.
        NotFound: the document of such a key is not here.
    """
    checkpoint = receipt.signed_checkpoint.checkpoint
    if (checkpoint.origin, checkpoint.size) != (log.origin, receipt.size):
        raise ReceiptInvalid("the checkpoint is of another log or size")
    merkle.verify_inclusion(
        merkle.leaf_hash(receipt.leaf), receipt.index, receipt.size, receipt.proof, checkpoint.root
    )
    found: LedgerError = NotFound("no document of a department key of this log is here")
    for key in queries.keys_of(log.department):
        second = names.ed25519_of(key)
        if key.kind == KeyKind.DEPARTMENT and second is not None:
            try:
                verify_note(receipt.signed_checkpoint, sm2=key.public, ed25519=second)
            except LedgerError as err:
                found = err
            else:
                return
    raise found


def check_anchor(logs: LogReader, log: LogFact, receipt: Receipt, anchor: AnchorFact) -> None:
    """Check that the receipt's tree and the anchored one are of one log.

    Raises:
        ConsistencyInvalid: they are not.
        ReceiptInvalid: the anchor names another checkpoint than its size and root give.
    """
    root = receipt.signed_checkpoint.checkpoint.root
    old, new = sorted([(receipt.size, root), (anchor.size, anchor.root)])
    merkle.verify_consistency(*old, *new, logs.consistency(log.log, old[0], new[0]))
    text = Checkpoint(log.origin, anchor.size, anchor.root).text
    if checkpoint_hash(text) != anchor.checkpoint_hash:
        raise ReceiptInvalid("the anchored checkpoint hash is not of this size and root")


def check_outcome(queries: Queries, leaf: Leaf) -> None:
    """Check that the ledger, as it stood after the leaf's block, gives the leaf's outcome.

    Raises:
        EvidenceInvalid: it does not.
        VerificationError: the leaf names a block that is not on the chain.
    """
    block = queries.get_block(leaf.block_number)
    if block.hash != leaf.block_hash:
        raise VerificationError(f"the leaf names another block {block.number} than the chain's")
    one = queries.authorisation_at(leaf.authorisation, block.number)
    if one is None:
        said = f"到区块 {block.number} 没有授权 {leaf.authorisation} / no such authorisation"
        raise AuthorisationUnknown(said)
    verify_permission(leaf, _standing(queries, leaf, block), one.provider)


def check_stability(queries: Queries, leaf: Leaf, last: BlockRef) -> None:
    """Check that nothing the call was judged by changed up to the block that anchors it.

    What changed and changed back counts, too: every block that decided on it is looked at.

    Raises:
        VerificationError: it did: whether the call came before cannot be proven.
    """
    first = queries.get_block(leaf.block_number)
    standing = _standing(queries, leaf, first)
    for block in [*_deciding_blocks(queries, leaf, first, last), last]:
        if _standing(queries, leaf, block) != standing:
            raise VerificationError(
                f"changed between block {first.number} and block {last.number}: undetermined",
                text="期间发生变化，结论为「不能确定」",
            )


def _deciding_blocks(
    queries: Queries, leaf: Leaf, first: BlockRef, last: BlockRef
) -> list[BlockRef]:
    """Return the blocks after `first` and before `last` that decide on what the call rests on."""
    about = [authorisation_ref(leaf.authorisation)]
    one = queries.find_authorisation(leaf.authorisation)
    if one is not None:
        about.append((ObjectKind.ENTRY, one.entry))
        about += [(ObjectKind.DEPARTMENT, party) for party in (one.provider, one.consumer)]
    return queries.blocks_of(about, first.number, last.number)


def _standing(queries: Queries, leaf: Leaf, block: BlockRef) -> Standing:
    """Return how the call stood after a block, by what was decided up to there."""
    key = queries.find_key(parse_base(leaf.base).key_id)
    if key is not None and (key.revoked_block or 0) > block.number:
        key = key._replace(revoked_at=None)
    one = queries.authorisation_at(leaf.authorisation, block.number)
    if one is None:
        return stand(key, None, None, None, None)
    about = (ObjectKind.ENTRY, one.entry)
    orders = queries.last_decision_of(about, block.number, ("FreezeEntry", "UnfreezeEntry"))
    frozen = orders is not None and orders.name == "FreezeEntry"
    return stand(
        key,
        one,
        queries.get_entry(one.entry, one.version)._replace(frozen=frozen),
        _department(queries, one.provider, block),
        _department(queries, one.consumer, block),
    )


def _department(queries: Queries, department: bytes, block: BlockRef) -> DepartmentFact | None:
    fact = queries.find_department(department)
    about = (ObjectKind.DEPARTMENT, department)
    last = queries.last_decision_of(about, block.number, ("SetDepartmentStatus",))
    status = int(str(last.args["status"])) if last else int(DepartmentStatus.ACTIVE)
    return fact._replace(status=status) if fact else None
