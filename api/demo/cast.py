"""Who plays: the departments, officials and systems of the example city, and two outsiders.

The case is Cangzhou's 智慧升学 (school admission without paper). All names and codes are invented.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api.city.keyring import KeyRing
    from api.city.plan import Plan
    from node.crypto import SoftwareSigner, SoftwareUnwrapper
    from node.office.founding import DepartmentPlan, OfficerPlan


@dataclass(frozen=True, slots=True)
class Player:
    """A department with its officials' keys."""

    plan: DepartmentPlan
    keys: KeyRing

    @property
    def code(self) -> str:
        return self.plan.code

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def head(self) -> SoftwareSigner:
        return self.keys.signer(self.plan.key("head"))

    def official(self, role: str) -> OfficerPlan:
        return next(each for each in self.plan.officers if role in each.roles)

    def signer(self, role: str) -> SoftwareSigner:
        """Return the key of the official who has a role."""
        return self.keys.signer(self.plan.key(self.official(role).id))

    @property
    def office_head(self) -> SoftwareSigner:
        """Return the key of who applies, answers and suspends."""
        return self.signer("工作机构负责人")


@dataclass(frozen=True, slots=True)
class System:
    """An application system of the consumer."""

    code: str
    name: str
    signer: SoftwareSigner
    unwrapper: SoftwareUnwrapper


class Cast:
    """Everybody, with the keys they have."""

    def __init__(self, plan: Plan, keys: KeyRing) -> None:
        self.players = tuple(Player(each, keys) for each in plan.founding.departments)
        self.data, self.land, self.audit, self.police, self.education = self.players
        self.hosts = tuple(each for each in self.players if each.plan.host is None)
        """The departments that run a node."""
        self.intruder = self._outsider("intruder", "11130900MB00000065", "某局", "甄不良")
        """Enrolled like the others, without a node; tries what it must not."""
        self.shadow = self._outsider("shadow", "11130900MB00000078", "影子局", "影中人")
        """What the intruder would enrol."""

    def _outsider(self, short: str, code: str, name: str, head: str) -> Player:
        like = self.land.plan
        known = {"id": short, "code": code, "name": f"沧州市{name}"}
        leading = like.head.model_copy(update={"name": head})
        plan = like.model_copy(update={**known, "head": leading, "officers": ()})
        return Player(plan, self.land.keys)

    def system(self, index: int) -> System:
        """Return a system of 市教育局: the first calls, the second was granted nothing."""
        owner, keys = self.education.plan, self.education.keys
        plan = owner.applications[index]
        signer, opener = owner.key(plan.code), owner.key(f"{plan.code}-open")
        return System(plan.code, plan.name, keys.signer(signer), keys.unwrapper(opener))

    @property
    def admission(self) -> System:
        return self.system(0)

    @property
    def other(self) -> System:
        return self.system(1)
