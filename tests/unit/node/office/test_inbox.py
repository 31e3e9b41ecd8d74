"""What an officer finds in his inbox, from what the read model says is waited for."""

from __future__ import annotations

from types import SimpleNamespace

from node.office.act import new_paper
from node.office.inbox import Sort, list_tasks
from node.protocol.ledger.enums import Role, Step
from node.protocol.ledger.facts import AuthorisationFact, EntryFact
from node.protocol.wire import ids
from tests.common import papers

CENTRE, POLICE, EDUCATION = map(ids.department_id, (papers.CENTRE, papers.POLICE, papers.EDUCATION))
KEY, ZERO = bytes(31) + b"\1", bytes(32)
NOW = 1_000
VERSION = new_paper("catalogue-version", papers.catalogue_version())
ENTRY = ids.entry_id(POLICE, VERSION.body.code)


def inbox(authorisations=(), versions=(), *, here=(VERSION,)):
    asked: list[dict[bytes, int]] = []

    def waiting_authorisations(held, _now):
        asked.append(held)
        return authorisations

    ledger = SimpleNamespace(
        waiting_authorisations=waiting_authorisations,
        waiting_versions=lambda held: versions if held else (),
    )
    known = {paper.digest: paper.data for paper in here}
    store = SimpleNamespace(
        find_all=lambda digests: {each: known[each] for each in digests if each in known}
    )
    held = {POLICE: int(Role.OFFICE_HEAD)}
    return list_tasks(ledger, store, held, NOW), asked[0]


def authorisation(consumer=EDUCATION, provider=POLICE):
    return AuthorisationFact(
        7, provider, consumer, ENTRY, 1, 1, ZERO, ZERO, 1, 1, 1, 0, NOW, 1, 1, ZERO, b"\7" * 32
    )


def waiting(*, department=POLICE, reply=True, steps=(), since=500, fact=None):
    fact = fact or authorisation()
    return SimpleNamespace(
        fact=fact, department=department, reply=reply, steps=steps, version=VERSION.digest,
        since=since,
    )  # fmt: skip


def submitted(*, withdrawal=None, since=400):
    fact = EntryFact(
        ENTRY, POLICE, 1, 1, frozen=False, share_type=2, item_count=1, digest=VERSION.digest
    )
    return SimpleNamespace(fact=fact, competent=CENTRE, withdrawal=withdrawal, since=since)


def test_the_oldest_comes_first_whatever_it_is():
    tasks, _ = inbox([waiting(since=500)], [submitted(since=400)])
    assert [(task.sort, task.since) for task in tasks] == [(Sort.REVIEW, 400), (Sort.REPLY, 500)]


def test_a_line_names_who_asks_for_what_and_what_is_answered():
    [task], _ = inbox([waiting()])
    body = VERSION.body
    assert (task.acting, task.asking) == (papers.POLICE, papers.EDUCATION)
    assert (task.code, task.name, task.authorisation) == (body.code, body.name, 7)
    assert task.digest == "07" * 32


def test_a_consumer_is_asked_by_the_provider():
    steps = (Step.CONFIRM,)
    [task], _ = inbox([waiting(department=EDUCATION, reply=False, steps=steps)])
    assert (task.sort, task.asking, task.steps) == (Sort.STEP, papers.POLICE, steps)


def test_a_withdrawal_is_named_by_its_own_document():
    [task], _ = inbox([], [submitted(withdrawal=b"\5" * 32)])
    assert (task.sort, task.digest) == (Sort.REVIEW_WITHDRAWAL, "05" * 32)


def test_an_entry_whose_document_is_not_here_is_named_by_its_id():
    [task], _ = inbox([waiting()], here=())
    assert (task.code, task.name) == (ENTRY.hex(), "")
