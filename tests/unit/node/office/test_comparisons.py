"""A table beside the ledger: compared once, found by the page, made anew where all is another."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import orjson
import pytest

from node.documents.coverage import Coverage
from node.documents.importing.template import write_template
from node.errors import LedgerBehind
from node.office import comparisons as module
from node.office.comparisons import PAGE, Comparisons
from node.office.drafts import Drafts, Person
from node.office.makings import Makings
from node.office.tables import METADATA
from node.office.worktables import check, drop, read_worktable
from node.protocol import forms as documents
from node.protocol.ledger.enums import EntryState, Role
from node.protocol.wire import ids
from node.storage.engines import open_engine
from node.storage.migrations import upgrade
from tests.common.t2 import DEPARTMENT, ROW

POLICE = ids.department_id(DEPARTMENT)
CLERK = Person(b"\2" * 32, {POLICE: int(Role.DATA_OFFICER)})
MANY = 2 * PAGE + 3


def code_of(number):
    return f"30300103/{number:05}"


class Ledger:
    """The newest versions of a department's entries, by entry, with their papers."""

    def __init__(self):
        self.known, self.papers, self.asked, self.filed = {}, {}, 0, 0

    def put(self, paper, state=EntryState.PUBLISHED):
        entry = ids.entry_id(POLICE, paper.body.code)
        self.filed += state == EntryState.SUBMITTED
        self.known[entry] = SimpleNamespace(
            entry=entry, version=paper.body.version, digest=paper.digest, state=state
        )
        self.papers[paper.digest] = paper.data

    def newest_versions(self, _provider):
        self.asked += 1
        return self.known

    def standing(self, _provider):
        return self.filed, Counter(fact.state for fact in self.known.values())

    def find(self, digest):
        return self.papers.get(digest)

    def find_all(self, digests):
        return {each: self.papers[each] for each in digests if each in self.papers}


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture
def drafts(tmp_path):
    engine = open_engine(tmp_path / "office.db")
    upgrade(engine, "office", METADATA.sorted_tables)
    yield Drafts(engine)
    engine.dispose()


@pytest.fixture
def comparisons(tmp_path, drafts, ledger):
    engine = open_engine(tmp_path / "node.db")
    yield Comparisons(Makings(drafts._engine), ledger, ledger, Coverage(engine))
    engine.dispose()


@pytest.fixture
def checked():
    """What the checks of tables have read."""
    return []


@pytest.fixture
def opened(tmp_path, drafts, ledger, checked):
    """Return a draft of a table of many entries, checked."""

    def begin(count=MANY, name="第 {} 个目录"):
        path = tmp_path / "filled.xlsx"
        path.unlink(missing_ok=True)
        rows = [
            {**ROW, "信息资源代码": code_of(number), "信息资源名称": name.format(number)}
            for number in range(count)
        ]
        write_template(path, rows)
        table = drop(path.read_bytes(), "报送.xlsx")
        check(table, ledger, DEPARTMENT)
        listed = drafts.begin(CLERK, POLICE, "filing", "报送.xlsx", table.dump())
        checked.append(table.read)
        return drafts.get(CLERK, listed.id, "filing")

    return begin


@pytest.fixture
def reads(monkeypatch):
    """Count how often a table is read."""
    count = []
    real = read_worktable

    def counted(*args):
        count.append(1)
        return real(*args)

    monkeypatch.setattr(module, "read_worktable", counted)
    return count


def paper_of(comparisons, opened, number):
    found = comparisons.compare(opened)
    return next(each.paper for each in found.filing.entries if each.code == code_of(number))


def test_a_table_is_compared_once_and_its_lists_are_found_by_the_page(comparisons, opened, reads):
    draft = opened()
    key = comparisons.key_of(draft)
    assert comparisons.find(key, draft) is None
    assert comparisons.make(draft)
    found = comparisons.find(key, draft)
    assert found is not None
    assert found.may_be_signed
    assert (found.counts["new"], found.counts["filed"], found.counts["gone"]) == (MANY, MANY, 0)
    rows = [
        row
        for first in (0, PAGE, 2 * PAGE, 3 * PAGE)
        for row in comparisons.rows(key, draft, {"new": first, "changed": 0})["new"]
    ]
    assert [row[0] for row in rows] == [code_of(number) for number in range(MANY)]
    # Whatever is compared later, nobody reads the table again.
    comparisons.compare(draft)
    assert len(reads) == 1


def test_what_a_check_has_read_is_not_read_again(comparisons, opened, checked, reads):
    draft = opened()
    comparisons.keep_read(draft.listed, draft.body, *checked)
    assert len(comparisons.compare(draft).found.new) == MANY
    assert reads == []


def test_a_table_with_problems_is_read_again(comparisons, opened, checked, reads):
    draft = opened(2, name="")
    comparisons.keep_read(draft.listed, draft.body, *checked)
    assert comparisons.compare(draft).filing.problems
    assert comparisons.compare(draft).filing.problems
    assert len(reads) == 2


def test_it_is_made_again_where_the_ledger_the_draft_or_what_was_covered_is_another(
    comparisons, opened, drafts, ledger
):
    draft = opened(3)
    keys = {comparisons.key_of(draft)}
    comparisons.make(draft)
    paper = paper_of(comparisons, draft, 1)
    for change in (
        lambda: ledger.put(paper, EntryState.SUBMITTED),
        lambda: ledger.put(paper, EntryState.PUBLISHED),
        lambda: comparisons._coverage.keep(DEPARTMENT, b"\5" * 32, {"a"}),
        lambda: drafts.save(CLERK, draft.listed.id, 1, draft.body + b" "),
    ):
        change()
        again = drafts.get(CLERK, draft.listed.id, "filing")
        key = comparisons.key_of(again)
        assert key not in keys
        assert comparisons.find(key, again) is None
        keys.add(key)


def test_a_change_says_what_was_and_what_would_be_under_the_number_it_would_bear(
    comparisons, opened, ledger, reads
):
    draft = opened(3)
    paper = paper_of(comparisons, draft, 1)
    before = documents.make_document(
        "catalogue-version", {**orjson.loads(paper.data), "abstract": "从前的摘要", "version": 7}
    )
    ledger.put(before)
    assert comparisons.make(draft)
    key = comparisons.key_of(draft)
    [[code, _, was, now, fields]] = comparisons.rows(key, draft, {"changed": 0})["changed"]
    assert (code, was, now, fields) == (code_of(1), 7, 8, ["摘要"])
    [(old, new)] = comparisons.pairs(key, draft, [0, 1]).values()
    assert old == before.data
    assert orjson.loads(new)["abstract"] == paper.body.abstract
    assert len(reads) == 1


def test_nothing_is_kept_of_what_could_not_be_compared(comparisons, opened, ledger):
    draft = opened(3)
    paper = paper_of(comparisons, draft, 1)
    ledger.put(paper)
    del ledger.papers[paper.digest]
    for _ in range(2):
        with pytest.raises(LedgerBehind, match="尚未到达"):
            comparisons.make(draft)
    assert comparisons.find(comparisons.key_of(draft), draft) is None
    ledger.papers[paper.digest] = paper.data
    assert comparisons.make(draft)
