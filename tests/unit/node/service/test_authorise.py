"""The verdict on a call: each code for its own reason, and nothing permitted by accident."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node import errors
from node.protocol.ledger.enums import (
    AuthorisationState,
    DepartmentStatus,
    EntryState,
    KeyKind,
    Mode,
)
from node.protocol.ledger.judge import LEDGER_CODES, find_refusal, standing_of
from node.protocol.wire import ids
from node.service.authorise import permit, refusal
from node.service.needs import Condition
from node.service.request import Query

from . import common as c

SNAPSHOT = c.snapshot()
OWN = standing_of(SNAPSHOT)


def query(items=("XM",), where=(), purpose=c.PURPOSE):
    return Query(purpose, tuple(items), tuple(where), 100, None, "张三", "A-1")


def refused(now=c.NOW, **changes):
    """Return what a caller gets where the ledger refuses a snapshot with these facts."""
    snapshot = c.snapshot(**changes)
    standing = standing_of(snapshot)
    code = find_refusal(standing, c.PROVIDER, now)
    return None if code is None else refusal(code, standing, snapshot)


class TestRefusal:
    @pytest.mark.parametrize(
        "changes",
        [
            {"authorisation": None},
            {"key": c.key(holder=b"\x0e" * 32)},
            {"key": c.key(kind=KeyKind.DEPARTMENT, holder=c.APPLICATION)},
        ],
        ids=["no such number", "another's", "not an application's key"],
    )
    def test_knows_no_authorisation_but_the_applications_own(self, changes):
        error = refused(**changes)
        assert type(error) is errors.AuthorisationUnknown
        assert error.message == "no such authorisation, or not this application's"

    def test_permits_in_the_three_states_of_service(self):
        for state in (
            AuthorisationState.AGREED,
            AuthorisationState.DELIVERED,
            AuthorisationState.ACTIVE,
        ):
            assert refused(authorisation=c.authorisation(state=state)) is None

    @pytest.mark.parametrize(
        ("state", "error"),
        [
            (AuthorisationState.APPLIED, errors.AuthorisationNotAgreed),
            (AuthorisationState.FORWARDED, errors.AuthorisationNotAgreed),
            (AuthorisationState.RETURNED, errors.AuthorisationNotAgreed),
            (AuthorisationState.SUPPLEMENTING, errors.AuthorisationNotAgreed),
            (AuthorisationState.REFUSED, errors.AuthorisationNotAgreed),
            (AuthorisationState.WITHDRAWN, errors.AuthorisationNotAgreed),
            (0, errors.AuthorisationUnknown),
            (99, errors.AuthorisationTerminated),
            (AuthorisationState.SUSPENDED, errors.AuthorisationSuspended),
            (AuthorisationState.RECTIFIED, errors.AuthorisationSuspended),
            (AuthorisationState.TERMINATED, errors.AuthorisationTerminated),
            (AuthorisationState.DISPOSED, errors.AuthorisationTerminated),
            (AuthorisationState.CLOSED, errors.AuthorisationTerminated),
        ],
    )
    def test_refuses_in_every_other_state(self, state, error):
        assert type(refused(authorisation=c.authorisation(state=state))) is error

    def test_says_when_it_starts_and_when_it_ended(self):
        one = c.authorisation(valid_from=c.NOW, valid_until=c.NOW + 1)
        assert refused(authorisation=one) is None
        early = refused(c.NOW - 1, authorisation=one)
        assert type(early) is errors.AuthorisationNotStarted
        assert early.facts == {"validFrom": c.NOW}
        late = refused(c.NOW + 1, authorisation=one)
        assert type(late) is errors.AuthorisationExpired
        assert late.facts == {"validUntil": c.NOW + 1}

    @pytest.mark.parametrize("side", ["provider", "consumer"])
    def test_names_the_department_that_is_suspended(self, side):
        named = {"provider": c.PROVIDER, "consumer": c.CONSUMER}[side]
        fact = c.department(named, "", DepartmentStatus.SUSPENDED)
        error = refused(**{side: fact})
        assert type(error) is errors.DepartmentSuspended
        assert error.facts == {"department": ids.department_code(named)}

    def test_names_the_entry_that_is_frozen(self):
        error = refused(entry=c.entry(frozen=True))
        assert type(error) is errors.EntryFrozen
        assert error.facts == {"entry": c.ENTRY.hex()}

    def test_serves_a_withdrawn_entry_until_the_grant_ends(self):
        assert refused(entry=c.entry(state=EntryState.WITHDRAWN)) is None

    @pytest.mark.parametrize("mode", [Mode.BATCH, Mode.FILE, Mode.STATISTICS])
    def test_names_another_mode(self, mode):
        error = refused(authorisation=c.authorisation(mode=mode))
        assert type(error) is errors.ModeNotGranted
        assert error.facts == {"mode": mode}

    def test_has_words_for_every_code_the_ledger_gives(self):
        for code in LEDGER_CODES:
            assert refusal(code, OWN, SNAPSHOT).code == code


class TestPermit:
    def test_returns_items_and_masks_of_what_was_asked(self):
        verdict = permit(OWN, c.NOW, query(["CSRQ", "XM"]), c.Version(), None)
        assert (verdict.items, verdict.masked) == (0b101, 0b001)
        assert verdict.masks == {"XM": "keep:1,0"}

    def test_names_the_purpose_that_is_not_granted(self):
        with pytest.raises(errors.PurposeNotGranted, match="催收"):
            permit(OWN, c.NOW, query(purpose="催收"), c.Version(), None)

    @pytest.mark.parametrize("item", ["SECRET", "NO_SUCH"])
    def test_names_the_item_that_is_not_granted(self, item):
        with pytest.raises(errors.ItemNotGranted) as refused:
            permit(OWN, c.NOW, query(["XM", item]), c.Version(), None)
        assert refused.value.facts["item"] == item

    @pytest.mark.parametrize("item", ["SECRET", "NO_SUCH", "BZ"])
    def test_refuses_to_filter_by_what_is_not_granted_or_not_filterable(self, item):
        with pytest.raises(errors.FilterNotGranted, match=item):
            permit(OWN, c.NOW, query(where=[Condition(item, "eq", "x")]), c.Version(), None)

    def test_filters_by_a_filter_only_item_that_is_not_granted(self):
        where = [Condition("SECRET", "ge", "x")]
        verdict = permit(
            OWN, c.NOW, query(where=where), c.Version(), c.Terms(filter_only=("SECRET",))
        )
        assert verdict.conditions == tuple(where)

    @pytest.mark.parametrize("operator", ["ge", "le", "prefix"])
    def test_does_not_let_a_masked_value_be_read_out_by_ranges(self, operator):
        with pytest.raises(errors.FilterNotGranted, match="masked"):
            permit(OWN, c.NOW, query(where=[Condition("GMSFHM", operator, "1")]), c.Version(), None)

    def test_adds_the_row_scope_of_the_terms(self):
        terms = c.Terms(row_scope={"SECRET": {"eq": "public"}})
        where = (Condition("GMSFHM", "eq", "1"),)
        verdict = permit(OWN, c.NOW, query(where=where), c.Version(), terms)
        assert verdict.conditions == (*where, Condition("SECRET", "eq", "public"))

    def test_lets_the_terms_mask_more(self):
        verdict = permit(OWN, c.NOW, query(["CSRQ"]), c.Version(), c.Terms(masks={"CSRQ": "year"}))
        assert (verdict.masked, verdict.masks) == (0b100, {"CSRQ": "year"})

    @given(
        granted=st.integers(0, 63),
        asked=st.sets(st.sampled_from([item.code for item in c.Version().items]), min_size=1),
    )
    def test_permits_exactly_the_subsets_of_what_is_granted(self, granted, asked):
        own = replace(OWN, items=granted)
        codes = [item.code for item in c.Version().items]
        allowed = {code for index, code in enumerate(codes) if granted >> index & 1}
        if asked <= allowed:
            verdict = permit(own, c.NOW, query(sorted(asked)), c.Version(), None)
            assert verdict.items == sum(1 << codes.index(code) for code in asked)
        else:
            with pytest.raises(errors.ItemNotGranted):
                permit(own, c.NOW, query(sorted(asked)), c.Version(), None)
