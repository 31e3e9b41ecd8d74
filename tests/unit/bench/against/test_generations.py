"""Which generation a build is of, and what is filled into its forms."""

from __future__ import annotations

import tomllib
from functools import partial

import pytest

from bench.against.generations import (
    FIRST,
    Aims,
    Generation,
    filled,
    recognise,
)
from tests.common.shell import invoke

OLD = 'code = "A"     # the code\nscreening = false\n\n[head]\nname = "somebody"\n'
NEW = OLD.replace("screening = false", "screening = false\nmayEnrol = false # may it enrol others?")
COMMANDS = (("chain", "run"), ("department", "grant"))
CHAIN = "  --port      int range  port; 0: any"
GRANT = "  --holder    str        who holds the key [required]"


class TestRecognise:
    def test_the_first_generation_names_holders_and_knows_neither_enrolment_nor_deployers(self):
        assert recognise(OLD, CHAIN, GRANT, fronts=False) == FIRST

    def test_each_novelty_is_told_by_itself(self):
        told = partial(recognise, fronts=False)
        assert told(NEW, CHAIN, GRANT) == Generation(may_enrol=True)
        assert told(OLD, f"{CHAIN}\n  --deployer  0x...", GRANT) == Generation(deployers=True)
        assert told(OLD, CHAIN, "  --role") == Generation(holders=False)
        assert recognise(OLD, CHAIN, GRANT, fronts=True) == Generation(fronts=True)

    def test_only_a_member_of_the_form_counts(self):
        commented = f"# mayEnrol = true is not a member here\n{OLD}"
        assert recognise(commented, CHAIN, GRANT, fronts=False) == FIRST

    def test_only_the_first_generation_sets_the_aims_of_issue_11(self):
        assert FIRST.aims.ratios == {"decisions_per_second": 1.25}
        assert FIRST.aims.more == {"node_mebibytes": 60.0}

    def test_those_after_it_that_are_one_process_set_the_aims_of_issue_14(self):
        aims = Generation(may_enrol=True).aims
        assert aims.ratios["calls_per_second_two_fronts"] == 2.5
        assert aims.most == {"p99_ms_at_80_percent": 50.0, "front_mebibytes": 150.0}
        assert Generation(may_enrol=True, fronts=True).aims == Aims()


class TestChain:
    def test_is_told_its_deployer_only_where_it_asks(self):
        assert FIRST.chain_options(bytes(20)) == []
        options = Generation(deployers=True).chain_options(bytes(20))
        assert options == ["--deployer", f"0x{'00' * 20}"]


class TestGrant:
    def test_names_the_holder_only_where_it_asks(self):
        assert FIRST.holder_options("张伟") == ["--holder", "张伟"]
        assert Generation(holders=False).holder_options("张伟") == []


class TestEnrolment:
    def test_says_who_may_enrol_only_where_the_form_asks(self):
        old = tomllib.loads(FIRST.enrolment(OLD, may_enrol=True, code='"B"'))
        later = Generation(may_enrol=True).enrolment(NEW, may_enrol=True, code='"B"')
        assert old == {"code": "B", "screening": False, "head": {"name": "somebody"}}
        assert tomllib.loads(later) == {**old, "mayEnrol": True}

    def test_fills_the_form_of_this_very_build(self, tmp_path):
        done = invoke("paper", "template", "department", "-o", tmp_path / "blank.toml")
        assert done.code == 0
        blank = (tmp_path / "blank.toml").read_text(encoding="utf-8")
        helps = [invoke(*command, "--help").output for command in COMMANDS]
        generation = recognise(blank, *helps, fronts=True)
        members = {"code": "B", "parent": "C", "competent": "C", "url": "http://x"}
        quoted = {member: f'"{value}"' for member, value in members.items()}
        found = tomllib.loads(generation.enrolment(blank, may_enrol=True, **quoted))
        assert {member: found[member] for member in members} == members
        assert found.get("mayEnrol", True) is True


class TestFilled:
    def test_refuses_a_member_the_form_does_not_have(self):
        with pytest.raises(ValueError, match="no member level"):
            filled(OLD, level='"市"')

    def test_takes_a_value_with_backslashes_as_it_is(self):
        assert tomllib.loads(filled(OLD, code=r'"\\1"'))["code"] == r"\1"
