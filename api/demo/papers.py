"""The papers of the demo: what its officials write, complete and lawful."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from node.protocol.forms import BEIJING

from .entries import PURPOSE

if TYPE_CHECKING:
    from node.protocol.forms import Document

    from .cast import Cast, Player

CALLS_PER_DAY, ROWS_PER_DAY = 400, 4_000
CONTACT = {"name": "值班室", "phone": "0317-0000000"}


def period() -> dict[str, str]:
    """From today's Beijing day for a year: what keys, roles and grants of the demo are good for."""
    today = datetime.now(UTC).astimezone(BEIJING).date()
    return {
        "validFrom": today.isoformat(),
        "validUntil": (today + timedelta(days=365)).isoformat(),
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
