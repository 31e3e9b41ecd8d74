"""A small city's decisions on a FakeChain, each really signed: what the read model is made from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from node.crypto import SoftwareSigner, keccak256, sign_decision
from node.protocol import enums, ids
from node.protocol.decision import DECISIONS, Domain, hash_decision
from tests.common.fakes import CHAIN_ID, START, FakeChain, address_of

if TYPE_CHECKING:
    from node.crypto import Sm2PublicKey
    from tests.common.fakes import Emitted

CENTRE = ids.department_id("11130900000000001A")
POLICE = ids.department_id("11130900000000002B")
EDUCATION = ids.department_id("11130900000000003C")
ZERO = bytes(32)
FOREVER = 2**64 - 1
YEAR = START + 365 * 86400


def digest(text: str) -> bytes:
    return keccak256(text.encode())


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

    @classmethod
    def begin(cls) -> Story:
        root = SoftwareSigner.generate()
        return cls(FakeChain(root.public_key), root)

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
    ) -> dict[str, Any]:
        """Sign a decision and emit its event as the contract would; returns the arguments."""
        kind = DECISIONS[name]
        self.nonce += 1
        message = {**message, "nonce": self.nonce, "notAfter": YEAR}
        domain = Domain(CHAIN_ID, address_of(kind.contract))
        hashed = hash_decision(kind, message, domain)
        args = {**message, **derived}
        if possession is not None:
            args |= split(sign_decision(possession, hashed), "possession")
        args |= {"seq": self.seq(kind.contract), "signingKey": signer.public_key.key_id}
        args |= split(sign_decision(signer, hashed))
        self.pending.append((kind.contract, kind.event, args))
        return args

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
                "headX": public.x,
                "headY": public.y,
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
        valid_until: int = YEAR,
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
                "validFrom": valid_from,
                "validUntil": valid_until,
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
                "validUntil": YEAR,
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

    def review(self, *reviews: tuple[bytes, int, bool]) -> None:
        self.decide(
            "ReviewVersions",
            {
                "reviews": [
                    {"entry": entry, "version": version, "publish": publish, "subject": ZERO}
                    for entry, version, publish in reviews
                ],
                "digest": digest("review"),
            },
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

    def apply_for(self, first: int, *wanted: tuple[bytes, bytes, int]) -> None:
        """Apply for (entry, application, state after it)."""
        self.decide(
            "ApplyFor",
            {
                "department": EDUCATION,
                "applications": [
                    {
                        "entry": entry,
                        "version": 1,
                        "items": 0b1111,
                        "purpose": ids.purpose_id("入学资格审核"),
                        "application": application,
                        "mode": 1,
                        "validFrom": START,
                        "validUntil": YEAR,
                        "callsPerDay": 100,
                        "rowsPerDay": 1000,
                        "terms": ZERO,
                        "digest": digest(f"application for {entry.hex()}"),
                    }
                    for entry, application, _ in wanted
                ],
            },
            self.heads[EDUCATION],
            first=first,
            states=[state for _, _, state in wanted],
        )

    def reply(self, authorisation: int, answer: int, items: int, **changes: Any) -> None:
        agreed = answer != enums.Answer.REFUSE
        message = {
            "authorisation": authorisation,
            "answer": answer,
            "items": items,
            "mode": 1,
            "validFrom": START,
            "validUntil": YEAR - 86400,
            "callsPerDay": 80,
            "rowsPerDay": 800,
            "terms": digest("terms"),
            "subject": digest("application"),
            "digest": digest(f"reply {authorisation}"),
            **changes,
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
        document: bytes = ZERO,
    ) -> None:
        message = {
            "authorisation": authorisation,
            "step": int(step),
            "revision": 1,
            "subject": ZERO,
            "digest": document,
        }
        self.decide("Step", message, signer, state=int(state))

    def register_log(self, department: bytes) -> bytes:
        code = ids.department_code(department)
        origin = ids.log_origin(CHAIN_ID, address_of("DepartmentRegistry"), code)
        log = ids.log_id(origin)
        relay = address_of(f"relay {code}")
        signer = self.heads[department]
        self.decide("RegisterLog", {"department": department, "relay": relay}, signer, log=log)
        return log

    def list_contract(self, name: str) -> None:
        message = {
            "name": ids.contract_name_id(name),
            "contractAddress": address_of(name),
            "codeHash": keccak256(name.encode()),
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


def tell_city(story: Story) -> dict[str, Any]:
    """Enrol three departments and go through everything once; returns the ids, 12 blocks."""
    state, step = enums.AuthorisationState, enums.Step
    centre = story.enrol(CENTRE)
    story.mine()
    for department in (POLICE, EDUCATION):
        story.enrol(department)
    story.mine()
    story.list_contract("AccessAnchors")
    officer = story.add_key(POLICE, enums.KeyKind.OFFICER, story.heads[POLICE])
    duty = story.add_key(POLICE, enums.KeyKind.OFFICER, story.heads[POLICE])
    story.grant(POLICE, duty.public_key.key_id, enums.Role.DUTY_OFFICER)
    story.grant(CENTRE, centre.public_key.key_id, enums.Role.DEPARTMENT_HEAD | enums.Role.REVIEWER)
    story.mine()
    application = story.register_application(EDUCATION, "ZHSX")
    call_key = story.add_key(application, enums.KeyKind.APPLICATION, story.heads[EDUCATION])
    story.mine()
    households, residence, streets = story.submit(
        POLICE, ("30/1", 1, 2), ("30/2", 1, 2), ("30/3", 1, 1)
    )
    story.mine()
    story.review((households, 1, True), (residence, 1, False), (streets, 1, True))
    story.stand(streets)
    story.mine()
    story.submit(POLICE, ("30/2", 2, 2), ("30/1", 2, 2))
    story.review((residence, 2, True))
    story.mine()
    story.apply_for(
        1,
        (households, application, state.APPLIED),
        (streets, application, state.AGREED),
        (residence, application, state.APPLIED),
    )
    story.mine()
    story.reply(1, enums.Answer.PARTLY, 0b0101)
    story.reply(3, enums.Answer.REFUSE, 0, digest=digest("refusal"))
    story.mine()
    story.step(1, step.SUSPEND, state.SUSPENDED, duty)
    story.revoke(officer.public_key.key_id, story.heads[POLICE])
    story.mine()
    story.step(1, step.RESUME, state.AGREED, centre, document=digest("resumed"))
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
