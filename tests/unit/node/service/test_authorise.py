"""The verdict on a call: each code for its own reason, and nothing permitted by accident."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node import errors
from node.protocol.evm.blocks import BlockRef
from node.protocol.ledger.enums import (
    AuthorisationState,
    DepartmentStatus,
    EntryState,
    KeyKind,
    Mode,
)
from node.service.authorise import (
    Standing,
    in_force,
    live_key,
    permit,
    standing,
)
from node.service.ports import Condition
from node.service.request import Query

from . import common as c

OWN = Standing(c.authorisation(), c.entry())


def query(items=("XM",), where=(), purpose=c.PURPOSE):
    return Query(purpose, tuple(items), tuple(where), 100, None, "张三", "A-1")


class TestLiveKey:
    def test_returns_a_key_in_force(self):
        assert live_key(c.snapshot(), c.NOW) == c.key()

    @pytest.mark.parametrize(
        "key",
        [
            None,
            c.key(revoked_at=c.NOW + 5),
            c.key(valid_from=c.NOW + 1),
            c.key(valid_until=c.NOW),
        ],
        ids=["unknown", "revoked", "not yet valid", "no longer valid"],
    )
    def test_says_the_same_for_every_key_that_is_not(self, key):
        with pytest.raises(errors.SignatureInvalid) as refused:
            live_key(c.snapshot(key=key), c.NOW)
        assert refused.value.message == "the signature does not hold for a key in force"


class TestStanding:
    def test_returns_the_applications_own_authorisation(self):
        snapshot = c.snapshot()
        assert standing(snapshot, c.key()) == OWN

    @pytest.mark.parametrize(
        ("snapshot", "key"),
        [
            (c.snapshot(authorisation=None), c.key()),
            (c.snapshot(entry=None), c.key()),
            (c.snapshot(), c.key(holder=b"\x0e" * 32)),
            (c.snapshot(), c.key(kind=KeyKind.DEPARTMENT, holder=c.APPLICATION)),
        ],
        ids=["no such number", "no such entry", "another's", "not an application's key"],
    )
    def test_knows_no_other(self, snapshot, key):
        with pytest.raises(errors.AuthorisationUnknown) as refused:
            standing(snapshot, key)
        assert refused.value.message == "no such authorisation, or not this application's"


class TestInForce:
    def test_permits_in_the_three_states_of_service(self):
        for state in (
            AuthorisationState.AGREED,
            AuthorisationState.DELIVERED,
            AuthorisationState.ACTIVE,
        ):
            own = replace(OWN, authorisation=c.authorisation(state=state))
            in_force(c.snapshot(), own, c.NOW)

    @pytest.mark.parametrize(
        ("state", "error"),
        [
            (AuthorisationState.APPLIED, errors.AuthorisationNotAgreed),
            (AuthorisationState.FORWARDED, errors.AuthorisationNotAgreed),
            (AuthorisationState.RETURNED, errors.AuthorisationNotAgreed),
            (AuthorisationState.SUPPLEMENTING, errors.AuthorisationNotAgreed),
            (AuthorisationState.REFUSED, errors.AuthorisationNotAgreed),
            (AuthorisationState.WITHDRAWN, errors.AuthorisationNotAgreed),
            (0, errors.AuthorisationNotAgreed),
            (99, errors.AuthorisationNotAgreed),
            (AuthorisationState.SUSPENDED, errors.AuthorisationSuspended),
            (AuthorisationState.RECTIFIED, errors.AuthorisationSuspended),
            (AuthorisationState.TERMINATED, errors.AuthorisationTerminated),
            (AuthorisationState.DISPOSED, errors.AuthorisationTerminated),
            (AuthorisationState.CLOSED, errors.AuthorisationTerminated),
        ],
    )
    def test_refuses_in_every_other_state(self, state, error):
        with pytest.raises(error):
            in_force(c.snapshot(), replace(OWN, authorisation=c.authorisation(state=state)), c.NOW)

    def test_starts_with_its_first_second_and_ends_before_its_last(self):
        own = replace(OWN, authorisation=c.authorisation(valid_from=c.NOW, valid_until=c.NOW + 1))
        in_force(c.snapshot(), own, c.NOW)
        with pytest.raises(errors.AuthorisationNotStarted):
            in_force(c.snapshot(), own, c.NOW - 1)
        with pytest.raises(errors.AuthorisationExpired):
            in_force(c.snapshot(), own, c.NOW + 1)

    def test_takes_the_blocks_time_when_the_clock_is_behind_it(self):
        late = BlockRef(812, bytes(32), c.NOW + 500)
        with pytest.raises(errors.AuthorisationExpired):
            in_force(c.snapshot(block=late), OWN, c.NOW)

    @pytest.mark.parametrize("side", ["provider", "consumer"])
    def test_refuses_when_either_department_is_suspended(self, side):
        fact = c.department(c.PROVIDER, c.PROVIDER_CODE, DepartmentStatus.SUSPENDED)
        with pytest.raises(errors.DepartmentSuspended, match=c.PROVIDER_CODE):
            in_force(c.snapshot(**{side: fact}), OWN, c.NOW)

    @pytest.mark.parametrize("change", [{"frozen": True}, {"state": EntryState.FROZEN}])
    def test_refuses_when_the_entry_is_frozen(self, change):
        with pytest.raises(errors.EntryFrozen):
            in_force(c.snapshot(), replace(OWN, entry=c.entry(**change)), c.NOW)

    def test_serves_a_withdrawn_entry_until_the_grant_ends(self):
        own = replace(OWN, entry=c.entry(state=EntryState.WITHDRAWN))
        in_force(c.snapshot(), own, c.NOW)

    @pytest.mark.parametrize("mode", [Mode.BATCH, Mode.FILE, Mode.STATISTICS])
    def test_refuses_another_mode(self, mode):
        with pytest.raises(errors.ModeNotGranted):
            in_force(c.snapshot(), replace(OWN, authorisation=c.authorisation(mode=mode)), c.NOW)


class TestPermit:
    def test_returns_items_and_masks_of_what_was_asked(self):
        verdict = permit(OWN, query(["CSRQ", "XM"]), c.Version(), None)
        assert (verdict.items, verdict.masked) == (0b101, 0b001)
        assert verdict.masks == {"XM": "keep:1,0"}

    def test_names_the_purpose_that_is_not_granted(self):
        with pytest.raises(errors.PurposeNotGranted, match="催收"):
            permit(OWN, query(purpose="催收"), c.Version(), None)

    @pytest.mark.parametrize("item", ["SECRET", "NO_SUCH"])
    def test_names_the_item_that_is_not_granted(self, item):
        with pytest.raises(errors.ItemNotGranted) as refused:
            permit(OWN, query(["XM", item]), c.Version(), None)
        assert refused.value.facts["item"] == item

    @pytest.mark.parametrize("item", ["SECRET", "NO_SUCH", "BZ"])
    def test_refuses_to_filter_by_what_is_not_granted_or_not_filterable(self, item):
        with pytest.raises(errors.FilterNotGranted, match=item):
            permit(OWN, query(where=[Condition(item, "eq", "x")]), c.Version(), None)

    def test_filters_by_a_filter_only_item_that_is_not_granted(self):
        where = [Condition("SECRET", "ge", "x")]
        verdict = permit(OWN, query(where=where), c.Version(), c.Terms(filter_only=("SECRET",)))
        assert verdict.conditions == tuple(where)

    @pytest.mark.parametrize("operator", ["ge", "le", "prefix"])
    def test_does_not_let_a_masked_value_be_read_out_by_ranges(self, operator):
        with pytest.raises(errors.FilterNotGranted, match="masked"):
            permit(OWN, query(where=[Condition("GMSFHM", operator, "1")]), c.Version(), None)

    def test_adds_the_row_scope_of_the_terms(self):
        terms = c.Terms(row_scope={"SECRET": {"eq": "public"}})
        where = (Condition("GMSFHM", "eq", "1"),)
        verdict = permit(OWN, query(where=where), c.Version(), terms)
        assert verdict.conditions == (*where, Condition("SECRET", "eq", "public"))

    def test_lets_the_terms_mask_more(self):
        verdict = permit(OWN, query(["CSRQ"]), c.Version(), c.Terms(masks={"CSRQ": "year"}))
        assert (verdict.masked, verdict.masks) == (0b100, {"CSRQ": "year"})

    @given(
        granted=st.integers(0, 63),
        asked=st.sets(st.sampled_from([item.code for item in c.Version().items]), min_size=1),
    )
    def test_permits_exactly_the_subsets_of_what_is_granted(self, granted, asked):
        own = replace(OWN, authorisation=c.authorisation(items=granted))
        codes = [item.code for item in c.Version().items]
        allowed = {code for index, code in enumerate(codes) if granted >> index & 1}
        if asked <= allowed:
            verdict = permit(own, query(sorted(asked)), c.Version(), None)
            assert verdict.items == sum(1 << codes.index(code) for code in asked)
        else:
            with pytest.raises(errors.ItemNotGranted):
                permit(own, query(sorted(asked)), c.Version(), None)
