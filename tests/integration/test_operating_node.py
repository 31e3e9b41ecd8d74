"""A running node tells its operator how it fares, and nothing of what it serves."""

from __future__ import annotations

import io
import json
import logging
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from api.demo.claims import Ports
from api.operating import journal, monitor, readings
from api.operating.metrics import Gauges, Watch
from api.operating.monitor import ALARMS, Monitor
from node.crypto import SoftwareSigner
from node.errors import LedgerError
from tests.common.chain import deployed_on
from tests.common.fakes import FixedClock
from tests.common.founding import TownKeys
from tests.common.nodes import PASSWORD, QUERY, running_town, until, write_settings

pytestmark = pytest.mark.chain
ROOT = Path(__file__).parents[2]
SECRET_WORDS = (
    *(PASSWORD.decode(), "李老师", "2026-0001", "130902200001010003", "张三"),
    *("RXHY", "GMSFHM", "where"),
)
"""What callers and sources hold, and the password of every key file."""


@pytest.fixture(scope="module")
def log():
    """What the node writes while the module's tests run."""
    stream, before = io.StringIO(), logging.getLogger().handlers[:]
    journal.configure("json", "info", stream=stream)
    yield stream
    logging.getLogger().handlers[:] = before


@pytest.fixture(scope="module")
def town(tmp_path_factory, own_chain, log):
    del log
    claims, folder = Ports(), tmp_path_factory.mktemp("town")
    with pytest.MonkeyPatch.context() as patch, deployed_on(own_chain) as chain:
        patch.setenv("SHARELEDGER_METRICS__PORT", str(claims.choose(18_700)))
        with running_town(folder, chain) as town:
            town.serve()
            yield town
    claims.close()


def scrape(town):
    """Return every sample by name and labels, and the families' names."""
    answer = httpx.get(f"http://127.0.0.1:{town.node.settings.metrics.port}/metrics")
    assert answer.status_code == 200
    families = list(text_string_to_metric_families(answer.text))
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in families
        for sample in family.samples
    }
    return samples, {family.name: family for family in families}


def chapter(manual, number):
    text = (ROOT / "docs" / manual).read_text("utf-8")
    return text.split(f"\n## {number}.")[1].split("\n## ")[0]


def lines(log, name):
    return [each for each in map(json.loads, log.getvalue().splitlines()) if each["event"] == name]


class TestACall:
    def test_has_a_line_with_its_outcome_and_nothing_of_its_data(self, town, log):
        with town.client() as client:
            answer = client.query(town.first, **QUERY)
            with pytest.raises(LedgerError):
                client.query(town.first, **{**QUERY, "items": ("XM", "NONE")})
        served, refused = lines(log, "call")[-2:]
        assert served["outcome"] == "served"
        assert served["id"] == answer.event.hex()
        assert (served["authorisation"], refused["outcome"]) == (town.first, "item-not-granted")
        assert 0 < served["ms"] < 60_000
        assert set(served) == {"time", "level", "event", "outcome", "authorisation", "ms", "id"}

    def test_of_a_stranger_has_none_and_is_counted(self, town, log):
        before, known = len(lines(log, "call")), scrape(town)[0]
        with town.client(SoftwareSigner.generate()) as client:
            for _ in range(3):
                with pytest.raises(LedgerError):
                    client.query(town.first, **QUERY)
        assert len(lines(log, "call")) == before
        key = ("shareledger_calls_total", "signature-invalid")
        assert scrape(town)[0][key] == known.get(key, 0) + 3
        town.node.monitor._counted -= 60
        town.node.monitor.look()
        counts = until(lambda: lines(log, "refused-without-leaf"))
        assert sum(each.get("signature-invalid", 0) for each in counts) == 3


class TestTheLog:
    def test_tells_of_anchors(self, town, log):
        with town.client() as client:
            client.query(town.first, **QUERY)
        size = town.node.reader.head(town.node.identities[1].log).size
        until(lambda: town.node.queries.find_log(town.node.identities[1].log).size >= size)
        town.node.monitor.look()
        assert max(each["size"] for each in lines(log, "anchored")) >= size

    def test_holds_no_secret_and_no_value_whatever_was_served(self, town, log):
        with town.client() as client:
            client.query(town.first, **QUERY)
        text = log.getvalue()
        assert text
        private = [*SECRET_WORDS, town.keys.application.public_key.raw.hex()]
        private += [name for name in ("XM", "李", "张") if name]
        assert [word for word in private if word in text] == []
        for each in map(json.loads, text.splitlines()):
            assert {"time", "level", "event"} <= set(each)


class TestMetrics:
    def test_are_those_of_the_manual(self, town):
        with town.client() as client:
            client.query(town.first, **QUERY)
        names = {
            f"{name}{'_total' if family.type == 'counter' else ''}"
            f"{'_info' if family.type == 'info' else ''}"
            for name, family in scrape(town)[1].items()
        }
        for manual in ("operations.md", "operations.zh-CN.md"):
            text = chapter(manual, 11)
            rows = [row for row in text.splitlines() if row.startswith("| `shareledger_")]
            assert set(re.findall(r"^\| `(\w+)", "\n".join(rows), re.MULTILINE)) == names

    def test_alarms_are_those_of_the_manual(self):
        for manual in ("operations.md", "operations.zh-CN.md"):
            text = chapter(manual, 10)
            assert set(re.findall(r"^\| `([a-z-]+)` \|", text, re.MULTILINE)) >= set(ALARMS)

    def test_tell_how_the_node_fares(self, town):
        until(lambda: town.node.queries.find_log(town.node.identities[1].log).size)
        # An anchor's block may have come this very moment.
        until(lambda: scrape(town)[0]["shareledger_follower_lag_blocks",] == 0)
        samples, _ = scrape(town)
        police = town.node.settings.departments[1].code
        assert samples["shareledger_log_entries", police] >= 1
        assert samples["shareledger_log_anchored", police] >= 1
        assert samples["shareledger_log_anchor_age_seconds", police] >= 0
        assert samples["shareledger_log_is_open", police] == 1
        assert samples["shareledger_chain_head_block",] >= samples["shareledger_cursor_block",] > 0
        assert samples["shareledger_disk_free_bytes",] > 0
        assert samples["shareledger_call_seconds_count",] == sum(
            value for key, value in samples.items() if key[0] == "shareledger_calls_total"
        )

    def test_have_few_label_values_and_never_a_key(self, town):
        samples, _ = scrape(town)
        codes = {each.code for each in town.node.settings.departments}
        for name, *labels in samples:
            if name.startswith("shareledger_log_"):
                assert set(labels) <= codes
            assert all(len(label) < 40 for label in labels)

    def test_answer_at_one_address_only(self, town):
        url = f"http://127.0.0.1:{town.node.settings.metrics.port}"
        assert httpx.get(f"{url}/").status_code == 404
        assert httpx.post(f"{url}/metrics").status_code == 501

    def test_say_so_when_nothing_can_be_read(self, town, monkeypatch):
        def fail(_node):
            raise OSError("no disk")

        monkeypatch.setattr("api.operating.metrics.read", fail)
        (only,) = Gauges(town.node).collect()
        assert (only.name, only.samples[0].value) == ("shareledger_readable", 0.0)


class TestAlarms:
    @pytest.fixture
    def watched(self, town, monkeypatch):
        """A monitor whose readings and clock are the test's; what it says; how it is made look."""
        clock, stream = FixedClock(), io.StringIO()
        before = logging.getLogger().handlers[:]
        journal.configure("json", stream=stream)
        fine = replace(readings.read(town.node), documents_missing=0, keeper_failures=0)
        fine = replace(
            fine,
            behind_seconds=0.0,
            contact_age_seconds=0.0,
            logs=tuple(replace(log, anchored=log.entries) for log in fine.logs),
        )
        watcher = Monitor(town.node, clock=clock)

        def look(**changed):
            monkeypatch.setattr(monitor, "read", lambda _node: replace(fine, **changed))
            watcher.look()
            said = [json.loads(line) for line in stream.getvalue().splitlines()]
            stream.seek(0)
            stream.truncate()
            return [(each["event"], each.get("alarm")) for each in said if "alarm" in each]

        yield look, clock, fine
        logging.getLogger().handlers[:] = before

    @pytest.mark.parametrize(
        ("changed", "alarm"),
        [
            ({"behind_seconds": 6.0}, "follower-behind"),
            ({"contact_age_seconds": 31.0}, "chain-silent"),
            ({"keeper_failures": 1}, "keeper-failing"),
            ({"disk_free_bytes": 1}, "disk-low"),
        ],
    )
    def test_are_written_when_they_begin_and_when_they_end(self, watched, changed, alarm):
        look, _, _ = watched
        assert look() == []
        assert look(**changed) == [("alarm-raised", alarm)]
        assert look(**changed) == []
        assert look() == [("alarm-cleared", alarm)]

    def test_of_a_log_that_waits_come_only_when_it_waits_long(self, watched):
        look, clock, fine = watched
        late = tuple(replace(log, entries=log.anchored + 1) for log in fine.logs)
        assert look(logs=late) == []
        clock.advance(61)
        assert look(logs=late) == [("alarm-raised", "anchor-late")]
        grown = tuple(replace(log, entries=log.entries + 9, anchored=log.entries) for log in late)
        assert look(logs=grown) == [("alarm-cleared", "anchor-late")]

    def test_of_papers_that_do_not_come(self, watched):
        look, clock, _ = watched
        assert look(documents_missing=2) == []
        clock.advance(601)
        assert look(documents_missing=2) == [("alarm-raised", "documents-missing")]

    def test_of_a_log_that_was_ended(self, watched):
        look, _, fine = watched
        ended = tuple(replace(log, is_open=False) for log in fine.logs)
        assert look(logs=ended) == [("alarm-raised", "log-closed")]

    def test_of_a_disk_that_cannot_be_read(self, town, monkeypatch):
        def fail(_node):
            raise OSError(5, "Input/output error")

        watcher = Monitor(town.node)
        monkeypatch.setattr(monitor, "read", fail)
        watcher.look()
        assert watcher.active == {"not-readable"}


def test_counting_a_call_costs_little():
    """A few microseconds of the hundreds that a call takes; bounded in work, not in time."""
    watch = Watch()
    for _ in range(1_000):
        watch.answered(200)
    text = {
        sample.name: sample.value for each in watch.registry.collect() for sample in each.samples
    }
    assert text["shareledger_http_responses_total"] == 1_000


def test_a_start_and_a_stop_have_their_lines(tmp_path, ledger_chain):
    config = write_settings(tmp_path, ledger_chain, TownKeys(), 1)
    text = config.read_text("utf-8").replace("port = 1\n", "port = 0\n")
    config.write_text(text + '\n[logging]\nformat = "json"\n', "utf-8")
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "api.cli", "node", "run", "--config", str(config)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={name: value for name, value in os.environ.items() if "METRICS" not in name},
    )  # fmt: skip
    assert process.stdout is not None
    said_first = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    _, errors = process.communicate(timeout=60)
    assert "http://" in said_first, errors
    assert process.returncode == 0
    said = [json.loads(line) for line in errors.splitlines()]
    events = [each["event"] for each in said]
    assert (events.index("start"), events[-1]) < (events.index("stop"), "stopped")
    start = said[events.index("start")]
    assert start["url"].startswith("http://127.0.0.1:")
    assert start["chain"] == ledger_chain.deployment.chain_id
