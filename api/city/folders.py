"""What lies where: key files, and each node's folder with all the node needs, to be taken anywhere.

Settings are written from the city's file. A settings file somebody has changed by hand is kept as
long as it says what the city's file says; else it is refused, never overwritten.
"""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

import tomli_w

from node.crypto import sm3
from node.errors import Conflict, not_toml
from node.office.founding import LOG

from .keyring import RELAY, Place

if TYPE_CHECKING:
    from pathlib import Path

    from node.office.founding import DepartmentPlan

    from .plan import NodePlan, Plan

SETTINGS = "node.toml"
DEPLOYMENT = "deployment.json"
DATA = "data"
HEADING = "# 由 shareledger city init 从城市文件写成；要改请改城市文件。{}\n"


def places(plan: Plan, base: Path) -> dict[str, Place]:
    """Return where every key is kept: nodes' with the node, all others together."""
    folder = base / plan.keys.folder
    password = base / (plan.keys.password_file or f"{plan.keys.folder}/password")
    holders = plan.founding.holders()
    found = {
        name: Place(kind, folder / f"{name}.key", password, whose=holders[name])
        for name, kind in plan.founding.key_names().items()
    }
    for node in plan.nodes:
        own = base / node.name
        password, relay = own / "password", relay_of(node)
        kept = folder / f"{relay}.key"
        found[relay] = Place(RELAY, own / "relay.key", password, kept, f"节点 {node.name} 的中继")
        for each in plan.served_by(node):
            for name in (each.key("node"), each.key("log")):
                one = found[name]
                found[name] = one._replace(
                    file=own / f"{name}.key", password_file=password, kept=one.file
                )
    return found


def relay_of(node: NodePlan) -> str:
    """Name the key of a node's relay account."""
    return f"{node.name}-relay"


def settings_of(plan: Plan, node: NodePlan) -> dict[str, Any]:
    """Return a node's settings; paths are relative to its folder."""
    first = plan.nodes[0]
    netloc = node.url.partition("://")[2]
    settings: dict[str, Any] = {
        "chain_url": plan.chain.address,
        "deployment": DEPLOYMENT,
        "data_dir": DATA,
        "host": node.host,
        "port": node.port,
        "public_url": node.url,
        "authorities": list(node.authorities or (netloc,)),
        "relay_key": "relay.key",
        "password_file": "password",
    }
    if node is not first:
        # A node with empty disks knows no other: it is told the first department's.
        settings["peers"] = {plan.founding.departments[0].code: first.url}
    for name in ("storage", "tiles", "anchoring", "limits", "logging", "metrics", "console"):
        if given := getattr(node, name).model_dump(mode="json", exclude_unset=True):
            settings[name] = given
    settings["departments"] = [_department(plan, each) for each in plan.served_by(node)]
    return settings


def _department(plan: Plan, each: DepartmentPlan) -> dict[str, Any]:
    keys = {f"{what}_key": f"{each.key(name)}.key" for what, name in _OWN.items()}
    sources = [one.model_dump(exclude_unset=True) for one in plan.sources.get(each.code, ())]
    listed = {"sources": sources} if sources else {}
    return {"code": each.code, "custody": each.custody, **keys, **listed}


_OWN = {"department": "node", "log": LOG}


def write_settings(path: Path, settings: dict[str, Any], *, dry: bool = False) -> bool:
    """Write a node's settings where they are missing or were written from here; tell whether.

    Raises:
        Conflict: somebody has changed them, and they say something else.
    """
    body = tomli_w.dumps(settings, multiline_strings=False)
    text = HEADING.format(sm3(body.encode()).hex()[:16]) + body
    present = path.read_text("utf-8") if path.exists() else None
    if present == text:
        return False
    if present is not None and not _is_ours(present):
        try:
            held = tomllib.loads(present)
        except tomllib.TOMLDecodeError as error:
            raise Conflict(f"{path} {not_toml(error)}") from error
        if missing := _missing(settings, held):
            raise Conflict(
                f"{path} 已被手工改过，下列各项与城市文件不同：{'、'.join(missing)}；请改成一致"
                " / was changed by hand and says something else",
                path=str(path),
            )
        return False
    if not dry:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.new")
        # Sources have passwords in their URLs.
        unfinished.touch(mode=0o600)
        unfinished.write_text(text, "utf-8")
        unfinished.replace(path)
    return True


def _is_ours(text: str) -> bool:
    """Tell whether a settings file is as it was written from here."""
    body = text.partition("\n")[2]
    return text == HEADING.format(sm3(body.encode()).hex()[:16]) + body


def _missing(wanted: dict[str, Any], held: dict[str, Any], at: str = "") -> list[str]:
    """Return the members of `wanted` that `held` has not, or has otherwise."""
    found = []
    for name, value in wanted.items():
        if name == "departments":
            by_code = {each.get("code"): each for each in held.get(name, ())}
            for each in value:
                own = by_code.get(each["code"], {})
                found += _missing(
                    {**each, "sources": []}, {**own, "sources": []}, each["code"] + "."
                )
        elif isinstance(value, dict):
            found += _missing(value, held.get(name, {}), f"{name}.")
        elif held.get(name) != value:
            found.append(f"{at}{name}")
    return found
