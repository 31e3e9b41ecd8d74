"""What a page computes and says of a decision is what Python computes and says, for every kind."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from node.crypto import decision_text
from node.errors import LedgerError, VerificationError
from node.protocol.evm.decision import DECISIONS, Domain, hash_decision
from node.protocol.forms.readout import read_decision
from node.protocol.wire.prepared import parse_message, render_message, render_prepared
from tests.common.make_reading import PATH, render
from tests.common.pagescripts import bundle, run, script_of
from tests.common.prepared import CASES, NOW
from tests.common.vectors import load_vectors
from tests.unit.node.client.test_deciding import check, leaves, others, put

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from node.protocol.wire.prepared import Prepared
    from tests.common.prepared import Case

PREPARED = 'import { checkPrepared, readMessage } from "./office/prepared.js";'
READING = 'import { readDecision } from "./office/reading.js";'
SIGNED = (
    'import { signedText } from "../../../../clients/javascript/src/evidence/decisions.js";'
    'import { parsePaper } from "../../../../clients/javascript/src/evidence/papers.js";'
)
SAID = """
const answer = given.map(({ kind, message, papers, domain }) => {
  const struct = readMessage(kind, message);
  const read = papers.map((text) => {
    const bytes = Buffer.from(text);
    return { bytes, body: parsePaper(bytes) };
  });
  const text = signedText({ struct: kind, args: struct }, domain.chainId, domain.contract);
  return { text, reading: readDecision(kind, struct, read) };
});
"""
JUDGED = """
const answer = given.map(({ prepared, kind, fields, now }) => {
  try {
    return checkPrepared(prepared, { kind, fields, now }).added;
  } catch (error) {
    if (error.code !== "verification-failed") throw error;
    return null;
  }
});
"""
WORDS = {"answer": 3, "step": 24, "status": 3}
"""Members that name one of several sorts of a decision: the contracts take no other value."""


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("said")
    return bundle(folder, script_of([PREPARED, READING, SIGNED], SAID))


SORTS = {"Reply", "Step", "Change", "SetDepartmentStatus"}


def _cases() -> list[dict[str, Any]]:
    """Every kind, with random values and with small ones, beside all documents there are."""
    vectors, papers = load_vectors("eip712"), load_vectors("documents")["documents"]
    domain = vectors["domain"]
    where = {"chainId": str(domain["chainId"]), "contract": domain["verifyingContract"][2:]}
    random = Random(13)  # noqa: S311 - reproducible cases, not secrets
    cases = []
    for number, each in enumerate(vectors["cases"] * 2):
        message = json.loads(json.dumps(each["message"]).replace('"0x', '"'))
        if number >= len(vectors["cases"]):
            message = _small(message, random)
        for name, most in WORDS.items():
            if name in message and each["struct"] in {
                "Reply",
                "Step",
                "Change",
                "SetDepartmentStatus",
            }:
                message[name] = str(random.randint(1, most))
        chosen = [paper["bytes"] for paper in random.sample(papers, number % 5)]
        cases.append(
            {"kind": each["struct"], "message": message, "papers": chosen, "domain": where}
        )
    cases += [{**cases[0], "papers": [paper["bytes"]]} for paper in papers]
    return cases


def _small(message: Any, random: Random) -> Any:
    """Return a struct with numbers that have words, and departments that have codes."""
    if isinstance(message, list):
        return [_small(each, random) for each in message]
    if isinstance(message, dict):
        return {name: _small(each, random) for name, each in message.items()}
    if isinstance(message, bool):
        return message
    if len(message) == 64:
        return random.choice(["0" * 64, b"11130900MB0000001M".hex().ljust(64, "0"), message])
    if len(message) == 40:
        return message
    return str(random.choice([0, 1, 2, 3, 5, 40, 255]))


def test_the_tables_are_pythons() -> None:
    assert PATH.read_text("utf-8") == render(), "run python -m tests.common.make_reading"


def test_hash_text_and_reading_are_pythons_for_every_kind(said: Path) -> None:
    cases = _cases()
    assert {each["kind"] for each in cases} == set(DECISIONS)
    found = run(said, cases)
    for case, page in zip(cases, found, strict=True):
        kind = case["kind"]
        message = parse_message(kind, case["message"])
        assert render_message(kind, message) == case["message"]
        lines = read_decision(kind, message, [paper.encode() for paper in case["papers"]])
        ours = [
            {
                "part": line.part,
                "label": dict(zip(("zh", "en"), line.label, strict=True)),
                "value": dict(zip(("zh", "en"), line.value, strict=True)),
            }
            for line in lines
        ]
        assert page["reading"] == ours, kind
        domain = Domain(int(case["domain"]["chainId"]), bytes.fromhex(case["domain"]["contract"]))
        text = decision_text(hash_decision(DECISIONS[kind], message, domain))
        assert page["text"] == text.decode(), kind


def _lies() -> Iterator[tuple[Case, Prepared]]:
    """Every decision as an honest node prepares it, and as a liar does, who makes all follow."""
    random = Random(14)  # noqa: S311 - reproducible cases, not secrets
    for case in CASES.values():
        yield case, case.prepare()
        for path, value in leaves(case.body):
            told = [each for each in others(value) if each != value]
            for other in random.sample(told, min(3, len(told))):
                try:
                    lie = case.prepare(put(case.body, path, other))
                    assert lie.hash
                except LedgerError:
                    continue  # nothing a node could hand out
                yield case, lie


def test_what_differs_from_what_was_asked_is_refused_or_named_as_in_python(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    lies = list(_lies())
    given = [
        {
            "prepared": render_prepared(prepared),
            "kind": case.kind,
            "fields": case.fields,
            "now": NOW * 1000,
        }
        for case, prepared in lies
    ]
    judged = bundle(tmp_path_factory.mktemp("judged"), script_of([PREPARED], JUDGED))
    refused = 0
    for (case, prepared), page in zip(lies, run(judged, given), strict=True):
        try:
            added = check(case, prepared).added
        except VerificationError:
            refused += 1
            assert page is None, (case.kind, prepared.documents)
        else:
            assert page == [list(each) for each in added], (case.kind, prepared.documents)
    assert refused > len(lies) // 2
