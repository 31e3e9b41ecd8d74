"""Authorisations as an official reads them before deciding: a page of many, or one in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .console import say, t, table
from .naming import day_of, side_name, spoken

if TYPE_CHECKING:
    from api.lookups import Wire

    from .offices import Office

SUSPENDED = frozenset({"suspended", "rectified"})


def print_page(
    office: Office,
    provider: str | None,
    consumer: str | None,
    state: str | None,
    *,
    after: int,
    limit: int,
) -> None:
    """Print authorisations by number.

    Raises:
        InvalidInput: there is no such department code or state.
    """
    found = office.grants(provider, consumer, state, after=after, limit=limit)
    table(
        t(
            "编号,状态,目录,版本,提供部门,使用部门,止日",
            "number,state,entry,version,provider,consumer,until",
        ).split(","),
        [
            (
                each["authorisation"],
                spoken(each["stateSaid"]),
                _entry(each),
                each["version"],
                each["providerName"] or each["provider"],
                each["consumerName"] or each["consumer"],
                day_of(each["validUntil"], last=True),
            )
            for each in found
        ],
    )
    if len(found) == limit:
        last = found[-1]["authorisation"]
        say(f"还有更多：--after {last}", f"there may be more: --after {last}")


def print_authorisation(office: Office, number: int) -> None:
    """Print one authorisation: its fields, then every decision on it.

    Raises:
        AuthorisationUnknown: there is none.
    """
    found = office.grant(number)
    calls, rows = found["callsPerDay"], found["rowsPerDay"]
    fields = [
        (t("编号", "number"), found["authorisation"]),
        (t("状态", "state"), spoken(found["stateSaid"])),
        (t("修订", "revision"), found["revision"]),
        (t("提供部门", "provider"), _department(found, "provider")),
        (t("使用部门", "consumer"), _department(found, "consumer")),
        (t("目录", "entry"), f"{_entry(found)} v{found['version']}"),
        (t("信息项", "items"), _items(found)),
        (t("共享方式", "mode"), found["mode"]),
        (
            t("期限", "period"),
            f"{day_of(found['validFrom'])} — {day_of(found['validUntil'], last=True)}",
        ),
        (t("每日限额", "a day"), t(f"{calls} 次，{rows} 行", f"{calls} calls, {rows} rows")),
    ]
    if found["suspendedBy"] and found["state"] in SUSPENDED:
        fields.append((t("由谁暂停", "suspended by"), side_name(found["suspendedBy"])))
    applied = found["application"]
    if applied is not None:
        purpose = applied["purpose"]
        fields += [
            (t("用途", "purpose"), f"{purpose['name']}（{purpose['code']}）"),
            (t("应用系统", "application"), applied["application"]["name"]),
            (t("使用场景", "scenario"), applied["scenario"]),
        ]
    table((t("项目", "field"), t("内容", "value")), fields)
    print()
    table(
        t("区块,决定,其后状态,文件", "block,decision,state after,paper").split(","),
        [
            (each["block"], spoken(each["step"]), spoken(each["stateSaid"]), each["digest"])
            for each in found["steps"]
        ],
    )


def _entry(found: Wire) -> str:
    return found["entry"] if found["name"] is None else f"{found['code']} {found['name']}"


def _items(found: Wire) -> str:
    pairs = zip(found["items"] or (), found["itemNames"] or (), strict=True)
    return "、".join(f"{code} {name}" for code, name in pairs) or "—"


def _department(found: Wire, side: str) -> str:
    name = found[f"{side}Name"] or found[side]
    return f"{name}（{found[side]}）"
