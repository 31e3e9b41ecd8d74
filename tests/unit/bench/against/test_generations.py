"""Which generation a build is of, and what is filled into its forms."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import api.cli.forms
from bench.against.generations import FIRST, PRESENT, filled, recognise

OLD = 'code = "A"     # the code\nscreening = false\n\n[head]\nname = "somebody"\n'
NEW = OLD.replace("screening = false", "screening = false\nmayEnrol = false # may it enrol others?")
OURS = Path(api.cli.forms.__file__).with_name("department.toml").read_text(encoding="utf-8")


class TestRecognise:
    def test_a_form_without_may_enrol_is_the_first_generations(self):
        assert recognise(OLD) is FIRST

    def test_a_form_with_it_is_the_present_ones(self):
        assert recognise(NEW) is PRESENT

    def test_only_a_member_of_the_form_counts(self):
        assert recognise(f"# mayEnrol = true is not a member here\n{OLD}") is FIRST

    def test_only_the_first_generation_is_held_to_the_aims_of_issue_11(self):
        assert FIRST.aims.ratios == {"decisions_per_second": 1.25}
        assert FIRST.aims.more == {"node_mebibytes": 60.0}
        assert not PRESENT.aims.ratios
        assert not PRESENT.aims.more


class TestEnrolment:
    def test_says_who_may_enrol_only_where_the_form_asks(self):
        old = tomllib.loads(FIRST.enrolment(OLD, may_enrol=True, code='"B"'))
        new = tomllib.loads(PRESENT.enrolment(NEW, may_enrol=True, code='"B"'))
        assert old == {"code": "B", "screening": False, "head": {"name": "somebody"}}
        assert new == {**old, "mayEnrol": True}

    def test_fills_the_form_of_this_very_build(self):
        filled_in = recognise(OURS).enrolment(
            OURS, may_enrol=True, code='"B"', parent='"C"', competent='"C"', url='"http://x"'
        )
        found = tomllib.loads(filled_in)
        members = ("code", "parent", "competent", "url")
        assert [found[member] for member in members] == ["B", "C", "C", "http://x"]


class TestFilled:
    def test_refuses_a_member_the_form_does_not_have(self):
        with pytest.raises(ValueError, match="no member level"):
            filled(OLD, level='"市"')

    def test_takes_a_value_with_backslashes_as_it_is(self):
        assert tomllib.loads(filled(OLD, code=r'"\\1"'))["code"] == r"\1"
