"""Random scripts of decisions, valid and invalid: what a city of hostile clerks would send.

A script reads the ledger it is played on, so that most of what it proposes fits; then it spoils a
part of it. It judges nothing: whether a decision is accepted is for the contracts to say.
"""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from node.crypto import SoftwareSigner, keccak256, sign_decision
from node.protocol.evm.abi import load_abi
from node.protocol.evm.decision import DECISIONS, Domain, hash_decision
from node.protocol.ledger import enums, facts
from node.protocol.ledger.competence import competent_of
from node.protocol.ledger.core import Signed
from node.protocol.ledger.registry import contract_key, key_id
from node.protocol.ledger.steps import STEPS
from node.protocol.wire import ids

if TYPE_CHECKING:
    from collections.abc import Callable

    from node.chain.deployment import Deployment
    from node.protocol.ledger.surroundings import Memory

Message = dict[str, Any]
ZERO = bytes(32)
FOREVER = 2**64 - 1
DAY = 86_400
HEAD, OFFICE = enums.Role.DEPARTMENT_HEAD, enums.Role.OFFICE_HEAD
CONTRACTS = ("CatalogueRegistry", "ShareAuthorisations", "AccessAnchors", "Sm2Verifier")
WEIGHTS = {
    "EnrolDepartment": 6, "UpdateDepartment": 3, "SetDepartmentStatus": 4, "AddKey": 8,
    "RecoverKey": 2, "RevokeKey": 2, "GrantRoles": 12, "RegisterApplication": 4,
    "ListContract": 1, "SubmitVersions": 9, "ReviewVersions": 8, "SetStandingReply": 4,
    "SubmitWithdrawal": 2, "ReviewWithdrawal": 3, "FreezeEntry": 2, "UnfreezeEntry": 3,
    "ApplyFor": 12, "Reply": 10, "Step": 30, "Change": 10, "RegisterLog": 2, "SupersedeLog": 2,
}  # fmt: skip
FOUNDING = (
    ("EnrolDepartment", 5), ("GrantRoles", 8), ("AddKey", 6), ("RegisterApplication", 3),
    ("AddKey", 4), ("SubmitVersions", 5), ("ReviewVersions", 5), ("SetStandingReply", 2),
    ("ApplyFor", 4),
)  # fmt: skip
"""What a city begins with, in this order and almost without mistakes."""


@dataclass
class Pen:
    """A key pair, or in scripts for a verifier that says yes to everything only its public half."""

    x: int
    y: int
    signer: SoftwareSigner | None = None

    @property
    def key(self) -> bytes:
        return key_id(self.x, self.y)


@dataclass
class Script:
    """What is proposed next to a ledger whose records are `store`, at second `now`."""

    seed: int
    store: Memory
    relay: bytes
    real: bool = False
    deployment: Deployment = field(init=False)
    now: int = 0
    pens: dict[bytes, Pen] = field(default_factory=dict)
    sent: list[Signed] = field(default_factory=list)
    terms: dict[int, Message] = field(default_factory=dict)
    """Of the change proposed last, by authorisation."""

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)  # noqa: S311 - a script can be told again
        self.founding = [name for name, count in FOUNDING for _ in range(count)][::-1]
        self.root = self.pen()

    # --- choosing ----------------------------------------------------------------------------

    def chance(self, probability: float) -> bool:
        """Tell whether something happens; while the city is founded, what is likelier than not."""
        drawn = self.rng.random()
        return probability >= 0.5 if self.founding else drawn < probability

    def bytes32(self) -> bytes:
        return self.rng.randbytes(32)

    def all(self, kind: type[Any]) -> list[Any]:
        return list(self.store.all(kind))

    def one(self, found: list[Any]) -> Any:
        return self.rng.choice(found) if found else None

    def pen(self) -> Pen:
        if self.real:
            signer = SoftwareSigner.generate()
            made = Pen(signer.public_key.x, signer.public_key.y, signer)
        else:
            made = Pen(self.rng.getrandbits(256), self.rng.getrandbits(256))
        self.pens[made.key] = made
        return made

    def holder(self, department: bytes, roles: int) -> bytes:
        """A key that may sign for a department; now and then any key."""
        grants = [
            grant.key
            for grant in self.store.all(facts.RoleFact)
            if grant.department == department
            and grant.roles & roles
            and grant.valid_from <= self.now < grant.valid_until
        ]
        live = [key for key in grants if self._is_live(key)]
        if live and self.chance(0.93):
            return self.rng.choice(live)
        known = [one.key for one in self.store.all(facts.KeyFact)]
        chosen: bytes = self.rng.choice(known if known and self.chance(0.9) else list(self.pens))
        return chosen

    def _is_live(self, key: bytes) -> bool:
        fact = self.store.find(facts.KeyFact, key)
        return bool(
            fact and fact.revoked_at is None and fact.valid_from <= self.now < fact.valid_until
        )

    def department(self, *, may_enrol: bool = False) -> bytes:
        found = [
            one.department
            for one in self.store.all(facts.DepartmentFact)
            if one.may_enrol or not may_enrol
        ]
        return self.rng.choice(found) if found else ids.department_id("A" * 18)

    def competent(self, department: bytes) -> bytes:
        """Return who acts for the competent department, or sometimes that one itself."""
        found = self.store.find(facts.DepartmentFact, department)
        if found is None:
            return department
        return competent_of(self.store, department) if self.chance(0.9) else found.competent

    def person(self, department: bytes) -> bytes:
        persons = self.all(facts.PersonFact)
        own = [one.person for one in persons if one.department == department]
        if own and self.chance(0.5):
            return bytes(self.rng.choice(own))
        if persons and self.chance(0.05):
            return bytes(self.rng.choice(persons).person)
        return self.bytes32()

    def digest(self) -> bytes:
        return ZERO if self.chance(0.04) else self.bytes32()

    def period(self) -> Message:
        start, end = 0, self.now + 400 * DAY
        if self.chance(0.2):
            start = max(0, self.rng.choice([self.now - DAY, self.now, self.now + 3600]))
            end = self.rng.choice([FOREVER, self.now + DAY, self.now, start])
        return {"validFrom": start, "validUntil": end}

    # --- what is proposed --------------------------------------------------------------------

    def next(self) -> Signed:
        """The next decision, signed."""
        if self.sent and self.chance(0.03):
            return self.rng.choice(self.sent)
        name = self.rng.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        if self.founding:
            name = self.founding[-1]
        if not self.all(facts.DepartmentFact):
            name = "EnrolDepartment"
        maker: Callable[[], tuple[Message, bytes, Pen | None]] = getattr(
            self, re.sub("([A-Z])", r"_\1", name).lower()
        )
        message, key, possessor = maker()
        message = {**message, "nonce": self._nonce(key), "notAfter": self._not_after()}
        if self.chance(0.12):
            self._spoil(name, message)
        signed = self.sign(name, message, key, possessor)
        if self.founding:
            self.founding.pop()
        return signed

    def sign(self, name: str, message: Message, key: bytes, possessor: Pen | None) -> Signed:
        kind = DECISIONS[name]
        address = self.deployment.contracts[kind.contract].address
        if not self.real:
            return Signed(name, message, key, (1, 1), (1, 1), address)
        hashed = hash_decision(kind, message, Domain(self.deployment.chain_id, address))
        own, proof = (
            sign_decision(pen.signer, hashed) if pen and pen.signer else bytes(64)
            for pen in (self.pens.get(key), possessor)
        )
        if self.chance(0.04):
            own = self.rng.randbytes(64)
        if self.chance(0.04):
            proof = self.rng.randbytes(64)
        return Signed(name, message, key, _split(own), _split(proof), address)

    def _nonce(self, key: bytes) -> int:
        spent = [one.nonce for one in self.store.all(facts.NonceFact) if one.key == key]
        return self.rng.choice(spent) if spent and self.chance(0.02) else self.rng.getrandbits(63)

    def _not_after(self) -> int:
        odd = [self.now - 1, self.now, self.now + 7 * DAY, self.now + 7 * DAY + 1]
        return self.rng.choice(odd) if self.chance(0.04) else self.now + 3600

    def _spoil(self, name: str, message: Message) -> None:
        """Put another value of its type into one member, perhaps deep inside."""
        item = next(
            item
            for item in load_abi(DECISIONS[name].contract)
            if item["type"] == "function" and item["name"] == DECISIONS[name].function
        )
        members = item["inputs"][0]["components"]
        while True:
            member = self.rng.choice(members)
            if not member["type"].startswith("tuple"):
                break
            parts = message[member["name"]]
            if not parts or self.chance(0.3):
                changed = [*parts, *parts[:1]] if self.chance(0.5) else parts[1:]
                message[member["name"]] = changed
                return
            index = self.rng.randrange(len(parts))
            inner = dict(parts[index])
            message[member["name"]] = [*parts[:index], inner, *parts[index + 1 :]]
            message, members = inner, member["components"]
        message[member["name"]] = self._other(member["type"], message[member["name"]])

    def _other(self, kind: str, value: Any) -> Any:
        if kind == "bool":
            return not value
        if kind == "address":
            return self.rng.choice([bytes(20), self.rng.randbytes(20)])
        if kind.startswith("bytes"):
            known = [*self.pens, *(one.department for one in self.all(facts.DepartmentFact))]
            known += [one.entry for one in self.all(facts.CatalogueFact)]
            known += [one.application for one in self.all(facts.ApplicationFact)]
            return self.rng.choice([ZERO, self.bytes32(), self.rng.choice(known)])
        most = 2 ** int(kind.removeprefix("uint")) - 1
        near = [value - 1, value + 1, 0, 1, 2, 3, most, self.rng.getrandbits(8)]
        return self.rng.choice([one for one in near if 0 <= one <= most])

    def _enrol_department(self) -> tuple[Message, bytes, Pen | None]:
        number = self.rng.randrange(10**6)
        department = ids.department_id(f"{number:018d}")
        if self.chance(0.05):
            department = self.department()
        head = self.pen() if self.chance(0.97) else self.rng.choice(list(self.pens.values()))
        first = not self.all(facts.DepartmentFact)
        competent = department if first else self.department(may_enrol=self.chance(0.9))
        under = [
            one.department for one in self.all(facts.DepartmentFact) if one.competent == competent
        ]
        parent = self.rng.choice([competent, *under]) if self.chance(0.9) else self.department()
        message = {
            "department": department,
            "parent": department if first else parent,
            "competent": competent,
            "kind": self.rng.randint(1, 5),
            "level": self.rng.randint(1, 5),
            "screening": self.chance(0.4),
            "mayEnrol": first or self.chance(0.5),
            "headX": head.x,
            "headY": head.y,
            "person": self.person(department),
            "digest": self.digest(),
        }
        return message, self.root.key if first else self.holder(competent, HEAD), head

    def _update_department(self) -> tuple[Message, bytes, Pen | None]:
        found = self.one(self.all(facts.DepartmentFact))
        message = {
            "department": found.department,
            "competent": found.competent,
            "screening": found.screening,
            "mayEnrol": found.may_enrol,
            "digest": self.digest(),
        }
        if self.chance(0.3):
            return message, self.holder(found.department, HEAD), None
        if self.chance(0.5):
            message["competent"] = self.department(may_enrol=self.chance(0.9))
        message["screening"] ^= self.chance(0.5)
        message["mayEnrol"] ^= self.chance(0.3)
        return message, self.holder(self.competent(found.department), HEAD), None

    def _set_department_status(self) -> tuple[Message, bytes, Pen | None]:
        found = self.one(self.all(facts.DepartmentFact))
        suspended = [one for one in self.all(facts.DepartmentFact) if one.status == 2]
        if suspended and self.chance(0.6):
            found = self.rng.choice(suspended)
        status = 1 if found.status == 2 and self.chance(0.8) else self.rng.choice([2, 2, 2, 3])
        message = {"department": found.department, "status": status, "digest": self.digest()}
        return message, self.holder(self.competent(found.department), HEAD), None

    def _add_key(self) -> tuple[Message, bytes, Pen | None]:
        applications = self.all(facts.ApplicationFact)
        kind = self.rng.choice([1, 1, 2, 3, 3] if applications else [1, 1, 2])
        if self.founding:
            kind = 3 if applications else 1
        owner = holder = self.department()
        if kind == 3:
            application = self.rng.choice(applications)
            owner, holder = application.department, application.application
        new = self.pen()
        message = {
            "holder": holder,
            "kind": kind,
            "qx": new.x,
            "qy": new.y,
            "person": self.person(holder) if kind == 1 else ZERO,
            **self.period(),
            "digest": self.digest(),
        }
        return message, self.holder(owner, HEAD), new

    def _recover_key(self) -> tuple[Message, bytes, Pen | None]:
        department, new = self.department(), self.pen()
        message = {
            "department": department,
            "headX": new.x,
            "headY": new.y,
            "person": self.person(department),
            "digest": self.digest(),
        }
        return message, self.holder(self.competent(department), HEAD), new

    def _revoke_key(self) -> tuple[Message, bytes, Pen | None]:
        every = self.all(facts.KeyFact)
        fact = self.one(every if self.chance(0.2) else every[1:] or every)
        owner = self.store.find(facts.ApplicationFact, fact.holder)
        department = owner.department if owner else fact.holder
        message = {"key": fact.key, "digest": self.digest()}
        return message, self.holder(department, HEAD), None

    def _grant_roles(self) -> tuple[Message, bytes, Pen | None]:
        department = self.department()
        officers = [one for one in self.all(facts.KeyFact) if one.kind == 1]
        own = [one for one in officers if one.holder == department]
        key = self.one(own or officers) if self.chance(0.9) else self.one(self.all(facts.KeyFact))
        roles = 46 if self.chance(0.7) else self.rng.choice([int(HEAD | OFFICE), 14, 2, 32, 0, 64])
        message = {
            "department": department,
            "key": key.key,
            "roles": roles,
            **self.period(),
            "digest": self.digest(),
        }
        return message, self.holder(department, HEAD), None

    def _register_application(self) -> tuple[Message, bytes, Pen | None]:
        department = self.department()
        code = ids.code_hash(f"A{self.rng.randrange(4)}")
        message = {"department": department, "codeHash": code, "digest": self.digest()}
        return message, self.holder(department, OFFICE), None

    def _list_contract(self) -> tuple[Message, bytes, Pen | None]:
        name = self.rng.choice(CONTRACTS)
        deployed = self.deployment.contracts[name]
        ledger = self.store.find(facts.LedgerFact, 1)
        message = {
            "name": ids.contract_name_id(name),
            "contractAddress": deployed.address,
            "codeHash": deployed.code_hash,
        }
        assert contract_key(message["name"]) == name
        return message, self.holder(ledger.root if ledger else ZERO, HEAD), None

    def _submit_versions(self) -> tuple[Message, bytes, Pen | None]:
        department = self.department()
        codes = self.rng.sample(range(6), self.rng.choice([1, 1, 2, 3]))
        versions = []
        for code in codes:
            code_hash = ids.code_hash(f"E{code}")
            entry = self.store.find(facts.CatalogueFact, keccak256(department + code_hash))
            versions.append(
                {
                    "codeHash": code_hash,
                    "version": entry.latest + 1 if entry else 1,
                    "shareType": self.rng.choice([1, 1, 1, 2, 2, 3]),
                    "itemCount": self.rng.choice([1, 4, 12, 256]),
                    "digest": self.digest(),
                }
            )
        message = {"department": department, "versions": versions}
        return message, self.holder(department, HEAD), None

    def _reviewing(
        self, entries: list[facts.CatalogueFact], make: Callable[[facts.CatalogueFact], Message]
    ) -> tuple[Message, bytes, Pen | None]:
        reviewed = entries or self.all(facts.CatalogueFact)
        first = self.one(reviewed)
        competent = self.competent(first.provider) if first else self.department()
        same = [one for one in reviewed if self.competent(one.provider) == competent]
        many = reviewed if self.chance(0.05) else same
        picked = self.rng.sample(many, min(len(many), self.rng.choice([1, 1, 2])))
        message = {"reviews": [make(one) for one in picked], "digest": self.digest()}
        return message, self.holder(competent, enums.Role.REVIEWER), None

    def _review_versions(self) -> tuple[Message, bytes, Pen | None]:
        def make(one: facts.CatalogueFact) -> Message:
            version = self.store.find(facts.VersionFact, one.entry, one.latest)
            return {
                "entry": one.entry,
                "version": one.latest,
                "publish": self.chance(0.85),
                "subject": version.digest if version else ZERO,
            }

        pending = [one for one in self.all(facts.CatalogueFact) if one.state == 1]
        return self._reviewing(pending, make)

    def _review_withdrawal(self) -> tuple[Message, bytes, Pen | None]:
        def make(one: facts.CatalogueFact) -> Message:
            return {
                "entry": one.entry,
                "version": one.current,
                "accept": self.chance(0.5),
                "subject": one.withdrawal_digest,
            }

        pending = [one for one in self.all(facts.CatalogueFact) if one.current_state == 4]
        return self._reviewing(pending, make)

    def entry(self, *, current: bool = True) -> facts.CatalogueFact | None:
        found = [one for one in self.all(facts.CatalogueFact) if one.current or not current]
        result: facts.CatalogueFact | None = self.one(found or self.all(facts.CatalogueFact))
        return result

    def _set_standing_reply(self) -> tuple[Message, bytes, Pen | None]:
        entry = self.entry()
        message = {
            "entry": entry.entry if entry else self.bytes32(),
            "standing": self.chance(0.8),
            "callsPerDay": self.rng.choice([0, 5, 50, 50]),
            "rowsPerDay": self.rng.choice([500, 5000]),
            "terms": self.rng.choice([ZERO, ZERO, b"t" * 32]),
        }
        return message, self.holder(entry.provider if entry else ZERO, OFFICE), None

    def _submit_withdrawal(self) -> tuple[Message, bytes, Pen | None]:
        entry = self.entry(current=self.chance(0.9))
        found = [{"entry": entry.entry, "version": entry.current}] if entry else []
        department = entry.provider if entry else self.department()
        message = {"department": department, "withdrawals": found, "digest": self.digest()}
        return message, self.holder(department, HEAD), None

    def _freeze_entry(self) -> tuple[Message, bytes, Pen | None]:
        return self._ordering(frozen=False)

    def _unfreeze_entry(self) -> tuple[Message, bytes, Pen | None]:
        return self._ordering(frozen=True)

    def _ordering(self, *, frozen: bool) -> tuple[Message, bytes, Pen | None]:
        found = [one for one in self.all(facts.CatalogueFact) if one.frozen is frozen]
        entry = self.one(found or self.all(facts.CatalogueFact))
        message = {"entry": entry.entry if entry else self.bytes32(), "digest": self.digest()}
        competent = self.competent(entry.provider) if entry else ZERO
        roles = HEAD if frozen else HEAD | enums.Role.DUTY_OFFICER
        return message, self.holder(competent, roles), None

    def _apply_for(self) -> tuple[Message, bytes, Pen | None]:
        application = self.one(self.all(facts.ApplicationFact))
        department = application.department if application else self.department()
        wanted = [self._application(application) for _ in range(self.rng.choice([1, 1, 1, 2]))]
        message = {"department": department, "applications": wanted}
        return message, self.holder(department, OFFICE), None

    def _application(self, application: facts.ApplicationFact | None) -> Message:
        entry = self.entry()
        count = max(1, entry.item_count) if entry else 1
        days = self.rng.choice([1, 30, 300])
        return {
            "entry": entry.entry if entry else self.bytes32(),
            "version": entry.current if entry else 1,
            "items": self.rng.randint(1, 2**count - 1),
            "purpose": self.rng.choice([b"p" * 32, b"q" * 32]),
            "application": application.application if application else self.bytes32(),
            "mode": self.rng.choice([1, 1, 1, 2, 4]),
            "validFrom": self.now + self.rng.choice([-DAY, 0, 0, DAY]),
            "validUntil": self.now + days * DAY,
            "callsPerDay": self.rng.choice([10, 100]),
            "rowsPerDay": self.rng.choice([100, 10000]),
            "terms": entry.standing_terms if entry and self.chance(0.8) else b"u" * 32,
            "digest": self.digest(),
        }

    def authorisation(self, *states: int) -> facts.AuthorisationFact | None:
        every = self.all(facts.AuthorisationFact)[-60:]
        found = [one for one in every if one.state in states or not states]
        result: facts.AuthorisationFact | None = self.one(found or every)
        return result

    def _reply(self) -> tuple[Message, bytes, Pen | None]:
        one = self.authorisation(1, 2) or _nobody(self.rng.randrange(3))
        answer = self.rng.choice([1, 1, 1, 2, 3])
        part = one.items & self.rng.getrandbits(256)
        message = {
            "authorisation": one.authorisation,
            "answer": answer,
            "items": {1: one.items, 2: part, 3: 0}[answer],
            "mode": one.mode,
            "validFrom": one.valid_from,
            "validUntil": max(0, one.valid_until - self.rng.choice([0, 0, 3600])),
            "callsPerDay": max(1, one.calls_per_day - self.rng.choice([0, 1])),
            "rowsPerDay": one.rows_per_day,
            "terms": self.rng.choice([ZERO, b"v" * 32]),
            "subject": one.subject,
            "digest": self.digest(),
        }
        return message, self.holder(one.provider, OFFICE), None

    def _step(self) -> tuple[Message, bytes, Pen | None]:
        one = self.authorisation() or _nobody(self.rng.randrange(3))
        rows = [row for row in STEPS.values() if not row.flags & enums.StepFlag.TERMS]
        ended = self.now >= one.valid_until
        fitting = [
            row
            for row in rows
            if (row.origins | (row.origins_ended if ended else 0)) >> one.state & 1
        ]
        row = self.rng.choice(fitting if fitting and self.chance(0.85) else rows)
        protective = bool(row.flags & enums.StepFlag.PROTECTIVE)
        rules, ends = (
            bool(row.flags & flag) for flag in (enums.StepFlag.RULES, enums.StepFlag.ENDS)
        )
        message = {
            "authorisation": one.authorisation,
            "step": row.step,
            "revision": one.revision,
            "outcome": self.rng.choice([2, 5, 6, 8, 9, 10, 12, one.prior]) if rules else 0,
            "effective": self.now + self.rng.choice([0, 5, DAY, 900 * DAY]) if ends else 0,
            "subject": ZERO if protective else one.subject,
            "digest": self.bytes32() if self.chance(0.7) else ZERO,
        }
        sides = [
            (one.consumer, row.consumer),
            (one.provider, row.provider),
            (self.competent(one.provider), row.competent),
        ]
        department, roles = self.rng.choice([each for each in sides if each[1]])
        if rules and self.chance(0.3):
            department = self.department(may_enrol=True)
        return message, self.holder(department, roles), None

    def _change(self) -> tuple[Message, bytes, Pen | None]:
        one = self.authorisation(5, 8, 9) or _nobody(self.rng.randrange(3))
        proposer = one.marks & 96
        accepts = self.chance(0.75) if proposer else self.chance(0.1)
        count = max(1, one.item_count)
        terms = {
            "items": self.rng.randint(1, 2**count - 1),
            "validFrom": max(0, self.now + self.rng.choice([-DAY, 0])),
            "validUntil": self.now + self.rng.choice([3600, 90 * DAY]),
            "callsPerDay": self.rng.choice([7, 70]),
            "rowsPerDay": 700,
            "terms": self.rng.choice([ZERO, b"w" * 32]),
        }
        if accepts:
            terms = self.terms.get(one.authorisation, terms)
        else:
            self.terms[one.authorisation] = terms
        message = {
            "authorisation": one.authorisation,
            "step": int(enums.Step.ACCEPT_CHANGE if accepts else enums.Step.PROPOSE_CHANGE),
            "revision": one.revision,
            **terms,
            "subject": one.subject,
            "digest": self.digest(),
        }
        other = {32: one.provider, 64: one.consumer}
        department = other.get(proposer) if accepts else None
        return (
            message,
            self.holder(department or self.rng.choice([one.consumer, one.provider]), OFFICE),
            None,
        )

    def _register_log(self) -> tuple[Message, bytes, Pen | None]:
        department = self.department()
        message = {"department": department, "relay": self.relay}
        return message, self.holder(department, HEAD), None

    def _supersede_log(self) -> tuple[Message, bytes, Pen | None]:
        logs = self.all(facts.PresentLogFact)
        department = self.rng.choice(logs).department if logs else self.department()
        message = {"department": department, "relay": self.relay, "digest": self.digest()}
        return message, self.holder(department, HEAD), None


def _nobody(number: int) -> facts.AuthorisationFact:
    """An authorisation that does not exist."""
    blank: list[Any] = [number, *[ZERO] * 3, 1, 1, ZERO, ZERO, *[1] * 7, ZERO, ZERO]
    return facts.AuthorisationFact(*blank)


def _split(signature: bytes) -> tuple[int, int]:
    return int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
