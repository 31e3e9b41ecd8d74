"""Database values become JSON without a float, and filter values the column's own kind."""

import contextlib
import datetime as dt
import math
import uuid
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from node.errors import MalformedFilter
from node.protocol.wire import canonical
from node.service.sources.values import (
    APPROXIMATE,
    BEIJING,
    Kind,
    bounds,
    forms,
    operand,
    render,
    spellings,
)

VALUES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.binary()
    | st.floats()
    | st.decimals()
    | st.dates()
    | st.datetimes()
    | st.times()
    | st.uuids()
)


class TestRender:
    @pytest.mark.parametrize(
        ("value", "kind", "scale", "rendered"),
        [
            (None, Kind.DATE, None, None),
            (1, Kind.BOOLEAN, None, True),
            ("e\u0301", Kind.TEXT, None, "é"),
            ("A  ", Kind.PADDED, None, "A"),
            (2**53 - 1, Kind.INTEGER, None, 2**53 - 1),
            (2**53, Kind.INTEGER, None, "9007199254740992"),
            (-(2**53), Kind.INTEGER, None, "-9007199254740992"),
            (60, Kind.INTEGER, 2, "60.00"),
            (60, Kind.INTEGER, 0, 60),
            (89.65, Kind.LOOSE, None, "89.65"),
            (89.6, Kind.LOOSE, 2, "89.60"),
            (60, Kind.LOOSE, 2, "60.00"),
            (0.1 + 0.2, Kind.FLOAT, None, "0.30000000000000004"),
            (-0.001, Kind.FLOAT, 2, "0.00"),
            (0.10000000149011612, Kind.SINGLE, None, "0.1"),
            (Decimal("1E+3"), Kind.DECIMAL, None, "1000"),
            (Decimal("0.10"), Kind.DECIMAL, 1, "0.1"),
            ("2026-02-27 10:05", Kind.MOMENT, None, "2026-02-27T10:05:00"),
            ("2026-02-27 02:05:00Z", Kind.INSTANT, None, "2026-02-27T10:05:00+08:00"),
            ("1900-01-01 08:05:43+08:05:43", Kind.INSTANT, None, "1900-01-01T08:00:00+08:00"),
            (dt.time(8, 30), Kind.TIME, None, "08:30:00"),
            (uuid.UUID(int=1), Kind.UUID, None, "00000000-0000-0000-0000-000000000001"),
        ],
    )
    def test_renders_what_a_database_holds(self, value, kind, scale, rendered):
        assert render(value, kind, scale) == rendered

    @pytest.mark.parametrize(
        ("value", "kind", "scale"),
        [
            (b"\x00", Kind.TEXT, None),
            ("a\0b", Kind.TEXT, None),
            (math.nan, Kind.FLOAT, None),
            (Decimal("Infinity"), Kind.DECIMAL, None),
            (Decimal("sNaN"), Kind.DECIMAL, 2),
            (Decimal("0.101"), Kind.DECIMAL, 2),
            (12345678901234567.0, Kind.LOOSE, None),
            (12345678901234567.0, Kind.FLOAT, 2),
            (True, Kind.INTEGER, None),
            (2, Kind.BOOLEAN, None),
            ("2018-02-30", Kind.DATE, None),
            ("20180401", Kind.DATE, None),
            ("２０１８-04-01", Kind.DATE, None),
            ("2018-04-01T24:00", Kind.MOMENT, None),
            ("0001-01-01 00:00:00Z", Kind.MOMENT, None),
            ("9999-12-31 23:00:00-08", Kind.INSTANT, None),
            ("2018-W14-1", Kind.DATE, None),
            (object(), Kind.CLOSED, None),
        ],
    )
    def test_refuses_what_cannot_be_shared_and_does_not_say_it(self, value, kind, scale):
        with pytest.raises(ValueError) as refused:  # noqa: PT011 - its very kind
            render(value, kind, scale)
        assert not isinstance(value, str) or value not in str(refused.value)

    @given(VALUES, st.sampled_from(Kind), st.none() | st.integers(0, 38))
    def test_is_what_canonical_json_takes_or_is_refused(self, value, kind, scale):
        try:
            rendered = render(value, kind, scale)
        except ValueError:
            return
        assert not isinstance(rendered, float)
        canonical.dumps(rendered)


class TestOperand:
    @pytest.mark.parametrize(
        ("value", "kind", "read"),
        [
            ("x", Kind.TEXT, "x"),
            (7, Kind.INTEGER, 7),
            ("7", Kind.INTEGER, 7),
            ("7.00", Kind.INTEGER, 7),
            ("89.65", Kind.DECIMAL, Decimal("89.65")),
            (7, Kind.DECIMAL, Decimal(7)),
            ("true", Kind.BOOLEAN, True),
            (False, Kind.BOOLEAN, False),
            ("0", Kind.BOOLEAN, False),
            ("2018-09-01", Kind.DATE, dt.date(2018, 9, 1)),
            ("08:30:00", Kind.TIME, dt.time(8, 30)),
            ("2018-09-01", Kind.MOMENT, dt.datetime(2018, 9, 1)),  # noqa: DTZ001 - has none
            ("2018-09-01T00:00:00", Kind.INSTANT, dt.datetime(2018, 9, 1, tzinfo=BEIJING)),
            ("-9223372036854775808", Kind.INTEGER, -(2**63)),
            ("x", Kind.ANY, "x"),
            (7, Kind.ANY, 7),
        ],
    )
    def test_reads_a_value_as_the_columns_kind(self, value, kind, read):
        assert operand(value, kind, "A") == read

    def test_reads_unsigned_integers_where_the_engine_has_them(self):
        assert operand(str(2**64 - 1), Kind.INTEGER, "A", 2**64) == 2**64 - 1

    @pytest.mark.parametrize(
        ("value", "kind"),
        [
            (7, Kind.TEXT),
            (True, Kind.INTEGER),
            (True, Kind.DECIMAL),
            ("seven", Kind.INTEGER),
            ("7.5", Kind.INTEGER),
            ("NaN", Kind.DECIMAL),
            ("1e999999", Kind.DECIMAL),
            ("1e-999999", Kind.FLOAT),
            ("2018-02-30", Kind.DATE),
            (20180901, Kind.DATE),
            ("2018-09-01T00:00:00Z", Kind.MOMENT),
            ("yes", Kind.BOOLEAN),
            (2, Kind.BOOLEAN),
            ("9223372036854775808", Kind.INTEGER),
            ("-9223372036854775809", Kind.INTEGER),
            ("a\0b", Kind.TEXT),
            ("{}", Kind.JSON),
        ],
    )
    def test_refuses_a_value_of_another_kind(self, value, kind):
        with pytest.raises(MalformedFilter, match="A"):
            operand(value, kind, "A")

    @given(st.text(max_size=40) | st.integers() | st.booleans(), st.sampled_from(Kind))
    def test_reads_any_value_or_refuses_it(self, value, kind):
        with contextlib.suppress(MalformedFilter):
            operand(value, kind, "A")


class TestBounds:
    @given(
        st.floats(-1e11, 1e11), st.none() | st.integers(0, 4), st.sampled_from(sorted(APPROXIMATE))
    )
    @example(0.145, 2, Kind.FLOAT)
    @example(-0.005, 2, Kind.SINGLE)
    @example(13968112129.0, None, Kind.SINGLE)  # nearly halfway between two singles
    def test_hold_what_is_served_as_a_value_and_nothing_else(self, number, scale, kind):
        try:
            served = render(number, kind, scale)
        except ValueError:
            return
        if kind is Kind.SINGLE:
            number = bounds(Decimal(repr(number)), kind, None)[0]
            served = render(number, kind, scale)
        least, most = bounds(Decimal(str(served)), kind, scale)
        assert least <= number <= most
        for beyond in (math.nextafter(least, -math.inf), math.nextafter(most, math.inf)):
            if kind is not Kind.SINGLE:
                assert render(beyond, Kind.FLOAT, scale) != served


class TestSpellings:
    @given(st.datetimes(min_value=dt.datetime(1, 1, 1)))  # noqa: DTZ001 - has none
    def test_begin_and_end_all_ways_to_write_a_moment(self, moment):
        least, most = spellings(moment)
        for precision in ("minutes", "seconds", "milliseconds", "microseconds"):
            text = moment.isoformat(" ", precision)
            same = dt.datetime.fromisoformat(text) == moment
            assert (least <= text <= most) == same

    def test_of_midnight_begin_with_the_day_alone(self):
        midnight = dt.datetime(2026, 2, 27)  # noqa: DTZ001 - has none
        assert spellings(midnight) == ("2026-02-27", "2026-02-27 00:00:00.000000")


def test_forms_are_what_was_given_and_both_normal_forms():
    assert forms("abc") == ("abc",)
    assert forms("\u212b") == ("\u212b", "\u00c5", "A\u030a")
