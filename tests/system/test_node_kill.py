"""kill -9 of a whole node under load, again and again: nothing that was answered is lost."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter, defaultdict
from contextlib import contextmanager

import httpx
import pytest

from api.parts import Node
from api.settings import load_settings
from node.errors import AuthorisationSuspended
from node.log import LogReader
from node.office import authorising
from node.protocol import forms as documents
from node.protocol.ledger.enums import Step
from node.protocol.wire import ids
from node.protocol.wire.leaf import parse_leaf
from node.protocol.wire.merkle import verify_consistency
from tests.common import papers
from tests.common.chain import deployed_on
from tests.common.node_process import NodeProcess, RecordingClient, call_until
from tests.common.nodes import running_town, until
from tests.common.officials import OFFICE, prepare, signed, signed_in
from tests.common.pgstores import new_database

pytestmark = pytest.mark.chain

CALLERS = 4
ANSWERS_AT_LEAST, ANSWERS_AT_MOST = 3, 40
"""How many answers a node is granted before it is killed."""
IN_ORDER_SECONDS = 10


@pytest.fixture(
    scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)]
)
def town(request, tmp_path_factory, embedded_chain):
    """A town that was founded in this process and whose node then ended, its disks complete."""
    folder = tmp_path_factory.mktemp("killed")
    database = new_database()[0] if request.param == "postgresql" else ""
    with deployed_on(embedded_chain) as chain:
        with running_town(folder, chain, database=database) as town:
            town.serve()
        # From here on its parts are opened beside the process, as a command line would.
        town.https.clear()
        town.node = Node(load_settings(folder / "node.toml"))
        try:
            yield town
        finally:
            for http in town.https.values():
                http.close()
            town.node.stop()


@pytest.fixture
def process(town):
    node = NodeProcess(town.node.settings.data_dir.parent / "node.toml")
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
    settings = town.node.settings.data_dir.parent / "node.toml"
    command = [sys.executable, "-m", "api.cli", "log", "check", "--config", str(settings)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603
    assert done.returncode == 0, done.stdout + done.stderr


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


def test_a_decision_submitted_over_http_is_taken_once_whenever_the_node_dies(town, process):
    head = town.keys.heads[papers.POLICE]
    system = papers.application_object(department=papers.POLICE, code="SIWANG")
    office = town.keys.office[papers.POLICE]
    process.start()
    with signed_in(town.url, head) as client:
        prepared = prepare(client, "RegisterApplication", system)
        body, digest = signed(prepared, office), prepared["hash"]
        lost = []

        def submit():
            try:
                client.post(f"{OFFICE}/decisions/submit", json=body, timeout=30)
            except httpx.TransportError as error:
                lost.append(error)

        thread = threading.Thread(target=submit)
        thread.start()
        until(lambda: town.node.outbox.find(digest))
        process.end(signal.SIGKILL)
        thread.join()
        assert lost, "it was answered before the node was dead"
        process.start()
        # The session is in the node's files, and so is the decision.
        answer = client.post(f"{OFFICE}/decisions/submit", json=body, timeout=60)
        assert (answer.status_code, answer.json()["hash"]) == (200, digest)
        assert answer.json()["finished"]
        done = [
            each
            for each in town.node.queries.decisions_in(answer.json()["block"])
            if each.name == "RegisterApplication"
        ]
        assert [each.hash.hex() for each in done] == [digest]
