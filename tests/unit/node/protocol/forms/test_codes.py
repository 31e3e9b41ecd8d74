"""Numbers of departments and residents: what their standards fix, and nothing beside it."""

from __future__ import annotations

import tomllib

import pytest

from api.city.plan import example
from api.demo.population import people
from node.errors import MalformedDocument
from node.protocol import forms
from node.protocol.forms.codes import resident_number, unified_code
from tests.common import papers
from tests.common.codes import department_code


class TestUnifiedCodes:
    @pytest.mark.parametrize(
        "code",
        [
            "91110000600037341L",  # python-stdnum's example
            "11100000000013127D",
            department_code(7),
            department_code("outsider"),
        ],
    )
    def test_a_right_one_is_taken(self, code: str) -> None:
        assert unified_code(code) == code

    @pytest.mark.parametrize(
        "code",
        [
            "91110000600037341M",  # check digit
            "A1110000600037341L",  # letters in the division
            "9111000060003734IL",  # I is not in the alphabet
            "91110000600037341",
            "91110000600037341l",
            "9111000060003734-1L",
            "",
        ],
    )
    def test_a_wrong_one_is_refused_in_chinese(self, code: str) -> None:
        with pytest.raises(ValueError, match="统一社会信用代码"):
            unified_code(code)

    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            ("91110000600037341M", "校验码"),
            ("A1110000600037341L", "前 8 位"),
            ("9111000060003734IL", "字母 I，请核对是不是数字 1"),
            ("9111000060003734OL", "数字 0"),
            ("91110000600037341", "现在是 17 位"),
            ("91110000600037341l", "「l」"),
            ("9111000060003734１L", "半角"),
            ("", "现在是 0 位"),
        ],
    )
    def test_what_is_wrong_with_it_is_said(self, code: str, reason: str) -> None:
        with pytest.raises(ValueError, match=reason):
            unified_code(code)

    def test_a_department_is_enrolled_by_a_right_one_only(self) -> None:
        forms.new_document("department", papers.department())
        with pytest.raises(MalformedDocument, match="统一社会信用代码"):
            forms.new_document("department", papers.department(code=papers.POLICE[:-1] + "0"))

    def test_the_example_citys_departments_have_right_ones(self) -> None:
        for each in tomllib.loads(example())["departments"]:
            assert unified_code(each["code"]) == each["code"]


class TestResidentNumbers:
    def test_the_standards_examples_are_taken(self) -> None:
        for number in ("11010519491231002X", "440524188001010014"):
            assert resident_number(number) == number

    def test_a_district_of_2021_is_taken(self) -> None:
        # 杭州市临平区 330113: python-stdnum's own table has no such county.
        assert resident_number("330113202105010010") == "330113202105010010"

    @pytest.mark.parametrize(
        ("number", "reason"),
        [
            ("110105194912310021", "校验码"),
            ("11010519490231002X", "出生日期"),
            ("11010519491231002x", "18 位"),
            ("1101051949123100", "18 位"),
            ("１1010519491231002X", "18 位"),
        ],
    )
    def test_a_wrong_one_is_refused_with_the_reason(self, number: str, reason: str) -> None:
        with pytest.raises(ValueError, match=reason):
            resident_number(number)

    def test_the_demos_residents_have_right_ones(self) -> None:
        for person in people(50, 3):
            assert resident_number(person.id_number) == person.id_number
