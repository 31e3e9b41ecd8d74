"""The keys of a department as a table: its own, its applications', and guests with a role in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .console import t
from .naming import (
    code_of,
    day_of,
    find_body,
    role_names,
    word_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.parts import Node
    from node.protocol.ledger.facts import DepartmentFact, KeyFact

KeyRow = tuple[str, ...]


def key_rows(node: Node, department: DepartmentFact) -> Iterator[KeyRow]:
    """Yield key id, kind, name, roles, first and last day, and whether it is revoked."""
    queries = node.queries
    held = {role.key: role for role in queries.roles_in(department.department)}
    own = queries.keys_of(department.department)
    systems = [
        key
        for system in queries.applications_of(department.department)
        for key in queries.keys_of(system.application)
    ]
    guests = [queries.get_key(key) for key in held if key not in {each.key for each in own}]
    for key in (*own, *systems, *guests):
        role = held.get(key.key)
        yield _row(node, key, "" if role is None else role_names(role.roles))


def _row(node: Node, key: KeyFact, roles: str) -> KeyRow:
    from node.protocol.forms import KEY_KINDS

    body = find_body(node, key.digest)
    name = "—" if body is None else getattr(body, "head", body).name
    holder = node.queries.find_department(key.holder)
    if holder is not None and roles:
        name = f"{name}（{code_of(key.holder)}）"
    return (
        key.key.hex(),
        word_of(KEY_KINDS, key.kind),
        name,
        roles,
        day_of(key.valid_from),
        day_of(key.valid_until, last=True),
        "" if key.revoked_at is None else t("已注销", "revoked"),
    )
