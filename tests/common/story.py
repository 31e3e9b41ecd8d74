"""A small city's decisions, each really signed: what the read model is made from.

`Story` tells them to a FakeChain, `RealStory` to the contracts; what is told is the same.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from node.crypto import SoftwareSigner, keccak256, sign_decision
from node.protocol.evm.abi import encode_call
from node.protocol.evm.decision import (
    DECISIONS,
    Domain,
    calldata,
    hash_decision,
)
from node.protocol.ledger import enums
from node.protocol.wire import ids
from tests.common import papers, trees
from tests.common.fakes import START, FakeChain, address_of

if TYPE_CHECKING:
    from node.chain.deployment import Deployment
    from node.crypto import Sm2PublicKey
    from node.protocol.evm.decision import DecisionType
    from tests.common.chain import LedgerChain
    from tests.common.fakes import Emitted

CENTRE, POLICE, EDUCATION = (
    ids.department_id(code) for code in (papers.CENTRE, papers.POLICE, papers.EDUCATION)
)
ZERO = bytes(32)
FOREVER = 2**64 - 1
YEAR = START + 365 * 86400
HEAD = enums.Role.DEPARTMENT_HEAD | enums.Role.OFFICE_HEAD


def digest(text: str) -> bytes:
    return keccak256(text.encode())


def person_of(signer: SoftwareSigner) -> bytes:
    """Return the handle of an officer who has this one key."""
    return digest(f"person {signer.public_key.key_id.hex()}")


def tree_root(size: int) -> bytes:
    """Root of the log that is anchored: its leaves are the numbers from 0."""
    return trees.root(leaves(size))


def leaves(size: int) -> list[bytes]:
    return [b"%d" % index for index in range(size)]


def split(signature: bytes, prefix: str = "") -> dict[str, int]:
    r, s = ("possessionR", "possessionS") if prefix else ("r", "s")
    return {r: int.from_bytes(signature[:32], "big"), s: int.from_bytes(signature[32:], "big")}


@dataclass
class Story:
    """Decisions in the order they are told; `mine` puts them into a block."""

    chain: FakeChain
    root: SoftwareSigner
    heads: dict[bytes, SoftwareSigner] = field(default_factory=dict)
    pending: list[Emitted] = field(default_factory=list)
    seqs: dict[str, int] = field(default_factory=dict)
    nonce: int = 0
    start: int = START

    @property
    def year(self) -> int:
        """When everything granted ends."""
        return self.start + YEAR - START

    @classmethod
    def begin(cls) -> Story:
        root = SoftwareSigner.generate()
        return cls(FakeChain(root.public_key), root)

    @property
    def deployment(self) -> Deployment:
        return self.chain.deployment

    @property
    def relay_address(self) -> bytes:
        return address_of("relay")

    def mine(self, *, timestamp: int | None = None) -> None:
        self.chain.mine(self.pending, timestamp=timestamp)
        self.pending = []

    def seq(self, contract: str) -> int:
        self.seqs[contract] = self.seqs.get(contract, 0) + 1
        return self.seqs[contract]

    def decide(
        self,
        name: str,
        message: dict[str, Any],
        signer: SoftwareSigner,
        *,
        possession: SoftwareSigner | None = None,
        **derived: Any,
    ) -> None:
        """Sign a decision and put it on the chain."""
        kind = DECISIONS[name]
        self.nonce += 1
        # A long story's blocks go far beyond its first day.
        head = self.chain.head()
        now = max(self.start, self.chain.headers(head, head)[0].timestamp)
        message = {**message, "nonce": self.nonce, "notAfter": now + 86400}
        deployment = self.deployment
        domain = Domain(deployment.chain_id, deployment.contracts[kind.contract].address)
        hashed = hash_decision(kind, message, domain)
        proof = sign_decision(possession, hashed) if possession else None
        signatures = sign_decision(signer, hashed), proof
        self._put(kind, message, signer.public_key.key_id, signatures, derived)

    def _put(
        self,
        kind: DecisionType,
        message: dict[str, Any],
        key: bytes,
        signatures: tuple[bytes, bytes | None],
        derived: dict[str, Any],
    ) -> None:
        """Emit the event as the contract would."""
        signature, proof = signatures
        args = {**message, **derived, "seq": self.seq(kind.contract), "signingKey": key}
        if proof is not None:
            args |= split(proof, "possession")
        self.pending.append((kind.contract, kind.event, args | split(signature)))

    def enrol(
        self, department: bytes, signer: SoftwareSigner | None = None, *, screening: bool = False
    ) -> SoftwareSigner:
        head = SoftwareSigner.generate()
        public = head.public_key
        self.decide(
            "EnrolDepartment",
            {
                "department": department,
                "parent": CENTRE,
                "competent": CENTRE,
                "kind": 1,
                "level": 3,
                "screening": screening,
                "mayEnrol": department == CENTRE,
                "headX": public.x,
                "headY": public.y,
                "person": person_of(head),
                "digest": digest(f"department {department.hex()}"),
            },
            signer or self.heads.get(CENTRE) or self.root,
            possession=head,
            headKey=public.key_id,
        )
        self.heads[department] = head
        return head

    def add_key(
        self,
        holder: bytes,
        kind: int,
        signer: SoftwareSigner,
        *,
        valid_from: int = 0,
        valid_until: int | None = None,
    ) -> SoftwareSigner:
        key = SoftwareSigner.generate()
        public: Sm2PublicKey = key.public_key
        self.decide(
            "AddKey",
            {
                "holder": holder,
                "kind": kind,
                "qx": public.x,
                "qy": public.y,
                "person": person_of(key) if kind == enums.KeyKind.OFFICER else ZERO,
                "validFrom": valid_from,
                "validUntil": self.year if valid_until is None else valid_until,
                "digest": digest(f"key {public.key_id.hex()}"),
            },
            signer,
            possession=key,
            addedKey=public.key_id,
        )
        return key

    def revoke(self, key: bytes, signer: SoftwareSigner) -> None:
        self.decide("RevokeKey", {"key": key, "digest": digest("revocation")}, signer)

    def grant(
        self, department: bytes, key: bytes, roles: int, signer: SoftwareSigner | None = None
    ) -> None:
        self.decide(
            "GrantRoles",
            {
                "department": department,
                "key": key,
                "roles": roles,
                "validFrom": 0,
                "validUntil": self.year,
                "digest": digest("roles"),
            },
            signer or self.heads[department],
        )

    def register_application(self, department: bytes, code: str) -> bytes:
        application = ids.application_id(department, code)
        self.decide(
            "RegisterApplication",
            {
                "department": department,
                "codeHash": ids.code_hash(code),
                "digest": digest(f"application {code}"),
            },
            self.heads[department],
            application=application,
        )
        return application

    def submit(self, department: bytes, *versions: tuple[str, int, int]) -> list[bytes]:
        """File (code, version, share type) of entries with twelve items each."""
        entries = [ids.entry_id(department, code) for code, _, _ in versions]
        self.decide(
            "SubmitVersions",
            {
                "department": department,
                "versions": [
                    {
                        "codeHash": ids.code_hash(code),
                        "version": version,
                        "shareType": share_type,
                        "itemCount": 12,
                        "digest": digest(f"{code} {version}"),
                    }
                    for code, version, share_type in versions
                ],
            },
            self.heads[department],
            entries=entries,
        )
        return entries

    def review(self, *reviews: tuple[str, int, bool]) -> None:
        """Publish or return (code, version) of the police's entries."""
        self.decide(
            "ReviewVersions",
            {
                "reviews": [
                    {
                        "entry": ids.entry_id(POLICE, code),
                        "version": version,
                        "publish": publish,
                        "subject": digest(f"{code} {version}"),
                    }
                    for code, version, publish in reviews
                ],
                "digest": digest("review"),
            },
            self.heads[CENTRE],
            competent=CENTRE,
        )

    def withdraw(self, department: bytes, entry: bytes, version: int) -> None:
        """Ask that a published version be withdrawn."""
        self.decide(
            "SubmitWithdrawal",
            {
                "department": department,
                "withdrawals": [{"entry": entry, "version": version}],
                "digest": digest("withdrawal"),
            },
            self.heads[department],
        )

    def review_withdrawal(self, entry: bytes, version: int, *, accept: bool) -> None:
        """Withdraw a version, or leave it published."""
        review = {"entry": entry, "version": version, "accept": accept}
        review |= {"subject": digest("withdrawal")}
        self.decide(
            "ReviewWithdrawal",
            {"reviews": [review], "digest": digest("review")},
            self.heads[CENTRE],
            competent=CENTRE,
        )

    def stand(self, entry: bytes, *, standing: bool = True, calls: int = 50) -> None:
        self.decide(
            "SetStandingReply",
            {
                "entry": entry,
                "standing": standing,
                "callsPerDay": calls,
                "rowsPerDay": 5000,
                "terms": ZERO,
            },
            self.heads[POLICE],
        )

    def apply_for(self, application: bytes, first: int, *wanted: tuple[bytes, int, int]) -> None:
        """Apply for (entry, version, state after it)."""
        self.decide(
            "ApplyFor",
            {
                "department": EDUCATION,
                "applications": [
                    {
                        "entry": entry,
                        "version": version,
                        "items": 0b1111,
                        "purpose": ids.purpose_id("入学资格审核"),
                        "application": application,
                        "mode": 1,
                        "validFrom": self.start,
                        "validUntil": self.year,
                        "callsPerDay": 100,
                        "rowsPerDay": 1000,
                        "terms": ZERO,
                        "digest": digest(f"application for {entry.hex()}"),
                    }
                    for entry, version, _ in wanted
                ],
            },
            self.heads[EDUCATION],
            first=first,
            states=[state for _, _, state in wanted],
        )

    def reply(self, authorisation: int, answer: int, items: int, entry: bytes) -> None:
        agreed = answer != enums.Answer.REFUSE
        message = {
            "authorisation": authorisation,
            "answer": answer,
            "items": items,
            "mode": 1,
            "validFrom": self.start,
            "validUntil": self.year - 86400,
            "callsPerDay": 80,
            "rowsPerDay": 800,
            "terms": digest("terms"),
            "subject": digest(f"application for {entry.hex()}"),
            "digest": digest(f"reply {authorisation}"),
        }
        state = enums.AuthorisationState
        self.decide(
            "Reply",
            message,
            self.heads[POLICE],
            state=int(state.AGREED if agreed else state.REFUSED),
        )

    def step(
        self,
        authorisation: int,
        step: int,
        state: int,
        signer: SoftwareSigner,
        *,
        subject: bytes = ZERO,
        document: bytes = ZERO,
    ) -> None:
        message = {
            "authorisation": authorisation,
            "step": int(step),
            "revision": 1,
            "outcome": 0,
            "effective": 0,
            "subject": subject,
            "digest": document,
        }
        self.decide("Step", message, signer, state=int(state))

    def register_log(self, department: bytes) -> bytes:
        deployment = self.deployment
        registry = deployment.contracts["DepartmentRegistry"].address
        code = ids.department_code(department)
        log = ids.log_id(ids.log_origin(deployment.chain_id, registry, code))
        message = {"department": department, "relay": self.relay_address}
        self.decide("RegisterLog", message, self.heads[department], log=log)
        return log

    def list_contract(self, name: str) -> None:
        deployed = self.deployment.contracts[name]
        message = {
            "name": ids.contract_name_id(name),
            "contractAddress": deployed.address,
            "codeHash": deployed.code_hash,
        }
        self.decide("ListContract", message, self.heads[CENTRE])

    def anchor(self, log: bytes, old_size: int, size: int) -> None:
        args = {
            "log": log,
            "size": size,
            "root": digest(f"root {size}"),
            "checkpointHash": digest(f"checkpoint {size}"),
            "oldSize": old_size,
            "seq": self.seq("AccessAnchors"),
        }
        self.pending.append(("AccessAnchors", "Anchored", args))


@dataclass
class RealStory(Story):
    """The same decisions, sent to the contracts of a real chain, a block each."""

    real: LedgerChain | None = None
    sent: int = 0

    @classmethod
    def on(cls, real: LedgerChain) -> RealStory:
        clock = real.running.clock
        return cls(FakeChain(), real.root, start=int(clock()), real=real)

    @property
    def deployment(self) -> Deployment:
        assert self.real
        return self.real.deployment

    @property
    def relay_address(self) -> bytes:
        assert self.real
        return self.real.relay.address

    def mine(self, *, timestamp: int | None = None) -> None:
        """Nothing to do: every decision is in its block."""
        assert timestamp is None

    def send(self, contract: str, data: bytes) -> None:
        real = self.real
        assert real
        to = real.deployment.contracts[contract].address
        nonce = real.gateway.transaction_count(real.relay.address)
        raw = real.relay.sign_legacy(to, data, nonce, 30_000_000, real.deployment.chain_id)
        receipt = real.gateway.receipt(real.gateway.send_raw(raw))
        assert receipt
        assert receipt.succeeded
        self.sent += 1

    def anchor(self, log: bytes, old_size: int, size: int) -> None:
        args = {
            "log": log,
            "oldSize": old_size,
            "newSize": size,
            "root": tree_root(size),
            "checkpointHash": digest(f"checkpoint {size}"),
            "proof": trees.proof(old_size, leaves(size)) if old_size else [],
        }
        self.send("AccessAnchors", encode_call("AccessAnchors", "anchor", args))

    def _put(
        self,
        kind: DecisionType,
        message: dict[str, Any],
        key: bytes,
        signatures: tuple[bytes, bytes | None],
        derived: dict[str, Any],
    ) -> None:
        del derived  # the contract's own business
        data = calldata(kind, message, key, *signatures)
        assert self.real
        # Tried first: a refusal then comes with its name.
        self.real.gateway.call(self.deployment.contracts[kind.contract].address, data)
        self.send(kind.contract, data)


def tell_city(story: Story) -> dict[str, Any]:
    """Enrol three departments and go through everything once; returns the ids, 12 blocks."""
    state, step = enums.AuthorisationState, enums.Step
    centre = story.enrol(CENTRE)
    story.mine()
    for department in (POLICE, EDUCATION):
        head = story.enrol(department)
        story.grant(department, head.public_key.key_id, HEAD)
    story.mine()
    story.list_contract("AccessAnchors")
    officer = story.add_key(POLICE, enums.KeyKind.OFFICER, story.heads[POLICE])
    duty = story.add_key(POLICE, enums.KeyKind.OFFICER, story.heads[POLICE])
    story.grant(POLICE, duty.public_key.key_id, enums.Role.DUTY_OFFICER)
    story.grant(CENTRE, centre.public_key.key_id, HEAD | enums.Role.REVIEWER)
    story.mine()
    application = story.register_application(EDUCATION, "ZHSX")
    call_key = story.add_key(application, enums.KeyKind.APPLICATION, story.heads[EDUCATION])
    story.mine()
    households, residence, streets = story.submit(
        POLICE, ("30/1", 1, 2), ("30/2", 1, 2), ("30/3", 1, 1)
    )
    story.mine()
    story.review(("30/1", 1, True), ("30/2", 1, False), ("30/3", 1, True))
    story.stand(streets)
    story.mine()
    story.submit(POLICE, ("30/2", 2, 2), ("30/1", 2, 2))
    story.review(("30/2", 2, True))
    story.mine()
    story.apply_for(
        application,
        1,
        (households, 1, state.APPLIED),
        (streets, 1, state.AGREED),
        (residence, 2, state.APPLIED),
    )
    story.mine()
    story.reply(1, enums.Answer.PARTLY, 0b0101, households)
    story.reply(3, enums.Answer.REFUSE, 0, residence)
    story.mine()
    story.step(1, step.SUSPEND, state.SUSPENDED, duty)
    story.revoke(officer.public_key.key_id, story.heads[POLICE])
    story.mine()
    resumed = {"subject": digest("reply 1"), "document": digest("resumed")}
    story.step(1, step.RESUME, state.AGREED, centre, **resumed)
    log = story.register_log(POLICE)
    story.mine()
    story.anchor(log, 0, 17)
    story.anchor(log, 17, 40)
    story.mine()
    return {
        "application": application,
        "call_key": call_key,
        "duty": duty,
        "officer": officer,
        "households": households,
        "residence": residence,
        "streets": streets,
        "log": log,
    }
