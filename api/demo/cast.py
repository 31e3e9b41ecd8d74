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
        return "own" if self.host == self.id else "hosted"

    def official(self, role: str) -> Official:
        return next(each for each in self.officials if each.role == role)

    @property
    def office_head(self) -> SoftwareSigner:
        """The key of who applies, answers and suspends."""
        return self.official("工作机构负责人").signer


@dataclass(frozen=True, slots=True)
class System:
    """An application system of the consumer."""

    code: str
    name: str
    signer: SoftwareSigner = field(default_factory=SoftwareSigner.generate)
    unwrapper: SoftwareUnwrapper = field(default_factory=SoftwareUnwrapper.generate)


def _department(
    name: str, serial: str, short: str, host: str, head: str, *officials: tuple[str, str, str]
) -> Player:
    leading = Official(head, "局长", "部门负责人")
    others = tuple(Official(*each) for each in officials)
    return Player(short, f"11130900MB{serial}", f"沧州市{name}", host, leading, others)


def _office_head(name: str) -> tuple[str, str, str]:
    return name, "政务数据共享工作机构负责人", "工作机构负责人"


class Cast:
    """Everybody, with fresh keys."""

    def __init__(self) -> None:
        self.root = SoftwareSigner.generate()
        self.data, self.land, self.audit, self.police, self.education = self.players = (
            _department(
                *("数据局", "0000001M", "data", "data", "林致远"),
                ("沈知行", "目录审核员", "审核员"),
            ),
            _department(
                *("自然资源局", "0000002Q", "land", "data", "何田"), _office_head("陆地平")
            ),
            _department(
                *("审计局", "0000003U", "audit", "data", "严明"), ("查清", "审计员", "审计员")
            ),
            _department(
                *("公安局", "0000004Y", "police", "police", "安定邦"), _office_head("户晓")
            ),
            _department(
                *("教育局", "00000052", "education", "education", "文启明"), _office_head("师范")
            ),
        )
        """Every department, the competent one first."""
        self.hosts = tuple(each for each in self.players if each.custody == "own")
        """The departments that run a node."""
        self.intruder = _department("某局", "00000065", "intruder", "data", "甄不良")
        """Enrolled like the others, without a node; tries what it must not."""
        self.shadow = _department("影子局", "00000078", "shadow", "data", "影中人")
        """What the intruder would enrol."""
        self.admission = System("ZHSX", "智慧升学")
        """The application that calls."""
        self.other = System("XJGL", "学籍管理")
        """A second application of the same department, which was granted nothing."""

    def host_of(self, player: Player) -> Player:
        """Return the department whose node serves this one."""
        return next(host for host in self.hosts if host.id == player.host)

    def hosted_by(self, host: Player) -> tuple[Player, ...]:
        return tuple(player for player in self.players if player.host == host.id)

    def save_node_keys(self, folder: Path, password: bytes) -> None:
        """Write the key files the nodes load; encrypting each costs 600,000 PBKDF2 rounds."""
        jobs = [
            (key, folder / f"{player.id}-{name}.pem")
            for player in self.players
            for name, key in (("department", player.department_key), ("log", player.log_key))
        ]
        with ThreadPoolExecutor(max_workers=2) as pool:
            # map, unlike submit, drops what has not begun when it is left by an exception.
            list(pool.map(lambda job: job[0].save(job[1], password), jobs))
