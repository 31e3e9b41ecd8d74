"""What an official reads of the ledger, as it goes over the wire: for routes and commands alike.

Each is a function of the node and plain values: a route answers with it, and a command prints it,
whether it has the node's databases or asks another node. Facts of the chain every department may
see; what a restricted paper says comes from `papers`, which knows who asks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from node.errors import Contradictory, InvalidInput, LedgerBehind
from node.office.inbox import list_tasks
from node.office.reads import Pinned, find_versions
from node.protocol import forms as documents
from node.protocol.forms import KEY_KINDS, MODES
from node.protocol.forms.words import decision_words, words_of
from node.protocol.ledger.enums import (
    AuthorisationState,
    DepartmentStatus,
    EntryState,
    KeyKind,
    Role,
)
from node.protocol.wire import ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from node.office.inbox import Task
    from node.protocol.forms import KeyPaper
    from node.protocol.ledger.facts import AuthorisationFact, KeyFact

    from .parts import Node

Wire = dict[str, Any]
PAGE = 100
AT_ONCE = 50
"""Documents in memory at once: up to 256 KiB each."""


def list_inbox(
    node: Node, held: Mapping[bytes, int], now: int, *, after: int = 0, limit: int = PAGE
) -> Wire:
    """Return a page of what waits for who holds these roles, the oldest first."""
    tasks = list_tasks(node.queries, node.store, held, now)
    rest = tasks[after : after + limit + 1]
    return {
        "tasks": [_task(each) for each in rest[:limit]],
        "next": after + limit if len(rest) > limit else None,
    }


def list_grants(
    node: Node,
    provider: str | None,
    consumer: str | None,
    state: str | None,
    *,
    after: int,
    limit: int,
) -> list[Wire]:
    """Return authorisations by number; `state` as `agreed`, or in Chinese.

    Raises:
        InvalidInput: there is no such department code or state.
    """
    found = node.queries.list_authorisations(
        provider=None if provider is None else ids.department_id(provider),
        consumer=None if consumer is None else ids.department_id(consumer),
        state=None if state is None else parse_state(state),
        after=after,
        limit=limit,
    )
    return list(_grants(node, found))


def get_grant(node: Node, number: int, papers: Callable[[bytes], Wire | None]) -> Wire:
    """Return an authorisation with every decision on it; `papers` reads what may be shown.

    Raises:
        AuthorisationUnknown: there is none.
    """
    fact = node.queries.get_authorisation(number)
    steps = node.queries.steps(number)
    taken = [
        {
            "name": each.name,
            "step": said(*decision_words(each.name, {"step": each.step, "answer": each.answer})),
            "block": each.block,
            "digest": each.digest.hex(),
            "state": AuthorisationState(each.after.state).name.lower(),
            "stateSaid": said(*words_of(AuthorisationState(each.after.state))),
        }
        for each in steps
    ]
    return {
        **next(_grants(node, [fact])),
        "suspendedBy": fact.suspended_by,
        "steps": taken,
        "application": papers(steps[0].digest),
    }


def list_departments(node: Node) -> list[Wire]:
    """Return all departments by code, with whom to ask and how much of their logs is anchored."""
    papers = node.directory.departments()
    found = []
    for fact in node.queries.departments():
        paper, log = papers.get(fact.department), node.queries.find_log_of(fact.department)
        contact = paper and {"name": paper.contact.name, "phone": paper.contact.phone}
        found.append(
            {
                "code": fact.code,
                "name": paper and paper.name,
                "competent": _code(fact.competent),
                "status": DepartmentStatus(fact.status).name.lower(),
                "statusSaid": said(*words_of(DepartmentStatus(fact.status))),
                "mayEnrol": fact.may_enrol,
                "url": paper and paper.url,
                "contact": contact,
                "anchored": log and log.size,
            }
        )
    return found


def list_logs(node: Node) -> list[Wire]:
    """Return the logs that are registered, as the chain has them anchored."""
    return [
        {
            "department": _code(log.department),
            "log": log.log.hex(),
            "origin": log.origin,
            "size": log.size,
            "root": log.root.hex(),
            "relay": log.relay.hex(),
        }
        for log in node.queries.logs()
    ]


def list_contracts(node: Node) -> list[Wire]:
    """Return the contracts the ledger has in force, with the block that listed each."""
    return [
        {
            "name": fact.name,
            "address": fact.address.hex(),
            "codeHash": fact.code_hash.hex(),
            "block": fact.block,
        }
        for fact in node.queries.contracts()
    ]


def list_keys(node: Node, code: str, papers: Callable[[bytes], Wire | None]) -> list[Wire]:
    """Return every key a department and its applications have had, and others' roles in it.

    Raises:
        NotFound: the department is not enrolled.
    """
    queries = node.queries
    department = queries.get_department(code).department
    held = {role.key: role for role in queries.roles_in(department)}
    own = queries.keys_of(department)
    systems = [
        key
        for system in queries.applications_of(department)
        for key in queries.keys_of(system.application)
    ]
    guests = [queries.get_key(key) for key in held if key not in {each.key for each in own}]
    return [
        _key(node, key, held[key.key].roles if key.key in held else 0, papers)
        for key in (*own, *systems, *guests)
    ]


def find_pairs(node: Node, facts: Iterable[KeyFact]) -> Iterator[tuple[KeyFact, KeyPaper, str]]:
    """Yield those keys of departments whose document is here and holds, with their Ed25519 keys.

    Without its document there is no second key: such a pair signs nothing for anybody.
    """
    for fact in facts:
        if fact.kind != KeyKind.DEPARTMENT:
            continue
        try:
            node.facts.check(fact.digest, documents.key_object(fact.key))
        except (LedgerBehind, Contradictory):
            continue
        paper = documents.parse(node.store.get(fact.digest)).body
        if isinstance(paper, documents.KeyPaper) and paper.ed25519 is not None:
            yield fact, paper, paper.ed25519


def list_applications(node: Node, code: str, papers: Callable[[bytes], Wire | None]) -> list[Wire]:
    """Return a department's application systems, with the keys they call with.

    Raises:
        NotFound: the department is not enrolled.
    """
    found = []
    for fact in node.queries.applications_of(node.queries.get_department(code).department):
        paper = _paper_of(papers, fact.digest, "application-object")
        keys = node.queries.keys_of(fact.application)
        found.append(
            {
                "application": fact.application.hex(),
                "code": paper.get("code"),
                "name": paper.get("name"),
                "keys": [key.key.hex() for key in keys if not key.revoked_at],
            }
        )
    return found


def get_versions(node: Node, entry: bytes) -> Wire:
    """Return an entry's versions, and whether it is frozen.

    Raises:
        NotFound: there is no such entry.
    """
    return {
        "frozen": node.queries.get_entry(entry).frozen,
        "versions": [
            {
                "version": each.version,
                "state": EntryState(each.state).name.lower(),
                "digest": each.digest.hex(),
            }
            for each in node.queries.versions(entry)
        ],
    }


def parse_state(named: str) -> int:
    """Read an authorisation's state, in Chinese or as `agreed`.

    Raises:
        InvalidInput: there is none such.
    """
    for state in AuthorisationState:
        if named in {words_of(state)[0], state.name.lower()}:
            return int(state)
    chinese = "、".join(words_of(state)[0] for state in AuthorisationState)
    english = ", ".join(state.name.lower() for state in AuthorisationState)
    raise InvalidInput(f"没有状态 {named}；有：{chinese} / no state {named}; there are {english}")


def said(chinese: str, english: str) -> dict[str, str]:
    """Return one text in two languages."""
    return {"zh": chinese, "en": english}


def _task(task: Task) -> Wire:
    return {
        "sort": task.sort.value,
        "since": task.since,
        "acting": task.acting,
        "asking": task.asking,
        "code": task.code,
        "name": task.name,
        "version": task.version,
        "authorisation": task.authorisation,
        "steps": [said(*words_of(step)) for step in task.steps],
        "digest": task.digest,
    }


def _grants(node: Node, facts: Sequence[AuthorisationFact]) -> Iterator[Wire]:
    """Yield authorisations as they stand, with what their versions' documents say."""
    for first in range(0, len(facts), AT_ONCE):
        some = facts[first : first + AT_ONCE]
        pinned = node.queries.pinned({each.authorisation for each in some})
        wanted = {Pinned(each.entry, each.version, pinned[each.authorisation]) for each in some}
        papers = find_versions(node.store, wanted)
        for each in some:
            yield _grant(node, each, papers.get((each.entry, each.version)))


def _grant(node: Node, fact: AuthorisationFact, data: bytes | None) -> Wire:
    version = None if data is None else orjson.loads(data)
    items: Sequence[Wire] | None = None if version is None else version["items"]
    granted = items and [each for bit, each in enumerate(items) if fact.items >> bit & 1]
    modes = {int(mode): word for word, mode in MODES.items()}
    state = AuthorisationState(fact.state)
    return {
        "authorisation": fact.authorisation,
        "state": state.name.lower(),
        "stateSaid": said(*words_of(state)),
        "revision": fact.revision,
        "provider": ids.department_code(fact.provider),
        "providerName": _name(node, fact.provider),
        "consumer": ids.department_code(fact.consumer),
        "consumerName": _name(node, fact.consumer),
        "entry": fact.entry.hex(),
        "code": version and version["code"],
        "name": version and version["name"],
        "version": fact.version,
        "items": granted and [each["code"] for each in granted],
        "itemNames": granted and [each["name"] for each in granted],
        "mode": modes.get(fact.mode, str(fact.mode)),
        "validFrom": fact.valid_from,
        "validUntil": fact.valid_until,
        "callsPerDay": fact.calls_per_day,
        "rowsPerDay": fact.rows_per_day,
        "subject": fact.subject.hex(),
    }


def _key(node: Node, key: KeyFact, roles: int, papers: Callable[[bytes], Wire | None]) -> Wire:
    paper = _paper_of(papers, key.digest, "department", "officer-key", "recovery", "key")
    person = paper.get("head", paper)
    kinds = {int(kind): word for word, kind in KEY_KINDS.items()}
    department = node.queries.find_department(key.holder)
    return {
        "key": key.key.hex(),
        "kind": kinds.get(key.kind, str(key.kind)),
        "name": person.get("name"),
        "department": None if department is None else department.code,
        "roles": [said(*words_of(role)) for role in Role if roles & role],
        "validFrom": key.valid_from,
        "validUntil": key.valid_until,
        "revoked": key.revoked_at is not None,
    }


def _paper_of(papers: Callable[[bytes], Wire | None], digest: bytes, *kinds: str) -> Wire:
    """Return a document of one of these kinds; an empty one for another's, whatever named it."""
    paper = papers(digest)
    return paper if paper is not None and paper.get("type") in kinds else {}


def _name(node: Node, department: bytes) -> str | None:
    paper = node.directory.departments().get(department)
    return None if paper is None else paper.name


def _code(department: bytes) -> str:
    """Return a department's code; the id in hex where it is none."""
    try:
        return ids.department_code(department)
    except InvalidInput:
        return department.hex()
