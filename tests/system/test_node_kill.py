"""kill -9 of a whole node under load, again and again: nothing that was answered is lost."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter, defaultdict
from contextlib import contextmanager

import httpx
import pytest

from node.errors import AuthorisationSuspended
from node.log import LogReader
from node.office import authorising
from node.protocol import forms as documents
from node.protocol.ledger.enums import Step
from node.protocol.wire import ids
from node.protocol.wire.leaf import parse_leaf
from node.protocol.wire.merkle import verify_consistency
from tests.common import papers
from tests.common.node_process import NodeProcess, RecordingClient, call_until
from tests.common.nodes import until
from tests.common.officials import OFFICE, prepare, signed, signed_in
from tests.common.pgstores import new_database
from tests.common.shell import Shell

pytestmark = pytest.mark.chain

CALLERS = 4
ANSWERS_AT_LEAST, ANSWERS_AT_MOST = 3, 40
"""How many answers a node is granted before it is killed."""
IN_ORDER_SECONDS = 20


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)]
)
def town(request, tmp_path_factory, moulds):
    """A town whose node has ended, its disks complete."""
    database = new_database()[0] if request.param == "postgresql" else ""
    with moulds.ended(tmp_path_factory.mktemp("killed"), database=database) as town:
        yield town


@pytest.fixture
def process(town, request):
    """The node; in the long loop, started as it is installed."""
    long = request.node.get_closest_marker("long") is not None
    node = NodeProcess(town.node.settings.data_dir.parent / "node.toml", installed=long)
    yield node
    node.end()


@pytest.fixture
def log(town):
    """The log of the department that serves, as it is on disk."""
    return next(
        identity.log
        for identity in town.node.identities
        if identity.department == ids.department_id(papers.POLICE)
    )


@contextmanager
def opened(town, name):
    engine = town.node.settings.stores.open(name, readonly=True)
    try:
        yield engine
    finally:
        engine.dispose()


def kept_documents(town):
    """Digests of all documents on disk, each made anew from what is there."""
    with opened(town, "node") as engine, engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
        rows = connection.exec_driver_sql("SELECT digest, data FROM document").all()
    assert all(documents.digest_of(data) == digest for digest, data in rows)
    return {digest for digest, _ in rows}


def assert_provable(town, log, answers):
    """Every answer's leaf stands at its index in a log that continues its checkpoint."""
    with opened(town, "log") as engine:
        reader = LogReader(engine)
        head = reader.head(log)
        leaves = [reader.entry(log, index) for index in range(head.size)]
        for receipt in (answer.receipt for answer in answers):
            assert leaves[receipt.index] == receipt.leaf
            root = receipt.signed_checkpoint.checkpoint.root
            proof = reader.consistency(log, receipt.size, head.size)
            verify_consistency(receipt.size, root, head.size, head.root, proof)
    parsed = [parse_leaf(leaf) for leaf in leaves]
    assert max(Counter(leaf.event for leaf in parsed).values()) == 1
    numbers = defaultdict(list)
    for leaf in parsed:
        numbers[leaf.authorisation].append(leaf.number)
    for counted in numbers.values():
        assert counted == list(range(1, len(counted) + 1))


def assert_log_checks(town):
    Shell(town.node.settings.data_dir.parent).ok("log", "check", "--config", "node.toml")


def caught_up(town):
    status = httpx.get(f"{town.url}/api/v1/status").json()
    return status["lag"] == 0 and status["cursor"] == town.chain.gateway.head()


class TestKilled:
    @pytest.mark.parametrize("kills", [2, pytest.param(5, marks=pytest.mark.long)])
    def test_loses_no_answer_serves_none_twice_and_follows_on(self, town, process, log, kills):
        choose = random.Random(20261126)  # noqa: S311 - moments to kill at, not secrets
        before = kept_documents(town)
        answered, unanswered = [], []
        for kill in range(kills):
            process.start()
            until(lambda: caught_up(town))
            count = choose.randint(ANSWERS_AT_LEAST, ANSWERS_AT_MOST)
            code, found, under_way = call_until(
                town, f"kill-{kill}", CALLERS, count, lambda: process.end(signal.SIGKILL)
            )
            assert code == -signal.SIGKILL
            answered += found
            unanswered += under_way
        decided = town.desk.decide(*suspension(town), town.keys.office[papers.POLICE])
        process.start()
        until(lambda: town.node.queries.cursor().next_block > decided.block)
        client = RecordingClient(
            town.url, town.keys.application, town.keys.encryption, town.client()._trust
        )
        with client:
            with pytest.raises(AuthorisationSuspended):
                until(lambda: town.answers(client) and None)
            town.step("恢复")
            until(lambda: town.answers(client))
            for receipt in (answer.receipt for answer in answered):
                assert client.fetch_receipt(receipt).leaf == receipt.leaf
            # What was under way is sent again: served once, whether it had been already or not.
            answered += [client.send(request, asked) for request, asked in unanswered]
        process.end(signal.SIGKILL)
        assert len(answered) > kills * ANSWERS_AT_LEAST
        assert len(unanswered) > kills
        assert_provable(town, log, answered)
        assert kept_documents(town) >= before
        assert_log_checks(town)


def suspension(town):
    return authorising.protect(town.first, Step.SUSPEND, 1)


class TestToldToEnd:
    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
    def test_ends_within_seconds_with_code_0_and_every_answer_in_the_log(
        self, town, process, log, number
    ):
        process.start()
        until(lambda: caught_up(town))
        begun = []

        def end():
            begun.append(time.monotonic())
            return process.end(number)

        code, answered, _ = call_until(town, f"end-{number}", CALLERS, 20, end)
        assert code == 0
        assert time.monotonic() - begun[0] < IN_ORDER_SECONDS
        assert_provable(town, log, answered)


DYING = """
import os, signal
from node.chain.gateway import Gateway
from node.office.desk import Desk
from node.office.submitting import Submitter

def die(*_arguments, **_named):
    os.kill(os.getpid(), signal.SIGKILL)

# Its anchors take the same way, from its first moment on: it dies once a decision has begun it.
decided = []
enqueue, send = Desk._enqueue, Gateway.send_raw

def enqueued(self, signed):
    decided.append(signed)
    return enqueue(self, signed)

def unsent(self, raw):
    return die() if decided else send(self, raw)

def sent(self, raw):
    done = send(self, raw)
    return die() if decided else done

Desk._enqueue = enqueued
"""
STEPS = {
    "stored elsewhere, in no outbox": "Desk._enqueue = die",
    "in the outbox, not sent": "Gateway.send_raw = unsent",
    "mined, not known to be": "Gateway.send_raw = sent",
    "known to be mined, not answered": "Submitter._answer = die",
}
"""Between which steps of a decision the node dies."""
LONG = {"in the outbox, not sent", "known to be mined, not answered"}


@pytest.mark.parametrize(
    "step", [pytest.param(each, marks=[pytest.mark.long] * (each in LONG)) for each in STEPS]
)
def test_a_signed_decision_is_taken_once_whenever_the_node_dies(town, process, step):
    """What its officer sees afterwards is what is so; the same sent again answers the same."""
    head, office = town.keys.heads[papers.POLICE], town.keys.office[papers.POLICE]
    code = f"SIWANG{list(STEPS).index(step)}"
    system = papers.application_object(department=papers.POLICE, code=code, name="查验系统")
    process.start(f"{DYING}\n{STEPS[step]}")
    with signed_in(town.url, head) as client:
        prepared = prepare(client, "RegisterApplication", system)
        body, digest = signed(prepared, office), prepared["hash"]
        with pytest.raises(httpx.TransportError):
            client.post(f"{OFFICE}/decisions/submit", json=body, timeout=60)
        assert process.wait() == -signal.SIGKILL
        enqueued = town.node.outbox.find(digest)
        assert (enqueued is None) == (step == "stored elsewhere, in no outbox")

        process.start()
        page = f"{town.url}/desk/key"
        if enqueued is None:
            until(lambda: caught_up(town))
            assert code not in client.get(page).text
        else:
            # Whoever signed has nothing to do: the node takes it to its end by itself.
            until(lambda: code in client.get(page).text)
        answers = [
            client.post(f"{OFFICE}/decisions/submit", json=body, timeout=60) for _ in range(2)
        ]
        assert [each.status_code for each in answers] == [200, 200], answers[0].text
        first, second = (each.json() for each in answers)
        assert first == second | {"finished": first["finished"]}
        assert (first["hash"], first["finished"]) == (digest, enqueued is not None)
        done = [
            each
            for each in town.node.queries.decisions_in(first["block"])
            if each.name == "RegisterApplication"
        ]
        assert [each.hash.hex() for each in done] == [digest]
        assert client.get(page).text.count(f">{code}<") == 1
