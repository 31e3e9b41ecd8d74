"""What a founding misses on a ledger; what it refuses because the ledger says otherwise."""

from __future__ import annotations

import json

import pytest

from node.errors import Conflict
from node.office import departments
from node.office.founder import Founder, Nothing, Surroundings
from node.office.founding import Founding
from tests.common import founding, papers
from tests.common.chain import deployed_on
from tests.common.codes import department_code
from tests.common.papers import CENTRE, EDUCATION, POLICE
from tests.common.town import build_town

pytestmark = pytest.mark.chain

NEW = department_code("new")
RELAY = b"r" * 20


@pytest.fixture(scope="module")
def town(tmp_path_factory, embedded_chain):
    """A town that was founded; nothing below decides anything but `TestRevoked`, which is last."""
    with deployed_on(embedded_chain) as chain:
        for town in build_town(tmp_path_factory.mktemp("town"), chain):
            town.found()
            yield town


def around(town, relays=(), contracts=()):
    urls = {code: f"http://{code.lower()}" for code in (*town.departments, NEW)}
    return Surroundings(urls, dict(relays), dict(contracts))


def missing(town, planned=None, surroundings=None):
    """Return the steps that a founding misses on the town's ledger."""
    planned = planned or founding.town()
    find = town.centre.node.store.find
    around_it = surroundings or around(town)
    return list(Founder(planned, town.keys, town.queries, find, around_it).steps())


def changed(code, **members):
    """Return the town with members of one department changed."""
    whole = founding.town().model_dump(mode="json")
    for each in whole["departments"]:
        if each["code"] == code:
            each.update(members)
    return Founding.model_validate_json(json.dumps(whole))


class TestMissing:
    def test_is_nothing_once_it_was_founded(self, town):
        assert missing(town) == []

    def test_is_everything_on_an_empty_ledger(self, town):
        planned = Founder(founding.town(), town.keys, Nothing(), lambda _: None, around(town))
        assert [step.act.kind for step in planned.steps()] == [each.kind for each in town.decided]

    def test_is_what_a_new_department_needs(self, town):
        more = founding.department(NEW, "new", founding.official("office", "工作机构负责人"))
        found = missing(town, founding.town(more), around(town, relays={NEW: RELAY}))
        assert [(step.act.kind, step.department, step.signer) for step in found] == [
            ("EnrolDepartment", CENTRE, "centre-head"),
            ("AddKey", NEW, "new-head"),
            ("AddKey", NEW, "new-head"),
            ("GrantRoles", NEW, "new-head"),
            ("RegisterLog", NEW, "new-head"),
        ]

    def test_is_a_role_that_was_added(self, town):
        more = {
            **founding.official("office", "工作机构负责人"),
            "roles": ["工作机构负责人", "值班员"],
        }
        [step] = missing(town, changed(POLICE, officers=[more]))
        assert (step.act.kind, step.signer) == ("GrantRoles", "police-head")

    def test_is_not_what_the_file_leaves_out(self, town):
        assert missing(town, changed(POLICE, officers=[])) == []


class TestContradiction:
    @pytest.mark.parametrize(
        ("code", "members", "said"),
        [
            (POLICE, {"name": "市警察局"}, "name（名称）在账上是 市公安局，文件写的是 市警察局"),
            (POLICE, {"screening": True}, "screening（初审）在账上是 false"),
            (EDUCATION, {"duties": ["别的"]}, "duties"),
            (POLICE, {"officers": [founding.official("office", "审核员")]}, "post"),
        ],
    )
    def test_of_what_a_paper_says_is_refused_by_member(self, town, code, members, said):
        with pytest.raises(Conflict) as refused:
            missing(town, changed(code, **members))
        assert said in refused.value.message

    def test_of_roles_is_refused(self, town):
        other = {**founding.official("office", "工作机构负责人"), "roles": ["值班员"]}
        with pytest.raises(Conflict, match="工作机构负责人」，文件写的是「值班员」"):
            missing(town, changed(POLICE, officers=[other]))

    def test_of_a_head_who_is_another_is_refused(self, town):
        keys = founding.TownKeys()
        keys.root = town.keys.root
        find = town.centre.node.store.find
        with pytest.raises(Conflict, match="centre-head 不是它的密钥"):
            list(Founder(founding.town(), keys, town.queries, find, around(town)).steps())

    def test_of_an_application_nobody_may_register_is_refused(self, town):
        system = {"code": "NEU", "name": "新系统", "description": "新", "protectionLevel": 3}
        plan = changed(POLICE, officers=[], applications=[system])
        with pytest.raises(Conflict, match="没有工作机构负责人"):
            missing(town, plan)
        begun = Founder(plan, town.keys, Nothing(), lambda _digest: None, around(town)).steps()
        with pytest.raises(Conflict, match="NEU"):
            next(begun)  # not after the decisions that come before it


class TestRevoked:
    def test_a_key_that_was_withdrawn_is_refused(self, town):
        lost = papers.revocation(department=POLICE, key=town.police.office.public_key.key_id.hex())
        town.decide(town.police, departments.revoke_key(lost), town.police.head)
        town.follow()
        with pytest.raises(Conflict, match="police-office 已注销"):
            missing(town)

    def test_a_log_of_another_account_is_refused(self, town):
        act = departments.register_log(EDUCATION, RELAY)
        town.decide(town.education, act, town.education.head)
        town.follow()
        with pytest.raises(Conflict, match="锚定"):
            missing(town, changed(POLICE, officers=[]), around(town, {EDUCATION: b"s" * 20}))
