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

CONTACT = {"name": "值班室", "phone": "0317-0000000"}


def period() -> dict[str, str]:
    """From today's Beijing day for a year: what keys, roles and grants of the demo are good for."""
    today = datetime.now(UTC).astimezone(BEIJING).date()
    return {
        "validFrom": today.isoformat(),
        "validUntil": (today + timedelta(days=365)).isoformat(),
    }


def host_code(cast: Cast, player: Player) -> str | None:
    """Return the code of the department that hosts this one; None if nobody does."""
    if player.custody == "own":
        return None
    return next(host.code for host in cast.hosts if host.id == player.host)


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
        "custody": player.custody,
        "host": host_code(cast, player),
        "contact": CONTACT,
        "head": {
            "name": player.head.name,
            "post": player.head.post,
            "person": player.head.person,
            "publicKey": player.head.signer.public_key.raw.hex(),
        },
    }


def officer_key(player: Player, official: Official) -> dict[str, Any]:
    """Key of an official, and who he is."""
    return {
        "department": player.code,
        "name": official.name,
        "post": official.post,
        "person": official.person,
        "publicKey": official.signer.public_key.raw.hex(),
        **period(),
    }


def department_key(cast: Cast, player: Player) -> dict[str, Any]:
    """Key that signs the department's checkpoints, with the log's second key."""
    return {
        **_key(player, "部门", player.name, player.department_key.public_key),
        "ed25519": player.log_key.public.hex(),
        "custody": player.custody,
        "host": host_code(cast, player),
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
        "encryptionKey": None,
        "ed25519": None,
        "custody": "own",
        "host": None,
    }


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


def review(
    cast: Cast, versions: list[Document], returned: dict[str, str] | None = None
) -> dict[str, Any]:
    """Review of versions: all are published but those `returned` gives a reason for, by code."""
    reasons = returned or {}
    return {
        "competent": cast.data.code,
        "reviewer": cast.data.official("审核员").name,
        "opinion": "已按条例第十三条至第十六条审核",
        "reviews": [
            {
                "department": version.body.department,
                "code": version.body.code,
                "version": version.body.version,
                "publish": version.body.code not in reasons,
                "reason": reasons.get(version.body.code),
                "subject": version.digest.hex(),
            }
            for version in versions
        ],
    }


def application(
    cast: Cast, version: Document, items: list[str], *, calls: int, rows: int
) -> dict[str, Any]:
    """Application of 市教育局 for an entry."""
    body = version.body
    return {
        "department": cast.education.code,
        "entry": {
            "department": body.department,
            "code": body.code,
            "version": body.version,
            "name": body.name,
        },
        "items": items,
        "purpose": {"code": PURPOSE[0], "name": PURPOSE[1]},
        "application": {"code": cast.admission.code, "name": cast.admission.name},
        "mode": "服务接口",
        **period(),
        "callsPerDay": calls,
        "rowsPerDay": rows,
        "basis": [{"title": "中华人民共和国义务教育法", "article": "第十二条", "text": None}],
        "scenario": "小学、初中新生入学报名时核验户籍和房产",
        "scope": "沧州市市本级义务教育阶段学校",
        "security": "专用终端，日志留存三年",
        "handler": CONTACT,
        "terms": None,
    }


def reply(
    cast: Cast,
    provider: Player,
    authorisation: int,
    applied: Document,
    refused: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Reply of a provider: all items but those `refused` gives a reason for."""
    reasons = refused or {}
    asked = applied.body
    return {
        "authorisation": authorisation,
        "parties": {"provider": provider.code, "consumer": cast.education.code},
        "subject": applied.digest.hex(),
        "answer": "部分同意" if reasons else "同意",
        "grant": {
            "items": [item for item in asked.items if item not in reasons],
            "mode": asked.mode,
            "validFrom": asked.valid_from.isoformat(),
            "validUntil": asked.valid_until.isoformat(),
            "callsPerDay": asked.calls_per_day,
            "rowsPerDay": asked.rows_per_day,
            "terms": None,
        },
        "refusals": [
            {
                "item": item,
                "reason": reason,
                "ground": {"kind": "必要性", "citation": "与入学资格核验无关", "article": None},
            }
            for item, reason in reasons.items()
        ],
        "opinion": "经工作机构负责人审定",
        "handler": CONTACT,
    }


def step(
    cast: Cast,
    provider: Player,
    authorisation: int,
    name: str,
    *,
    subject: bytes | None,
    reason: str,
) -> dict[str, Any]:
    """Step of an authorisation."""
    return {
        "authorisation": authorisation,
        "parties": {"provider": provider.code, "consumer": cast.education.code},
        "step": name,
        "revision": 1,
        "subject": None if subject is None else subject.hex(),
        "reason": reason,
        "points": [],
        "measures": None,
        "due": None,
        "effective": None,
        "outcome": None,
    }
