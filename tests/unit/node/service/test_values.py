"""Database values become JSON without a float, and filter values the column's own type."""

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.errors import MalformedFilter, SourceUnavailable
from node.protocol.wire import canonical
from node.service.sources.values import operand, render


class TestRender:
    @pytest.mark.parametrize(
        ("value", "scale", "rendered"),
        [
            (None, None, None),
            (True, None, True),
            ("张三", None, "张三"),
            ("e\u0301", None, "é"),
            (7, None, 7),
            (2**53 - 1, None, 2**53 - 1),
            (2**53, None, "9007199254740992"),
            (-(2**53), None, "-9007199254740992"),
            (89.65, None, "89.65"),
            (89.6, 2, "89.60"),
            (60, 2, "60.00"),
            (60, 0, 60),
            (Decimal("1E+3"), None, "1000"),
            (Decimal("0.10"), None, "0.10"),
            (dt.date(2018, 9, 1), None, "2018-09-01"),
            (dt.datetime(2018, 9, 1, 8, 30, tzinfo=dt.UTC), None, "2018-09-01T08:30:00+00:00"),
            (dt.time(8, 30), None, "08:30:00"),
            (uuid.UUID(int=1), None, "00000000-0000-0000-0000-000000000001"),
        ],
    )
    def test_renders_what_a_database_holds(self, value, scale, rendered):
        assert render(value, scale) == rendered

    @pytest.mark.parametrize("value", [b"\x00", float("nan"), Decimal("Infinity"), object()])
    def test_refuses_what_cannot_be_shared(self, value):
        with pytest.raises(SourceUnavailable):
            render(value)

    @given(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.decimals(allow_nan=False, allow_infinity=False)
        | st.dates()
        | st.datetimes()
    )
    def test_renders_nothing_that_canonical_json_refuses(self, value):
        canonical.dumps(render(value))


class TestOperand:
    @pytest.mark.parametrize(
        ("value", "kind", "read"),
        [
            ("x", str, "x"),
            (7, int, 7),
            ("7", int, 7),
            ("89.65", Decimal, Decimal("89.65")),
            (7, Decimal, Decimal(7)),
            ("1.5", float, 1.5),
            ("true", bool, True),
            (False, bool, False),
            ("0", bool, False),
            ("2018-09-01", dt.date, dt.date(2018, 9, 1)),
            ("08:30:00", dt.time, dt.time(8, 30)),
            ("-9223372036854775808", int, -(2**63)),
            ("x", object, "x"),
            (7, object, 7),
        ],
    )
    def test_reads_a_value_as_the_columns_type(self, value, kind, read):
        assert operand(value, kind, "A") == read

    @pytest.mark.parametrize(
        ("value", "kind"),
        [
            (7, str),
            (True, int),
            (True, Decimal),
            ("seven", int),
            ("NaN", Decimal),
            ("2018-02-30", dt.date),
            (20180901, dt.date),
            ("yes", bool),
            (2, bool),
            ("9223372036854775808", int),
            ("-9223372036854775809", int),
            ("a\0b", str),
            ("a\0b", object),
        ],
    )
    def test_refuses_a_value_of_another_type(self, value, kind):
        with pytest.raises(MalformedFilter, match="A"):
            operand(value, kind, "A")
