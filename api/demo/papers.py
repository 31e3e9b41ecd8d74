"""The papers of the demo: what its officials write, complete and lawful."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from node.protocol.forms import BEIJING

from .entries import PURPOSE

if TYPE_CHECKING:
    from node.crypto import Sm2PublicKey
    from node.protocol.forms import Document

    from .cast import (
        Cast,
        Official,
        Player,
        System,
    )

CALLS_PER_DAY, ROWS_PER_DAY = 400, 4_000
CONTACT = {"name": "值班室", "phone": "0317-0000000"}


def period() -> dict[str, str]:
    """From today's Beijing day for a year: what keys, roles and grants of the demo are good for."""
    today = datetime.now(UTC).astimezone(BEIJING).date()
    return {
        "validFrom": today.isoformat(),
        "validUntil": (today + timedelta(days=365)).isoformat(),
    }


def department(cast: Cast, player: Player, url: str) -> dict[str, Any]:
    """Enrolment of a department."""
    return {
        "code": player.code,
        "name": player.name,
        "parent": cast.data.code,
        "competent": cast.data.code,
        "kind": "政府部门",
        "level": "市",
        "region": "沧州市",
        "screening": False,
        "mayEnrol": player is cast.data,
        "duties": [f"{player.name}职能配置规定所列职责"],
        "url": url,
        **_custody(cast, player),
        "contact": CONTACT,
        "head": _officer(player.head),
    }


def officer_key(player: Player, official: Official) -> dict[str, Any]:
    """Key of an official, and who he is."""
    return {
        "department": player.code,
        **_officer(official),
        **period(),
    }


def _officer(official: Official) -> dict[str, Any]:
    public = official.signer.public_key.raw.hex()
    known = {"name": official.name, "post": official.post, "person": official.person}
    return {**known, "publicKey": public}


def department_key(cast: Cast, player: Player) -> dict[str, Any]:
    """Key that signs the department's checkpoints, with the log's second key."""
    return {
        **_key(player, "部门", player.name, player.department_key.public_key),
        "ed25519": player.log_key.public.hex(),
        **_custody(cast, player),
    }


def application_key(player: Player, system: System) -> dict[str, Any]:
    """Key of an application system, with the key answers are sealed to."""
    return {
        **_key(player, "应用系统", system.name, system.signer.public_key),
        "holder": {"department": player.code, "application": system.code},
        "encryptionKey": {"publicKey": system.unwrapper.public_key.raw.hex(), **period()},
    }


def _key(player: Player, kind: str, name: str, public: Sm2PublicKey) -> dict[str, Any]:
    return {
        "holder": {"department": player.code, "application": None},
        "kind": kind,
        "name": name,
        "publicKey": public.raw.hex(),
        **period(),
        **dict.fromkeys(("encryptionKey", "ed25519", "host")),
        "custody": "own",
    }


def _custody(cast: Cast, player: Player) -> dict[str, str | None]:
    host = None if player.custody == "own" else cast.host_of(player).code
    return {"custody": player.custody, "host": host}


def roles(player: Player, official: Official) -> dict[str, Any]:
    """Role of an official in a department (his own, or one that lets him in)."""
    return {
        "department": player.code,
        "key": official.signer.public_key.key_id.hex(),
        "post": official.post,
        "deputy": False,
        "roles": [official.role],
        "reason": "任命",
        **period(),
    }


def application_object(player: Player, system: System) -> dict[str, Any]:
    """Registration of an application system."""
    return {
        "department": player.code,
        "code": system.code,
        "name": system.name,
        "description": f"{system.name}平台",
        "network": "政务外网",
        "protectionLevel": 3,
        "contact": CONTACT,
    }


def review(cast: Cast, versions: list[Document], returned: dict[str, str]) -> dict[str, Any]:
    """Review of versions: all are published but those `returned` gives a reason for, by code."""
    return {
        "competent": cast.data.code,
        "reviewer": cast.data.official("审核员").name,
        "opinion": "已按条例第十三条至第十六条审核",
        "reviews": [
            {
                "department": version.body.department,
                "code": version.body.code,
                "version": version.body.version,
                "publish": version.body.code not in returned,
                "reason": returned.get(version.body.code),
                "subject": version.digest.hex(),
            }
            for version in versions
        ],
    }


def application(cast: Cast, provider: Player, code: str, items: tuple[str, ...]) -> dict[str, Any]:
    """Form in which 市教育局 applies for an entry; what the catalogue says is not repeated."""
    return {
        "department": cast.education.code,
        "entry": {"department": provider.code, "code": code},
        "items": list(items),
        "purpose": {"code": PURPOSE[0], "name": PURPOSE[1]},
        "application": {"code": cast.admission.code, "name": cast.admission.name},
        "mode": "服务接口",
        **period(),
        "callsPerDay": CALLS_PER_DAY,
        "rowsPerDay": ROWS_PER_DAY,
        "basis": [{"title": "中华人民共和国义务教育法", "article": "第十二条"}],
        "scenario": "小学、初中新生入学报名时核验户籍和房产",
        "scope": "沧州市市本级义务教育阶段学校",
        "security": "专用终端，日志留存三年",
        "handler": CONTACT,
    }


def refusal(item: str, reason: str) -> dict[str, Any]:
    """Why one item is not granted."""
    ground = {"kind": "必要性", "citation": "与入学资格核验无关"}
    return {"item": item, "reason": reason, "ground": ground}
