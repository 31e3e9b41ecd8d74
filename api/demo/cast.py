"""Who plays: five departments on three nodes, their officials, two application systems.

The case is Cangzhou's 智慧升学 (school admission without paper). All names and codes are invented.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from node.crypto import Ed25519Signer, SoftwareSigner, SoftwareUnwrapper
from node.office.departments import new_person

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Official:
    """Somebody who signs decisions."""

    name: str
    post: str
    role: str
    """One of the roles of `protocol.forms.ROLES`."""
    signer: SoftwareSigner = field(default_factory=SoftwareSigner.generate)
    person: str = field(default_factory=new_person)
    """His handle: the same for all keys he will ever have."""


@dataclass(frozen=True, slots=True)
class Player:
    """A department with its officials and its keys."""

    id: str
    """Short name used in file names."""
    code: str
    name: str
    host: str
    """`id` of the department whose node serves it: its own, or another's (托管)."""
    head: Official
    officials: tuple[Official, ...] = ()
    department_key: SoftwareSigner = field(default_factory=SoftwareSigner.generate)
    log_key: Ed25519Signer = field(default_factory=Ed25519Signer.generate)

    @property
    def custody(self) -> str:
        """Whether its node is its own."""
        return "own" if self.host == self.id else "hosted"

    def official(self, role: str) -> Official:
        """Return the official with this role."""
        return next(each for each in self.officials if each.role == role)


@dataclass(frozen=True, slots=True)
class System:
    """An application system of the consumer."""

    code: str
    name: str
    signer: SoftwareSigner = field(default_factory=SoftwareSigner.generate)
    unwrapper: SoftwareUnwrapper = field(default_factory=SoftwareUnwrapper.generate)


@dataclass(frozen=True, slots=True)
class Cast:
    """Everybody."""

    root: SoftwareSigner
    data: Player
    land: Player
    audit: Player
    police: Player
    education: Player
    intruder: Player
    """Enrolled like the others, without a node; tries what it must not."""
    admission: System
    """智慧升学, the application that calls."""
    other: System
    """A second application of the same department, which was granted nothing."""

    @property
    def players(self) -> tuple[Player, ...]:
        """Every department, the competent one first."""
        return (self.data, self.land, self.audit, self.police, self.education)

    @property
    def hosts(self) -> tuple[Player, ...]:
        """The departments that run a node."""
        return tuple(player for player in self.players if player.custody == "own")

    def hosted_by(self, host: Player) -> tuple[Player, ...]:
        """Return the departments one node serves."""
        return tuple(player for player in self.players if player.host == host.id)


def _head(name: str) -> Official:
    return Official(name, "局长", "部门负责人")


def _office_head(name: str) -> Official:
    return Official(name, "政务数据共享工作机构负责人", "工作机构负责人")


def gather() -> Cast:
    """Make everybody, with fresh keys."""
    return Cast(
        root=SoftwareSigner.generate(),
        data=Player(
            "data",
            "11130900MB0000001M",
            "沧州市数据局",
            "data",
            _head("林致远"),
            (Official("沈知行", "目录审核员", "审核员"),),
        ),
        land=Player(
            "land",
            "11130900MB0000002Q",
            "沧州市自然资源局",
            "data",
            _head("何田"),
            (_office_head("陆地平"),),
        ),
        audit=Player(
            "audit",
            "11130900MB0000003U",
            "沧州市审计局",
            "data",
            _head("严明"),
            (Official("查清", "审计员", "审计员"),),
        ),
        police=Player(
            "police",
            "11130900MB0000004Y",
            "沧州市公安局",
            "police",
            _head("安定邦"),
            (_office_head("户晓"),),
        ),
        education=Player(
            "education",
            "11130900MB00000052",
            "沧州市教育局",
            "education",
            _head("文启明"),
            (_office_head("师范"),),
        ),
        intruder=Player("intruder", "11130900MB00000065", "沧州市某局", "data", _head("甄不良")),
        admission=System("ZHSX", "智慧升学"),
        other=System("XJGL", "学籍管理"),
    )


def save_node_keys(cast: Cast, folder: Path, password: bytes) -> None:
    """Write the key files the nodes load; encrypting each costs 600,000 PBKDF2 rounds."""
    jobs = [
        (key, folder / f"{player.id}-{name}.pem")
        for player in cast.players
        for name, key in (("department", player.department_key), ("log", player.log_key))
    ]
    with ThreadPoolExecutor(max_workers=2) as pool:
        # map, unlike submit, drops what has not begun when it is left by an exception.
        list(pool.map(lambda job: job[0].save(job[1], password), jobs))
