"""A department's table filed a second time: only what changed is signed, what is gone is said.

By command line at a running node. The table has one row an entry and an id of its own.
"""

from __future__ import annotations

import re

import pytest

from node.protocol import forms as documents
from node.protocol.ledger.enums import EntryState
from node.protocol.wire import ids
from tests.common import papers
from tests.common.entry_rows import MAPPING, table_of
from tests.common.nodes import PASSWORD
from tests.common.shell import invoke

pytestmark = pytest.mark.chain

ENTRIES = 60
NEW, CHANGED, GONE = range(100, 105), range(10, 22), range(3)
OWNER = ids.department_id(papers.POLICE)


def row(number: int, **changes: str) -> dict[str, str]:
    return {"id": f"{number:04d}-x9{number * 7}", "名称": f"数据集{number}", **changes}


def code(number: int) -> str:
    return f"GA/{number:04d}"


FIRST = [row(number) for number in range(ENTRIES)]
SECOND = [
    *(row(number) for number in NEW),  # above the others: every row's number is another one
    *(
        row(number, **({"更新": "月", "字段": "编号、姓名、性别"} if number in CHANGED else {}))
        for number in range(ENTRIES)
        if number not in GONE
    ),
]


class Desk:
    """The command line of the police, at a node that runs."""

    def __init__(self, folder, town):
        self.folder, self.town = folder, town

    def run(self, *arguments, key=None):
        signing: tuple[object, ...] = ()
        if key:
            signing = ("--key", self.folder / key, "--password-file", self.folder / "password")
        return invoke(*arguments, "--config", self.folder / "node.toml", *signing)

    def file(self, name, *more, key="head.key"):
        mapping = ("--mapping", self.folder / "mapping.toml")
        table = self.folder / name
        return self.run("catalogue", "import", table, papers.POLICE, *mapping, *more, key=key)

    def publish(self):
        said = ("--reviewer", "沈知行", "--opinion", "已审核")
        reviewed = self.run(
            "catalogue", "review", papers.CENTRE, "--all", *said, key="reviewer.key"
        )
        assert reviewed.code == 0, reviewed

    def states(self):
        facts = self.town.node.queries.newest_versions(OWNER).values()
        return sorted((each.version, each.state) for each in facts)


@pytest.fixture(scope="module")
def desk(tmp_path_factory, moulds):
    folder = tmp_path_factory.mktemp("second")
    rule = '{ parts = [{ text = "GA" }, { column = "id", take = "{4}-{_}" }] }'
    text = MAPPING.replace('{ column = "id" }', rule)
    (folder / "mapping.toml").write_text(text, encoding="utf-8")
    table_of(folder / "first.csv", FIRST)
    table_of(folder / "second.csv", SECOND)
    with moulds.founded(folder) as town:
        keys = town.keys
        named = {
            "head.key": keys.heads[papers.POLICE],
            "office.key": keys.office[papers.POLICE],
            "reviewer.key": keys.reviewer,
        }
        for name, signer in named.items():
            signer.save(folder / name, PASSWORD)
        desk = Desk(folder, town)
        filed = desk.file("first.csv", "--batch", 25)
        assert filed.code == 0, filed
        desk.publish()
        yield desk


def listed(output, heading):
    """The lines under a heading like "新增 5 个：", and the number it names."""
    lines = output.splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith(heading))
    found = re.search(r"(\d+) 个：", lines[at])
    assert found
    number = int(found[1])
    return [line.strip() for line in lines[at + 1 : at + 1 + number]]


@pytest.fixture(scope="module")
def done(desk):
    """What a dry run says of the second table, without a key."""
    done = desk.file("second.csv", "--dry-run", "--withdraw-missing", "职责调整", key=None)
    assert done.code == 0, done
    return done


class TestADryRun:
    def test_counts_what_there_is_to_file(self, done):
        assert done.output.startswith("17 个目录可报送，45 个没有变化（不再报送），0 处有误")

    def test_lists_what_is_new(self, done):
        assert listed(done.output, "新增") == [f"{code(n)} 数据集{n}" for n in NEW]

    def test_lists_what_changed_and_in_what(self, done):
        assert listed(done.output, "变更") == [
            f"{code(n)} 数据集{n}：更新周期、信息项（增 编号）" for n in CHANGED
        ]

    def test_lists_what_the_table_has_lost(self, done):
        gone = [f"{code(n)} 数据集{n}（已发布）" for n in GONE]
        assert listed(done.output, "本表已没有") == gone

    def test_shows_what_would_be_signed_and_signs_nothing(self, desk, done):
        assert "将签署 2 次；尚未签署" in done.output
        filed = re.compile(r"^\[1\] 报送 GA/\d{4} v[12] .* 文书 [0-9a-f]{64}$", re.MULTILINE)
        assert len(filed.findall(done.output)) == len(NEW) + len(CHANGED)
        assert done.output.count("[2] 申请撤回") == len(GONE)
        assert desk.states() == [(1, EntryState.PUBLISHED)] * ENTRIES

    def test_says_with_a_key_whether_it_may(self, desk):
        refused = desk.file("second.csv", "--dry-run", key="office.key")
        assert refused.code == 1
        assert "没有所需的角色：需要部门负责人" in refused.errors

    def test_says_that_a_department_is_not_enrolled(self, desk):
        mapping = ("--mapping", desk.folder / "mapping.toml", "--dry-run")
        stranger = "91110000100000000X"
        done = desk.run("catalogue", "import", desk.folder / "second.csv", stranger, *mapping)
        assert (done.code, "未登记" in done.errors) == (1, True)

    def test_warns_when_the_codes_come_from_another_column(self, desk):
        rows = [{**each, "id": f"{9000 + number}-y"} for number, each in enumerate(FIRST)]
        table_of(desk.folder / "recoded.csv", rows)
        done = desk.file("recoded.csv", "--dry-run", key=None)
        assert done.code == 0
        assert "本表 60 个目录中有 60 个是新的，其中 60 个与已有的目录同名而代码不同" in done.errors

    def test_warns_when_a_code_passed_to_another_data_set(self, desk):
        rows = [*FIRST[:-1], {**FIRST[-1], "名称": "机动车登记", "字段": "号牌、车型"}]
        table_of(desk.folder / "passed.csv", rows)
        done = desk.file("passed.csv", "--dry-run", key=None)
        assert f"{code(59)}（原「数据集59」，现「机动车登记」）" in done.errors

    def test_takes_a_part_of_the_table_for_a_part(self, desk):
        table_of(desk.folder / "part.csv", FIRST[:4])
        done = desk.file("part.csv", "--dry-run", key=None)
        assert "本表已没有" not in done.output
        assert "上次的表有 60 个在用目录，本表只有其中 4 个：当作节选" in done.output
        refused = desk.file("part.csv", "--dry-run", "--withdraw-missing", "职责调整", key=None)
        assert (refused.code, "不是上次那份表的新一版" in refused.errors) == (1, True)


def test_a_real_run_needs_a_key(desk):
    done = desk.file("second.csv", key=None)
    assert (done.code, "缺少选项 --key" in done.errors) == (1, True)


def test_the_second_import_files_what_changed_and_asks_to_withdraw_what_is_gone(desk):
    done = desk.file("second.csv", "--withdraw-missing", "职责调整")
    assert done.code == 0, done
    assert (done.output.count("（报送目录）"), done.output.count("（申请撤回目录）")) == (1, 1)
    unchanged = ENTRIES - len(CHANGED) - len(GONE)
    assert desk.states() == sorted(
        [(1, EntryState.PUBLISHED)] * unchanged
        + [(1, EntryState.SUBMITTED)] * len(NEW)
        + [(2, EntryState.SUBMITTED)] * len(CHANGED)
        + [(1, EntryState.WITHDRAWAL_SUBMITTED)] * len(GONE)
    )
    # An item that was there before keeps its code, though another one stands above it now.
    fact = desk.town.node.queries.newest_versions(OWNER)[ids.entry_id(OWNER, code(10))]
    body = documents.parse(desk.town.node.store.get(fact.digest)).body
    assert {item.name: item.code for item in body.items} == {
        "编号": "F003",
        "姓名": "F001",
        "性别": "F002",
    }
    # And the same once more holds nothing to sign.
    again = desk.file("second.csv", "--withdraw-missing", "职责调整")
    assert again.code == 0
    assert again.output.startswith("0 个目录可报送，62 个没有变化（不再报送），0 处有误")
    assert "（Submit" not in again.output
    assert listed(again.output, "本表已没有") == [f"{code(n)} 数据集{n}（申请撤回）" for n in GONE]
