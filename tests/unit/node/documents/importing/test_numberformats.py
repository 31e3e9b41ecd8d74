"""What is filed of a number is what the spreadsheet shows of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.documents.importing.numberformats import (
    BUILT_IN,
    HIDDEN,
    LOST,
    NO_DATE,
    UNKNOWN,
    show_number,
    show_text,
)


@pytest.mark.parametrize(
    ("raw", "code", "text"),
    [
        ("7", "General", "7"),
        ("7", "000", "007"),
        ("-7", "000", "-007"),
        ("7", '0000"号"', "0007号"),
        ("7", r"0000\号", "0007号"),
        ("20260227", "0000-00-00", "2026-02-27"),
        ("13800001111", "000-0000-0000", "138-0000-1111"),
        ("123", "0-0", "12-3"),
        ("5", "#-0", "-5"),
        ("0.5", "0%", "50%"),
        ("0.1234", "0.00%", "12.34%"),
        ("12345", "#,##0", "12,345"),
        ("1234567", "#,##0", "1,234,567"),
        ("12345.678", "#,##0.00", "12,345.68"),
        ("-1234.5", "#,##0.00_);(#,##0.00)", "(1,234.50)"),
        ("12345", "0,", "12"),
        ("1234567", '0.0,,"百万"', "1.2百万"),
        ("3.7", "0", "4"),
        ("2.5", "0", "3"),
        ("-0.4", "0", "0"),
        ("3", "0.00", "3.00"),
        ("3", "0.##", "3."),
        ("3.14", "0.##", "3.14"),
        ("0", "#", ""),
        ("0", '0;-0;"无"', "无"),
        ("5", '"有";"负";"无"', "有"),
        ("0.30000000000000004", "General", "0.3"),
        ("1E-7", "General", "0.0000001"),
        ("1E-10", "General", "1E-10"),
        ("0.00012", "General", "0.00012"),
        ("1.5", '[>=1]0.0"高";0.0"低"', "1.5高"),
        ("0.5", '[>=1]0.0"高";0.0"低"', "0.5低"),
        ("-5", "[Red][<0]-0.0;0.00", "-5.0"),
        ("-5", "[<-1]0.0;0.00", "-5.0"),
        ("-5", "[<-1][$-804]0.0;0.00", "-5.0"),
        ("5", "[Red]0", "5"),
        ("5", "[$¥-804]#,##0.00", "¥5.00"),
        ("5", "[$-804]0", "5"),
        ("5", "G/通用格式", "5"),
        ("5", '"第"General"号"', "第5号"),
        ("5", "@", "5"),
        ("5", "0_ ", "5"),
        ("5", "* 0", "5"),
        ("5", '_ * #,##0_ ;_ * -#,##0_ ;_ * "-"_ ;_ @_ ', "5"),
    ],
)
def test_a_number_is_shown(raw, code, text):
    shown = show_number(raw, code)
    if text == "":
        assert shown.fault == HIDDEN
    else:
        assert shown == (text, "", "")


@pytest.mark.parametrize(
    ("raw", "code", "text"),
    [
        ("46080", "yyyy-mm-dd", "2026-02-27"),
        ("46080", BUILT_IN[14], "2026-02-27"),
        ("46080", "m/d/yy", "2026-02-27"),
        ("46080", BUILT_IN[31], "2026-02-27"),
        ("46080", "[$-F800]dddd\\,\\ mmmm\\ dd\\,\\ yyyy", "2026-02-27"),
        ("46080", '[DBNum1][$-804]yyyy"年"m"月"d"日";@', "2026-02-27"),
        ("46080", '[$-804]yyyy"年"m"月"d"日" aaaa', "2026-02-27"),
        ("46080.3541666667", "yyyy-mm-dd", "2026-02-27"),
        ("46080.3541666667", "yyyy-mm-dd hh:mm", "2026-02-27 08:30"),
        ("46080.3541666667", "yyyy-mm-dd hh:mm:ss", "2026-02-27 08:30:00"),
        ("46080.75", "yyyy/m/d h:mm AM/PM", "2026-02-27 18:00"),
        ("46080", BUILT_IN[27], "2026年2月"),
        ("46080", BUILT_IN[28], "2月27日"),
        ("46080", '"截至"yyyy-mm-dd', "截至2026-02-27"),
        ("46080", "aaaa", "星期五"),
        ("0.3541666667", "h:mm", "8:30"),
        ("0.75", BUILT_IN[34], "下午6时00分"),
        ("1.5", "[h]:mm", "36:00"),
        ("1", "yyyy-mm-dd", "1900-01-01"),
        ("59", "yyyy-mm-dd", "1900-02-28"),
        ("61", "yyyy-mm-dd", "1900-03-01"),
        ("2958465", "yyyy-mm-dd", "9999-12-31"),
    ],
)
def test_a_date_is_shown(raw, code, text):
    assert show_number(raw, code) == (text, "", "")


def test_days_are_counted_from_1904_where_the_workbook_says_so():
    assert show_number("0", "yyyy-mm-dd", from_1904=True).text == "1904-01-01"
    assert show_number("44618", "yyyy-mm-dd", from_1904=True).text == "2026-02-27"


@pytest.mark.parametrize(
    ("raw", "code", "fault"),
    [
        ("60", "yyyy-mm-dd", NO_DATE),
        ("0", "yyyy-mm-dd", NO_DATE),
        ("-1", "yyyy-mm-dd", NO_DATE),
        ("2958466", "yyyy-mm-dd", NO_DATE),
        ("911309000000000000", "General", LOST),
        ("9.1130900000000000E+17", "0", LOST),
        ("1000000000000000", "000", LOST),
        ("7", ";;;", HIDDEN),
        ("7", "[DBNum1]General", UNKNOWN),
        ("0.5", "# ?/?", UNKNOWN),
        ("0.00012", "0.00E+00", UNKNOWN),
        ("NaN", "General", "数读不出"),
        ("Infinity", "General", "数读不出"),
        ("abc", "0", "数读不出"),
    ],
)
def test_what_cannot_be_shown_right_is_a_fault(raw, code, fault):
    assert fault in show_number(raw, code).fault


@pytest.mark.parametrize("code", ["General", "0.00E+00", "##0.0E+0"])
def test_a_long_code_seen_as_1_23e11_keeps_its_digits_and_is_named(code):
    shown = show_number("123456789012", code)
    assert (shown.text, shown.fault) == ("123456789012", "")
    assert "科学计数法" in shown.remark
    assert show_number("123456789012", "0") == ("123456789012", "", "")


@pytest.mark.parametrize(
    ("text", "code", "shown"),
    [
        ("甲", "General", "甲"),
        ("甲", "@", "甲"),
        ("甲", "0.00", "甲"),
        ("甲", '"第"@"号"', "第甲号"),
        ("甲", '0;0;0;"第"@', "第甲"),
        ("甲", "0;-0;0", "甲"),
    ],
)
def test_a_text_is_shown(text, code, shown):
    assert show_text(text, code) == (shown, "", "")


def test_a_text_hidden_by_its_format_is_a_fault():
    assert show_text("甲", ";;;").fault == HIDDEN


@given(st.integers(0, 10**15 - 1), st.integers(1, 15))
def test_zeros_pad_to_their_number(value, width):
    assert show_number(str(value), "0" * width).text == str(value).zfill(width)


@given(st.integers(0, 10**11 - 1))
def test_parted_thousands_are_the_number(value):
    assert show_number(str(value), "#,##0").text == f"{value:,}"


@given(
    st.floats(), st.text(alphabet='0#?.,%/@E+-ymdhs[]"\\;GeneralAMP年月日DBNum1$_* ', max_size=20)
)
def test_no_format_and_no_number_raises(value, code):
    show_number(repr(value), code)
    show_text("甲", code)
