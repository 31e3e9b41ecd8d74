"""Who takes part in a city from the beginning, with which keys and roles: a plan, not yet decided.

Members are called as in the papers they become; `founder` takes the decisions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from ..protocol.forms.fields import Code, DepartmentCode, Name, Part, Period, Problem, Text
from ..protocol.forms.parties import Contact  # noqa: TC001 - pydantic reads it
from ..protocol.wire import ids

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

ROOT = "root"
"""Name of the key that signs the first enrolment."""
SIGN, UNWRAP, LOG = "sign", "unwrap", "log"
"""What a key is for, as `shareledger key generate` has it."""


class OfficerPlan(Part):
    """Somebody who signs decisions."""

    id: Code
    """Short name, for his key file."""
    name: Name
    post: Name
    roles: tuple[
        Literal["数据专管员", "工作机构负责人", "部门负责人", "审核员", "审计员", "值班员"], ...
    ] = ()
    granted_by: tuple[DepartmentCode, ...] = ()
    """Other departments that give him the same roles in theirs, as an auditor needs."""


class HeadPlan(Part):
    """A department's first head, whose key is registered with the enrolment."""

    name: Name
    post: Name
    roles: tuple[Literal["数据专管员", "工作机构负责人", "审核员", "审计员", "值班员"], ...] = ()
    """What he is besides; granted until the founding's last day, his headship with it."""


class SystemPlan(Part):
    """An application system that will call."""

    code: Code
    name: Name
    description: Text
    network: Literal["政务外网", "互联网", "部门专网"] = "政务外网"
    protection_level: Annotated[int, Field(ge=1, le=5)]


class DepartmentPlan(Part):
    """A department; members as in its `department` paper, the defaults those of the form."""

    id: Code
    """Short name, for key files."""
    code: DepartmentCode
    name: Name
    parent: DepartmentCode
    competent: DepartmentCode
    kind: str = "政府部门"
    level: str = "市"
    region: Name
    screening: bool = False
    may_enrol: bool = False
    duties: tuple[Text, ...]
    host: DepartmentCode | None = None
    """Whose node serves it, where it has none of its own (托管)."""
    contact: Contact
    head: HeadPlan
    officers: tuple[OfficerPlan, ...] = ()
    applications: tuple[SystemPlan, ...] = ()

    @property
    def custody(self) -> str:
        return "own" if self.host is None else "hosted"

    @property
    def department(self) -> bytes:
        return ids.department_id(self.code)

    @property
    def office(self) -> str | None:
        """Which key may act as its office head: `head` or an officer's id."""
        people = [("head", self.head.roles), *((one.id, one.roles) for one in self.officers)]
        return next((name for name, roles in people if "工作机构负责人" in roles), None)

    def problems_among(
        self, place: tuple[str | int, ...], known: Collection[str]
    ) -> Iterator[Problem]:
        """Yield what its officers, found at `place`, lack beside the departments of these codes."""
        for number, officer in enumerate(self.officers):
            for code in officer.granted_by:
                if code not in known:
                    where = (*place, "officers", number, "grantedBy")
                    yield Problem(where, "文件里没有这个部门", code)

    def key(self, which: str) -> str:
        """Name the key of the `head`, of an officer or a system, or the `node`'s, the `log`'s."""
        return f"{self.id}-{which}"


class Founding(Period):
    """Who is to take part, the competent department first; how long keys and roles are good."""

    departments: Annotated[tuple[DepartmentPlan, ...], Field(min_length=1)]

    def problems(self) -> Iterator[Problem]:
        yield from super().problems()
        seen: dict[str, DepartmentPlan] = {}
        for index, each in enumerate(self.departments):
            for member, reason in _misplaced(each, seen):
                yield Problem(("departments", index, member), reason, getattr(each, member))
            seen[each.code] = each
        for index, each in enumerate(self.departments):
            yield from each.problems_among(("departments", index), seen)
        names = list(self._named())
        for name in sorted({each for each in names if names.count(each) > 1}):
            yield Problem(("departments",), "两把密钥同名，请改 id", name)

    def _named(self) -> Iterator[str]:
        yield ROOT
        for each in self.departments:
            yield from map(each.key, ("head", "node", "log"))
            yield from (each.key(officer.id) for officer in each.officers)
            yield from (each.key(name) for app in each.applications for name in halves(app))

    def key_names(self) -> dict[str, str]:
        """Return what every key is for, by its name."""
        names = dict.fromkeys(self._named(), SIGN)
        for each in self.departments:
            names[each.key("log")] = LOG
            names |= {each.key(halves(app)[1]): UNWRAP for app in each.applications}
        return names

    def holders(self) -> dict[str, str]:
        """Say who holds every key, by its name."""
        named = {ROOT: "全城的根密钥"}
        for each in self.departments:
            head = each.head
            named[each.key("head")] = f"{each.name} {head.post} {head.name}"
            named |= {
                each.key(one.id): f"{each.name} {one.post} {one.name}" for one in each.officers
            }
            named |= {each.key("node"): f"{each.name}的节点", each.key("log"): f"{each.name}的日志"}
            for app in each.applications:
                said = f"{each.name} 应用系统 {app.name}"
                named |= dict.fromkeys(map(each.key, halves(app)), said)
        return named

    def get(self, code: str) -> DepartmentPlan:
        return next(each for each in self.departments if each.code == code)


def _misplaced(
    each: DepartmentPlan, before: Mapping[str, DepartmentPlan]
) -> Iterator[tuple[str, str]]:
    """Yield what is wrong between a department and those before it: a member, and why."""
    if each.code in before:
        yield "code", "部门重复"
    if not before:
        if not (each.code == each.parent == each.competent and each.may_enrol):
            yield "competent", "第一个部门的上级和主管应是它自己，且 mayEnrol = true"
    elif each.competent not in before or not before[each.competent].may_enrol:
        yield "competent", "主管部门应写在它前面，且可登记下级"
    elif each.parent != each.competent and (
        each.parent not in before or before[each.parent].competent != each.competent
    ):
        yield "parent", "上级应是主管部门，或写在它前面、由同一主管部门主管的部门"


def halves(system: SystemPlan) -> tuple[str, str]:
    """Name the keys of a system: what it calls with, what it opens answers with."""
    return system.code, f"{system.code}-open"
