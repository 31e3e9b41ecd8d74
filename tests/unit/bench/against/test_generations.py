"""Which generation a build is of, and what is filled into its forms."""

from __future__ import annotations

import tomllib

import pytest

from bench.against.generations import FIRST, Aims, Generation, filled, recognise
from tests.common.shell import invoke

OLD = 'code = "A"     # the code\nscreening = false\n\n[head]\nname = "somebody"\n'
NEW = OLD.replace("screening = false", "screening = false\nmayEnrol = false # may it enrol others?")
HELP = "  --port      int range  port; 0: any"


class TestRecognise:
    def test_the_first_generation_knows_nothing_of_enrolment_or_deployers(self):
        assert recognise(OLD, HELP) == FIRST

    def test_each_novelty_is_told_by_itself(self):
        assert recognise(NEW, HELP) == Generation(may_enrol=True)
        assert recognise(OLD, f"{HELP}\n  --deployer  0x...") == Generation(deployers=True)

    def test_only_a_member_of_the_form_counts(self):
        assert recognise(f"# mayEnrol = true is not a member here\n{OLD}", HELP) == FIRST

    def test_only_the_first_generation_sets_the_aims_of_issue_11(self):
        assert FIRST.aims.ratios == {"decisions_per_second": 1.25}
        assert FIRST.aims.more == {"node_mebibytes": 60.0}
        assert Generation(may_enrol=True).aims == Aims()


class TestChain:
    def test_is_told_its_deployer_only_where_it_asks(self):
        assert FIRST.chain_options(bytes(20)) == []
        options = Generation(deployers=True).chain_options(bytes(20))
        assert options == ["--deployer", f"0x{'00' * 20}"]


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
        generation = recognise(blank, invoke("chain", "run", "--help").output)
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
