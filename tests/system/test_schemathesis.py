"""docs/openapi.json held against a running node by Schemathesis, all checks, signed by our hooks.

What it reports must be on the list below, each with its reason; and it must have been served: a
document whose every request is refused proves nothing.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from node.protocol import forms
from node.protocol.wire.prepared import render_prepared
from tests.common import papers
from tests.common.nodes import ENTRY, ITEMS, QUERY
from tests.common.officials import signed
from tests.common.schemathesis_hooks import FILE, write_town
from tests.common.wire import DESCRIBED, described_paths

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.common.moulds import Moulds
    from tests.common.nodes import NodeTown

pytestmark = pytest.mark.chain

ROOT = Path(__file__).parents[2]
SEED = "20260101"
POSITIVE = "positive_data_acceptance"
ALL = "examples,coverage,fuzzing,stateful"
QUICK = "examples,fuzzing"
"""Without every border of every parameter, which are four requests in five."""
OFFICE = (
    "prepare", "submit", "get_standing", "get_pending", "get_withdrawals", "list_grants",
    "get_grant", "get_inbox", "get_departments", "get_keys", "get_applications",
    "get_logs", "get_contracts",
    "get_filings", "compare_edition", "keep_edition", "get_session", "sign_out",
    "sign_in",
)  # fmt: skip
"""Operations that an officer takes."""
AUDITED = (
    "get_event", "get_entries", "trace_call", "trace_authorisation", "trace_version", "trace_block"
)  # fmt: skip
"""Operations that an auditor takes."""
EDITION = {"space": "77" * 32, "codes": ["30300101/06001"]}
EXCEPTIONS = {
    (
        "POST /api/v1/office/decisions/prepare",
        POSITIVE,
        "malformed-document",
    ): "what `fields` must be is by kind: GET /office/kinds says it",
    (
        "POST /api/v1/office/decisions/prepare",
        POSITIVE,
        "malformed-request",
    ): "the same: a change of nothing is none",
    (
        "POST /api/v1/office/decisions/submit",
        POSITIVE,
        "malformed-request",
    ): "what `message` must be is the struct's, by kind",
    (
        "GET /api/v1/office/authorisations",
        POSITIVE,
        "malformed-request",
    ): "a state is one of a few words, in Chinese or English",
    (
        "GET /api/v1/logs/{department}/consistency",
        POSITIVE,
        "malformed-request",
    ): "whether old ≤ new ≤ the log's size is no matter of form",
    (
        "GET /api/v1/logs/{department}/events/{event}",
        POSITIVE,
        "malformed-key",
    ): "128 hex digits may be no point of the curve, and few are",
    (
        "POST /api/v1/documents",
        POSITIVE,
        "malformed-document",
    ): "which lines are documents no schema can say",
    (
        "PUT /api/v1/documents/{digest}",
        POSITIVE,
        "digest-mismatch",
    ): "the digest in the path is that of the body, which no schema can say",
    (
        "POST /api/v1/authorisations/{authorisation}/query",
        POSITIVE,
        "malformed-request",
    ): "page.after is a text this node has given, for the same authorisation",
    (
        "POST /api/v1/authorisations/{authorisation}/query",
        POSITIVE,
        "malformed-filter",
    ): "what an item can be compared with is its entry's, not the API's",
}
"""(operation, check, code that was answered): why that is right all the same."""


@dataclass
class Report:
    """What a run found and how often each operation was answered by what."""

    output: str
    found: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    answered: dict[str, Counter[int]] = field(default_factory=dict)

    def read(self, path: Path) -> None:
        for line in path.read_text("utf-8").splitlines():
            event = json.loads(line).get("ScenarioFinished")
            if event is not None:
                self._add(event["recorder"])

    def _add(self, recorder: dict[str, Any]) -> None:
        for case, interaction in recorder.get("interactions", {}).items():
            response = interaction.get("response")
            if response is None:
                continue
            sent = recorder["cases"][case]["value"]
            label = f"{sent['method']} {sent['path']}"
            self.answered.setdefault(label, Counter())[response["status_code"]] += 1
            for check in recorder["checks"].get(case, []):
                if check["status"] != "success":
                    self.found[label, check["name"], _code(response)] += 1


def _code(response: dict[str, Any]) -> str:
    content = response.get("content")
    data = base64.b64decode(content["$base64"]) if content else b""
    try:
        return str(json.loads(data)["code"])
    except (ValueError, KeyError, TypeError):
        return str(response["status_code"])


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, moulds: Moulds) -> Iterator[NodeTown]:
    folder = tmp_path_factory.mktemp("town")
    with moulds.served(folder) as found:
        yield found


def describe(town: NodeTown, folder: Path) -> Path:
    """Write down who may ask what of the town, and what there is in it."""
    keys = town.keys
    with town.client() as client:
        answers = [client.query(town.first, **QUERY) for _ in range(5)]
        anchored = client.wait_anchored(answers[-1].receipt).anchored
    assert anchored is not None
    paper = forms.new_document("terms", papers.terms())
    digests = [forms.digest_of(each).hex() for each in (paper, town.version_paper)]
    decision = signed_decision(town)
    sent = decision.pop("hash")
    return write_town(
        folder,
        town.url,
        {
            "": keys.nodes[papers.POLICE],
            "query": keys.application,
            **dict.fromkeys(AUDITED, keys.auditor),
            **dict.fromkeys(OFFICE, keys.heads[papers.POLICE]),
        },
        {
            "authorisation": [town.first],
            "digest": digests,
            "get_standing.digest": [sent],
            "entry": [ENTRY.hex()],
            "event": [answer.event.hex() for answer in answers],
            "code": [papers.POLICE],
            "department": [papers.POLICE],
            "number": [town.first],
            "trace_block.number": [anchored.block],
            "size": [anchored.size],
            "level": ["0"],
            "place": ["000.p/1", "000.p/2"],
            "old": [1, 2],
            "new": [3, 4],
            "q": ["人口"],
        },
        {
            "purpose": [QUERY["purpose"]],
            "items": [["XM"], ["GMSFHM"], ["XM", "GMSFHM"]],
            # The last of each is well formed, and wrong for what this town has.
            "where": [{}, QUERY["where"], {"GMSFHM": {"eq": 5}}],
            "page": [{}, {"size": 1}, {"size": 2, "after": None}, {"after": "bm90IG91cnM"}],
        },
        {
            "query": {**QUERY, "items": list(ITEMS), "salt": "AAECAwQFBgcICQoLDA0ODw"},
            "put_document": json.loads(paper),
            "post_documents": paper.decode(),
            "prepare": {"kind": "RegisterLog", "fields": {"department": papers.POLICE}},
            "submit": decision,
            "compare_edition": EDITION,
            "keep_edition": EDITION,
            "challenge": {"origin": town.url},
            "sign_in": {"challenge": "", "key": "0" * 64, "signature": "0" * 128},
        },
    )


def signed_decision(town: NodeTown) -> dict[str, Any]:
    """Return a decision that may be submitted any number of times, and its hash."""
    key = town.keys.office[papers.POLICE].public_key.key_id.hex()
    granted = papers.roles(**papers.ALWAYS, key=key, roles=["工作机构负责人"])
    head = town.keys.heads[papers.POLICE]
    prepared = town.node.preparer.prepare("GrantRoles", granted, key=head.public_key.key_id)
    said = render_prepared(prepared)
    digest = {"hash": said["hash"]}
    return {**signed(said, head), "again": True, **digest}


def run(town: NodeTown, folder: Path, examples: int, seconds: int, phases: str = ALL) -> Report:
    """Run Schemathesis as a user does, by its command line; a seed makes its choices."""
    report = folder / "report.ndjson"
    done = subprocess.run(  # noqa: S603 - a development dependency's command
        [Path(sys.executable).with_name("schemathesis"), "run", DESCRIBED,
         "--url", town.url, "--checks", "all", "--continue-on-failure", "--seed", SEED,
         "--phases", phases, "--max-examples", str(examples), "--no-shrink", "--no-color",
         "--report", "ndjson", "--report-ndjson-path", report],
        cwd=folder,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.common.schemathesis_hooks",
            FILE: str(describe(town, folder)),
        },
        capture_output=True, text=True, timeout=seconds, check=False,
    )  # fmt: skip
    found = Report(done.stdout)
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    assert "errored" not in done.stdout, done.stdout
    found.read(report)
    return found


def operations() -> set[str]:
    return {
        f"{method.upper()} {path}"
        for path, methods in described_paths().items()
        for method in methods
    }


def assert_holds(report: Report) -> None:
    assert report.answered.keys() >= operations()
    unexpected = {each: times for each, times in report.found.items() if each not in EXCEPTIONS}
    assert not unexpected, report.output
    served = {
        label: sum(times for status, times in answers.items() if 200 <= status < 300)
        for label, answers in report.answered.items()
        if label in operations()  # and not a method that is tried and must be refused
    }
    assert [label for label, times in served.items() if not times] == []


def test_reports_nothing_but_the_exceptions_and_is_served_everywhere(town, tmp_path):
    report = run(town, tmp_path, examples=8, seconds=900, phases=QUICK)
    assert_holds(report)


@pytest.mark.long
def test_reports_no_more_in_many_examples_and_each_exception_is_met(town, tmp_path):
    report = run(town, tmp_path, examples=100, seconds=3_600)
    assert_holds(report)
    # By what an operation answers with otherwise, the choices of one seed need not come.
    assert {found[:2] for found in report.found} == {each[:2] for each in EXCEPTIONS}
    assert report.answered["POST /api/v1/authorisations/{authorisation}/query"][200] >= 3
