"""docs/clients.md says what a client checks: each row, tried with an answer that lies in it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from node.crypto import sm3
from node.protocol.evm.blocks import BlockRef
from node.protocol.wire import canonical, encoding, ids
from node.protocol.wire.leaf import CALL, KINDS
from tests.common import papers
from tests.common.conformance import Runner
from tests.common.make_conformance.__main__ import FILE
from tests.common.make_conformance.actors import ENCRYPTION, LATER, OTHER, Actors
from tests.common.make_conformance.responding import AT, Provider
from tests.common.make_vectors.town import CREATED

TEXT = (FILE.parents[1] / "clients.md").read_text("utf-8")
ACTORS = Actors()
RUNNER = Runner({"keys": ACTORS.keys(), "calls": ACTORS.calls(), "nodes": ACTORS.nodes}, "node")
PROVIDER = Provider(ACTORS)
UNCHECKED = "–"
NAMED = re.compile(r"`([a-zA-Z][\w-]*)`|`(GET [^`]*)`|protocol\.md (\d\.\d)")

LIES: dict[str, dict[str, Any]] = {
    "type": {"kind": "preview"},
    "event": {"event": ACTORS.another.event},
    "base": {"base": ACTORS.another.base},
    "signature": {"signature": ACTORS.another.signature},
    "authorisation": {"authorisation": 2},
    "entry": {"entry": ids.ZERO},
    "version": {"version": 2},
    "items": {"items": 0b001},
    "outcome": {"outcome": "quota-calls"},
    "judged": {"judged": CREATED - 61, "at": AT - 61_000},
    "at": {"at": AT + 61_000},
    "answer": {"answer": sm3(b"another")},
    "plain": {"plain": sm3(b"another")},
    "rows": {"rows": 2},
    "operator": {"operator": sm3(b"another")},
    "matter": {"matter": sm3(b"another")},
    "number": {"number": 1_000},
    "prev": {"prev": ids.ZERO},
    "custody": {"custody": "hosted"},
    "block": {"block": BlockRef(1, sm3(b"another"), CREATED - 100)},
    "revision": {"revision": 9},
    "masked": {"masked": 0},
}
"""What a leaf says otherwise, by the member that lies; `salt` is another each time."""


def rows_between(begin: str, end: str, text: str = TEXT) -> dict[str, str]:
    """Return the last cell by the names in the first, of the tables between two texts."""
    found = {}
    for line in text.split(begin, 1)[1].split(end, 1)[0].splitlines():
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        for name in re.findall(r"`(\w+)`", cells[0] if cells else ""):
            found[name] = cells[-1]
    return found


LEAF = rows_between("## 1. ", "Of the receipt around it")
AROUND = rows_between("Of the receipt around it", "## 2. ")


def _salted(leaf: str) -> str:
    members = canonical.loads(encoding.unb64u(leaf))
    return encoding.b64u(canonical.dumps({**members, "salt": encoding.b64u(bytes(16))}))


def outcome_of(body: dict[str, Any], own: str = "present", status: int = 200) -> str:
    """Return the code under which a client refuses an answer, – where it does not."""
    given = {"call": "query", "own": own, "key": ENCRYPTION, "status": status, "body": body}
    yielded = RUNNER.run({"op": "query", "given": given})
    return str(yielded.get("error", UNCHECKED))


def test_the_chinese_page_says_the_same_row_by_row() -> None:
    chinese = (FILE.parents[1] / "clients.zh-CN.md").read_text("utf-8")
    leaf = rows_between("## 1. ", "条目外面的回执", chinese)
    around = rows_between("条目外面的回执", "## 2. ", chinese)
    codes = {name: re.findall(r"`([a-z-]+)`", said) for name, said in AROUND.items()}
    assert leaf == LEAF
    assert {name: re.findall(r"`([a-z-]+)`", said) for name, said in around.items()} == codes
    # What is not a row: each section's tables have as many lines, and name the same things.
    for ours, theirs in zip(chinese.split("\n## "), TEXT.split("\n## "), strict=True):
        assert ours.count("\n|") == theirs.count("\n|"), ours.splitlines()[0]
        assert set(NAMED.findall(ours)) == set(NAMED.findall(theirs)), ours.splitlines()[0]


def test_an_answer_that_does_not_lie_is_taken() -> None:
    assert outcome_of(PROVIDER.answer()) == UNCHECKED


def test_has_a_row_for_every_member() -> None:
    assert LEAF.keys() == KINDS[CALL]
    receipt = PROVIDER.answer()["receipt"]
    assert AROUND.keys() == {*receipt, "sealed", "remaining", "anchored", "witnessed"} - {"v"}


@pytest.mark.parametrize("member", LIES)
def test_a_lie_of_the_leaf_has_the_code_of_its_row(member: str) -> None:
    lie = dict(LIES[member])
    if "kind" in lie:
        leaf = PROVIDER.leaf(kind=lie["kind"], custody="own")
        receipt = PROVIDER.logged(leaf).receipt(2, 5).render()
        body = {**PROVIDER.answer(), "receipt": receipt}
    else:
        body = PROVIDER.answer(leaf=lie)
    assert f"`{outcome_of(body)}`".replace(f"`{UNCHECKED}`", UNCHECKED) == LEAF[member]


def test_a_time_within_its_bounds_is_the_providers_word() -> None:
    assert outcome_of(PROVIDER.answer(leaf={"at": AT + 59_000})) == UNCHECKED


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("leaf", None),
        ("index", 3),
        ("proof", None),
        ("size", 6),
        ("anchored", None),
        ("witnessed", None),
    ],
)
def test_a_lie_of_the_receipt_has_the_code_of_its_row(member: str, value: object) -> None:
    answer = PROVIDER.answer()
    receipt = dict(answer["receipt"])
    zeros = "A" * 43
    others: dict[str, Any] = {
        # Another salt: what the leaf says is the same, its hash is not.
        "leaf": _salted(receipt["leaf"]),
        "proof": [zeros, *receipt["proof"][1:]],
        "anchored": {
            "chainId": 1,
            "contract": "0" * 40,
            "tx": "0" * 64,
            "block": 1,
            "blockHash": "0" * 64,
            "size": 9,
            "consistency": [zeros],
        },
        "witnessed": {"checkpoint": "anything", "consistency": []},
    }
    receipt[member] = others.get(member, value)
    said = outcome_of({**answer, "receipt": receipt})
    if member == "anchored":  # whose row speaks of the upgrade
        assert said == UNCHECKED
        assert AROUND[member].startswith("`consistency-invalid`; `receipt-invalid`")
        return
    assert f"`{said}`".replace(f"`{UNCHECKED}`", UNCHECKED) == AROUND[member]


def test_a_checkpoint_of_another_log_and_one_by_other_keys() -> None:
    other = ACTORS.log(OTHER, department=papers.EDUCATION)
    assert outcome_of(PROVIDER.answer(log=other)) == "receipt-invalid"
    assert outcome_of(PROVIDER.answer(pair=LATER)) == "checkpoint-invalid"
    assert "`receipt-invalid`" in AROUND["checkpoint"]
    assert "`checkpoint-invalid`" in AROUND["checkpoint"]


class TestRefusals:
    def of(self, code: str, status: int, **said: Any) -> str:
        return outcome_of(PROVIDER.problem(code, status, **said), status=status)

    def test_of_another_departments_log_is_none(self) -> None:
        other = ACTORS.log(OTHER, department=papers.EDUCATION)
        assert self.of("item-not-granted", 403, log=other) == "receipt-invalid"
        assert "`authorisation-unknown` | whichever registered department" in TEXT
        unknown = {"entry": ids.ZERO, "version": 0, "revision": 0}
        assert self.of("authorisation-unknown", 404, log=other, **unknown) == UNCHECKED

    def test_replayed_holds_by_the_keys_of_its_time(self) -> None:
        """After a rotation: the first call's receipt by the old key, no new refusal by it."""
        replayed = PROVIDER.problem("call-replayed", 409, call=ACTORS.query, outcome="served")
        assert outcome_of(replayed, "rotated", 409) == UNCHECKED
        fresh = PROVIDER.problem("item-not-granted", 403)
        assert outcome_of(fresh, "rotated", 403) == "checkpoint-invalid"
