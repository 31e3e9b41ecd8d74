"""A founding brought about: what the ledger is missing of it, as decisions in their order.

`steps` compares what is to be with what the ledger has and yields what is missing. So it may be
stopped anywhere and begun again, and a department added later is one more step. It adds only: what
the ledger has and the founding does not name is left alone, what contradicts it is refused.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from ..errors import Conflict
from ..protocol import forms as documents
from ..protocol.forms.words import called_member, words_of
from ..protocol.ledger.enums import Role
from ..protocol.wire import ids
from . import departments
from .act import new_paper
from .founding import ROOT, halves

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ..chain.deployment import DeployedContract
    from ..crypto import Signer, Sm2PublicKey
    from ..protocol.forms.fields import Part
    from ..protocol.ledger.facts import (
        ApplicationFact,
        ContractFact,
        DepartmentFact,
        KeyFact,
        LogFact,
        RoleFact,
    )
    from .act import Act
    from .founding import DepartmentPlan, Founding, HeadPlan, OfficerPlan

HEAD = "部门负责人"


class Keys(Protocol):
    """Everybody's keys by name. A public half may be known where the private one is not."""

    def public(self, name: str) -> Sm2PublicKey: ...
    def sealing(self, name: str) -> Sm2PublicKey:
        """Return the public half of a key that opens answers."""
        ...

    def ed25519(self, name: str) -> bytes: ...
    def person(self, name: str) -> str:
        """Return the handle of the officer whose key this is, 64 hex digits."""
        ...

    def signer(self, name: str) -> Signer: ...


class Register(Protocol):
    """What is asked of the ledger; `ledger_sync.queries` answers."""

    def find_department(self, department: bytes) -> DepartmentFact | None: ...
    def find_key(self, key: bytes) -> KeyFact | None: ...
    def roles_in(self, department: bytes) -> Sequence[RoleFact]: ...
    def applications_of(self, department: bytes) -> Sequence[ApplicationFact]: ...
    def contracts(self) -> Sequence[ContractFact]: ...
    def find_log_of(self, department: bytes) -> LogFact | None: ...


class Nothing:
    """The ledger of a chain on which nobody has decided anything."""

    def find_department(self, _department: bytes) -> None:
        return None

    find_key = find_log_of = find_department

    def roles_in(self, _department: bytes) -> tuple[()]:
        return ()

    applications_of = roles_in

    def contracts(self) -> tuple[()]:
        return ()


class Surroundings(NamedTuple):
    """What a founding says about machines."""

    urls: Mapping[str, str]
    """By department code: its node's."""
    relays: Mapping[str, bytes]
    """By department code: the account that anchors its log; without one it gets no log."""
    contracts: Mapping[str, DeployedContract]


class Step(NamedTuple):
    """A decision that is missing."""

    department: str
    """Code of the department that takes it."""
    act: Act
    signer: str
    """Name of the key that signs, and of the one that must prove its possession."""
    possession: str | None
    about: str
    """Whom or what it is about, in words."""


class Founder:
    """Compares a founding with a ledger."""

    def __init__(
        self,
        founding: Founding,
        keys: Keys,
        ledger: Register,
        find_paper: Callable[[bytes], bytes | None],
        around: Surroundings,
    ) -> None:
        """`find_paper` returns the bytes of a document by its digest, where it is here."""
        self._founding, self._keys, self._ledger = founding, keys, ledger
        self._find_paper, self._around = find_paper, around
        self._period = {
            "validFrom": founding.valid_from.isoformat(),
            "validUntil": founding.valid_until.isoformat(),
        }

    def steps(self) -> Iterator[Step]:
        """Yield what is missing, each compared when it is asked for: after those before it.

        Raises:
            Conflict: the ledger says something else than the founding.
            MalformedDocument: the founding cannot be put into papers.
        """
        for each in self._founding.departments:
            self._check_office(each)
        for each in self._founding.departments:
            yield from self._enrolled(each)
            yield from self._own_key(each)
            if each is self._founding.departments[0]:
                yield from self._listed(each)
        for each in self._founding.departments:
            yield from self._staffed(each)
        for each in self._founding.departments:
            yield from self._systems(each)
            yield from self._logged(each)

    def take(self, decide: Callable[..., object]) -> None:
        """Take every step: `decide(step, signer)`, with the new key's signer where there is one.

        It returns when the ledger that was given knows of the decision.
        """
        for step in self.steps():
            names = [step.signer] if step.possession is None else [step.signer, step.possession]
            decide(step, *map(self._keys.signer, names))

    def _enrolled(self, each: DepartmentPlan) -> Iterator[Step]:
        above = self._founding.get(each.competent)
        body = enrolment(each, self._keys, self._around.urls[each.code])
        fact = self._ledger.find_department(each.department)
        if fact is None:
            signer = ROOT if above is each else above.key("head")
            act = departments.enrol_department(body)
            yield Step(above.code, act, signer, each.key("head"), each.name)
            return
        self._compare(each.name, "department", {**body, "head": None}, fact.digest)
        if not self._is_registered(each, each.key("head"), each.department):
            raise Conflict(
                f"{each.name} 已登记，但 {each.key('head')} 不是它的密钥；换负责人用 department"
                " recover 或 add-key / the head's key is not the department's"
            )

    def _own_key(self, each: DepartmentPlan) -> Iterator[Step]:
        own = {"ed25519": self._keys.ed25519(each.key("log")).hex(), "encryptionKey": None}
        hosted = {"custody": each.custody, "host": each.host}
        holder = {"department": each.code, "application": None}
        body = {"kind": "部门", "name": each.name, "holder": holder, **own, **hosted}
        yield from self._key(each, each.key("node"), each.department, "key", body, "节点")

    def _listed(self, root: DepartmentPlan) -> Iterator[Step]:
        listed = {fact.name: fact.address for fact in self._ledger.contracts()}
        for name in departments.LISTED:
            contract = self._around.contracts.get(name)
            if contract is None or listed.get(name) == contract.address:
                continue
            if name in listed:
                raise Conflict(
                    f"合约 {name} 已列名于 {listed[name].hex()}，deployment.json 写的是"
                    f" {contract.address.hex()} / listed elsewhere"
                )
            act = departments.list_contract(name, contract.address, contract.code_hash)
            yield Step(root.code, act, root.key("head"), None, name)

    def _staffed(self, each: DepartmentPlan) -> Iterator[Step]:
        if each.head.roles:
            yield from self._granted(
                each, each.key("head"), each.head.post, (HEAD, *each.head.roles)
            )
        for officer in each.officers:
            key = each.key(officer.id)
            body = {"department": each.code, **_officer(key, officer, self._keys)}
            del body["publicKey"]
            yield from self._key(each, key, each.department, "officer-key", body, officer.name)
            for by in (each, *map(self._founding.get, officer.granted_by)):
                if officer.roles:
                    yield from self._granted(by, key, officer.post, officer.roles, officer.name)

    def _systems(self, each: DepartmentPlan) -> Iterator[Step]:
        for system in each.applications:
            application = ids.application_id(each.department, system.code)
            body = {
                "department": each.code,
                "contact": each.contact.model_dump(),
                **_said(system, "code", "name", "description", "network", "protectionLevel"),
            }
            known = {
                fact.application: fact for fact in self._ledger.applications_of(each.department)
            }
            if application in known:
                digest = known[application].digest
                self._compare(f"{each.name} {system.code}", "application-object", body, digest)
            else:
                act = departments.register_application(body)
                signer = each.key(each.office or "head")  # there is one: `_check_office`
                yield Step(each.code, act, signer, None, f"{each.name} {system.name}")
            calls, opens = map(each.key, halves(system))
            seals = {"publicKey": self._keys.sealing(opens).raw.hex(), **self._period}
            key = {
                "kind": "应用系统",
                "name": system.name,
                "holder": {"department": each.code, "application": system.code},
                "encryptionKey": seals,
                "ed25519": None,
                "custody": "own",
                "host": None,
            }
            yield from self._key(each, calls, application, "key", key, system.name)

    def _logged(self, each: DepartmentPlan) -> Iterator[Step]:
        relay = self._around.relays.get(each.code)
        fact = self._ledger.find_log_of(each.department)
        if relay is None or (fact is not None and fact.relay == relay):
            return
        if fact is not None:
            raise Conflict(
                f"{each.name} 的日志由中继账户 {fact.relay.hex()} 锚定，不是 {relay.hex()}"
                " / anchored by another account"
            )
        act = departments.register_log(each.code, relay)
        yield Step(each.code, act, each.key("head"), None, each.name)

    # What all of them do

    def _key(  # noqa: PLR0917
        self,
        each: DepartmentPlan,
        key: str,
        holder: bytes,
        kind: str,
        body: dict[str, Any],
        whose: str,
    ) -> Iterator[Step]:
        public = self._keys.public(key)
        whole = {**body, "publicKey": public.raw.hex(), **self._period}
        if self._is_registered(each, key, holder):
            fact = self._ledger.find_key(public.key_id)
            # A period counts for what is registered from now on: a key's cannot be changed.
            if fact is not None:
                self._compare(key, kind, whole, fact.digest, but=("validFrom", "validUntil"))
            return
        build = departments.add_key if kind == "key" else departments.add_officer_key
        yield Step(each.code, build(whole), each.key("head"), key, f"{each.name} {whose}")

    def _is_registered(self, each: DepartmentPlan, key: str, holder: bytes) -> bool:
        fact = self._ledger.find_key(self._keys.public(key).key_id)
        if fact is None:
            return False
        if fact.holder != holder:
            raise Conflict(f"{each.name} 的密钥 {key} 已登记给别人 / the key is another's")
        if fact.revoked_at is not None:
            raise Conflict(
                f"{each.name} 的密钥 {key} 已注销；移走旧密钥文件及其 .pub 后会生成新的"
                " / the key is revoked"
            )
        return True

    def _granted(
        self, by: DepartmentPlan, key: str, post: str, roles: tuple[str, ...], whose: str = ""
    ) -> Iterator[Step]:
        public = self._keys.public(key)
        held = {fact.key: Role(fact.roles) for fact in self._ledger.roles_in(by.department)}
        wanted = Role(0)
        for role in roles:
            wanted |= documents.ROLES[role]
        present = held.get(public.key_id)
        if present == wanted:
            return
        if present is not None and (not present or present & ~wanted):
            raise Conflict(
                f"{by.name}授予 {key} 的角色是「{words_of(present)[0]}」，文件写的是"
                f"「{'、'.join(roles)}」：改文件，或用 department grant / the roles differ"
            )
        body = {
            "department": by.code,
            "key": public.key_id.hex(),
            "post": post,
            "deputy": False,
            "roles": list(roles),
            "reason": "任命",
            **self._period,
        }
        said = f"{by.name} {whose or by.head.name}（{'、'.join(roles)}）"
        yield Step(by.code, departments.grant_roles(body), by.key("head"), None, said)

    def _check_office(self, each: DepartmentPlan) -> None:
        """Refuse systems nobody may register, before the decisions that come first are taken."""
        if each.office is not None:
            return
        known = {fact.application for fact in self._ledger.applications_of(each.department)}
        for system in each.applications:
            if ids.application_id(each.department, system.code) not in known:
                raise Conflict(
                    f"{each.name} 有应用系统 {system.code}，却没有工作机构负责人来登记："
                    '请给一个人员写上 roles = ["工作机构负责人"] / has no office head'
                )

    def _compare(
        self,
        whose: str,
        kind: str,
        body: Mapping[str, Any],
        digest: bytes,
        but: tuple[str, ...] = (),
    ) -> None:
        """Refuse a body that differs from the paper on the ledger; one not here is passed."""
        data = self._find_paper(digest)
        if data is None:
            return
        skipped = {"salt", "v", "type", "attachments", "head", *but}
        said = new_paper(kind, body).body.model_dump(mode="json")
        for name, value in documents.parse(data).body.model_dump(mode="json").items():
            if name not in skipped and said[name] != value:
                raise Conflict(
                    f"{whose} 的 {called_member(name)}在账上是 {_shown(value)}，文件写的是 "
                    f"{_shown(said[name])}：照账上的改文件，或先用单步命令变更"
                    " / the ledger says something else",
                    member=name,
                )


def _shown(value: Any) -> str:  # noqa: ANN401 - a member of any kind
    """Write a value as files have it, texts as they are."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def enrolment(each: DepartmentPlan, keys: Keys, url: str) -> dict[str, Any]:
    """Return the body of the paper by which a department is enrolled, `url` its node's."""
    return {
        **_said(each, "code", "name", "parent", "competent", "kind", "level", "region"),
        **_said(each, "screening", "mayEnrol", "duties", "host", "contact"),
        "custody": each.custody,
        "url": url,
        "head": _officer(each.key("head"), each.head, keys),
    }


def _officer(key: str, officer: OfficerPlan | HeadPlan, keys: Keys) -> dict[str, Any]:
    known = {"name": officer.name, "post": officer.post, "person": keys.person(key)}
    return {**known, "publicKey": keys.public(key).raw.hex()}


def _said(part: Part, *members: str) -> dict[str, Any]:
    """Return members of a part under their names in papers."""
    whole = part.model_dump(mode="json")
    return {name: whole[name] for name in members}
