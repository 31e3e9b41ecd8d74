"""A call from its signature to its receipt: real ciphers, a real log, a real table."""

import asyncio
import sqlite3
import time
from dataclasses import replace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from node import errors
from node.client.checks import check_answer, check_refusal
from node.crypto import SoftwareSigner, sm3
from node.protocol.ledger.enums import AuthorisationState, KeyKind
from node.protocol.wire import (
    canonical,
    encoding,
    ids,
    signedcall,
)
from node.protocol.wire.envelope import envelope_bytes
from node.protocol.wire.receipt import Receipt
from node.service.needs import Page
from node.service.workers import MAY_WAIT, WAITS, Next
from tests.common import calls
from tests.common.calls import City, asked, body


@pytest.fixture
def city(tmp_path):
    city = City(tmp_path)
    yield city
    city.close()


def refusal(city, call):
    """Serve a call that must be refused; return the error with its checked receipt."""
    with pytest.raises(errors.LedgerError) as refused:
        city.handle(call)
    return refused.value, check_refusal(asked(call), refused.value, city)


class TestServed:
    def test_gives_the_rows_masked_rendered_and_provable(self, city):
        call = city.sign(body())
        answer = city.handle(call)
        opened = check_answer(asked(call), answer, city, city.unwrapper)
        assert opened.rows == [{"XM": "张**", "MJ": "60.75", "CSRQ": "2018-04-01"}]
        assert opened.masked == ["XM"]
        assert opened.as_of == "2026-09-21T14:13:20Z"
        assert answer["remaining"] == {"calls": 999_999, "rows": 999_999}

    def test_writes_the_leaf_of_the_call_before_it_answers(self, city):
        call = city.sign(body())
        receipt = Receipt.parse(city.handle(call)["receipt"])
        assert city.size == 1
        assert city.reader.entry(city.identity.log, 0) == receipt.leaf
        leaf = receipt.parsed_leaf
        assert (leaf.base, leaf.signature, leaf.event) == (
            call[0].base,
            call[0].signature,
            call[0].event,
        )
        assert (leaf.outcome, leaf.number, leaf.rows, leaf.custody) == ("served", 1, 1, "own")
        assert (leaf.entry, leaf.version, leaf.revision) == (calls.ENTRY, 2, 1)
        assert (leaf.items, leaf.masked) == (0b01101, 0b00001)
        assert (leaf.block_number, leaf.block_hash) == (812, b"\x0c" * 32)

    def test_keeps_no_personal_data_in_the_leaf(self, city):
        city.query()
        leaf = city.reader.entry(city.identity.log, 0).decode()
        for secret in ("130902200001010003", "张三", "李老师", "2026-0001"):
            assert secret not in leaf

    def test_keeps_the_request_sealed_for_an_auditor(self, city):
        call = city.sign(body())
        city.handle(call)
        kept = city.reader.request(city.identity.log, 0)
        assert "李老师".encode() not in kept
        assert city.seals.open_request(call[0].event, kept) == call[2]

    def test_pages_through_all_rows_by_an_opaque_cursor(self, city):
        seen, after = [], None
        while True:
            call = city.sign(body(where={}, items=["MJ"], page={"size": 100, "after": after}))
            opened = check_answer(asked(call, ("MJ",)), city.handle(call), city, city.unwrapper)
            seen += [row["MJ"] for row in opened.rows]
            after = opened.next
            if after is None:
                break
            assert "1309" not in after
        assert seen == [f"{60 + n / 4:.2f}" for n in range(calls.ROWS)]

    def test_does_not_take_another_authorisations_cursor(self, city):
        cursor = city.seals.seal_cursor("130902200001010003", 99)
        error, receipt = refusal(city, city.sign(body(page={"size": 1, "after": cursor})))
        assert isinstance(error, errors.InvalidInput)
        assert receipt.parsed_leaf.outcome == "malformed-request"

    def test_uses_one_data_key_for_an_hour(self, city):
        first, second = city.query(), city.query()
        assert first["sealed"]["recipients"] == second["sealed"]["recipients"]
        assert first["sealed"]["iv"] != second["sealed"]["iv"]
        city.now += 3600
        assert city.query()["sealed"]["recipients"] != first["sealed"]["recipients"]

    def test_numbers_the_calls_of_an_authorisation_and_links_them(self, city):
        leaves = [Receipt.parse(city.query()["receipt"]).parsed_leaf for _ in range(3)]
        assert [leaf.number for leaf in leaves] == [1, 2, 3]
        assert len({leaf.prev for leaf in leaves}) == 3

    def test_serves_many_calls_at_once(self, city):
        signed = [city.sign(body()) for _ in range(40)]

        async def serve():
            return await asyncio.gather(*(city.service.handle(*call) for call in signed))

        assert len(asyncio.run(serve())) == 40
        assert city.size == 40


class TestResend:
    def test_gets_the_same_answer_uncounted(self, city):
        call = city.sign(body())
        first, again = city.handle(call), city.handle(call)
        assert again == first
        assert city.size == 1

    def test_gets_the_stored_answer_after_a_suspension_too(self, city):
        call = city.sign(body())
        first = city.handle(call)
        city.ledger.change(state=AuthorisationState.SUSPENDED)
        assert city.handle(call) == first

    def test_gets_the_same_refusal(self, city):
        call = city.sign(body(items=["SECRET"]))
        first, second = refusal(city, call), refusal(city, call)
        assert first[1] == second[1]
        assert city.size == 1

    def test_gets_the_stored_answer_for_ten_minutes_after_the_signatures_own_five(self, city):
        call = city.sign(body())
        city.now += 299
        first = city.handle(call)
        city.now += 600
        assert city.handle(call) == first
        assert city.size == 1

    def test_is_looked_for_in_a_step_that_may_wait(self, city, monkeypatch):
        """Its entry may be in a tile store that hangs, and calls taken with it do not."""
        call = city.sign(body())
        city.handle(call)
        city.now += 301
        said: list[Next] = []
        then: list[Next] = []
        monkeypatch.setattr(city.service, "_find_stored", lambda *_: then.append(said[-1]))
        steps = city.service._handling(*call, 0.0, lambda _: None)
        while (step := next(steps, None)) is not None:
            said.append(step)
        assert then == [MAY_WAIT]

    def test_is_a_replay_after_ten_minutes(self, city):
        call = city.sign(body())
        city.handle(call)
        first = city.reader.receipt(city.identity.log, 0)
        city.now += 601
        error, receipt = refusal(city, call)
        assert isinstance(error, errors.CallReplayed)
        assert receipt.leaf == first.leaf

    def test_is_not_looked_for_once_both_windows_are_over(self, city):
        call = city.sign(body())
        city.handle(call)
        city.now += 901
        with pytest.raises(errors.ClockSkew):
            city.handle(call)

    def test_of_a_late_call_that_was_never_answered_is_late(self, city):
        call = city.sign(body())
        city.now += 301
        with pytest.raises(errors.ClockSkew):
            city.handle(call)
        assert city.size == 0

    def test_of_a_late_call_tells_a_stranger_nothing(self, city):
        call, number, data = city.sign(body())
        city.handle((call, number, data))
        city.now += 301
        forged = replace(call, signature=bytes(63) + b"\x01")
        with pytest.raises(errors.ClockSkew):
            city.handle((forged, number, data))

    def test_of_a_late_call_whose_key_was_revoked_gets_nothing(self, city):
        call = city.sign(body())
        city.handle(call)
        city.now += 301
        key = city.signer.public_key.key_id
        city.ledger.keys[key] = city.ledger.keys[key]._replace(revoked_at=int(city.now) - 1)
        with pytest.raises(errors.ClockSkew):
            city.handle(call)

    def test_refuses_one_nonce_for_two_texts_with_the_first_receipt(self, city):
        first = city.sign(body())
        kept = Receipt.parse(city.handle(first)["receipt"])
        call, number, data = city.sign(body(matter="another"))
        nonce = first[0].nonce
        forged = resign(city, call, nonce, data)
        error, receipt = refusal(city, (forged, number, data))
        assert isinstance(error, errors.CallReplayed)
        assert receipt.leaf == kept.leaf
        assert city.size == 1


def resign(city, call, nonce, data):
    """Sign `data` again with a nonce that was used before."""
    path = f"/api/v1/authorisations/{calls.AUTHORISATION}/query"
    headers = signedcall.build(
        method="POST",
        authority=calls.AUTHORITY,
        path=path,
        query="",
        content_type="application/json",
        body=data,
        created=call.created,
        nonce=nonce,
        key_id=call.key_id,
        signer=city.signer,
    )
    return signedcall.parse("POST", calls.AUTHORITY, path, "", headers, data)


class TestRefused:
    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"items": ["SECRET"]}, errors.ItemNotGranted),
            ({"purpose": "催收"}, errors.PurposeNotGranted),
            ({"where": {"SECRET": {"eq": "x"}}}, errors.FilterNotGranted),
            ({"where": {"CSRQ": {"eq": "soon"}}}, errors.MalformedFilter),
            ({"where": {"CSRQ": {"like": "%"}}}, errors.MalformedFilter),
            ({"salt": ...}, errors.InvalidInput),
            ({"scope": "all"}, errors.InvalidInput),
        ],
    )
    def test_proves_why(self, city, changes, error):
        refused, receipt = refusal(city, city.sign(body(**changes)))
        assert type(refused) is error
        leaf = receipt.parsed_leaf
        assert (leaf.outcome, leaf.number, leaf.rows, leaf.answer, leaf.plain) == (
            error.code,
            1,
            0,
            None,
            None,
        )

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"state": AuthorisationState.SUSPENDED}, errors.AuthorisationSuspended),
            ({"state": AuthorisationState.TERMINATED}, errors.AuthorisationTerminated),
            ({"valid_until": calls.START}, errors.AuthorisationExpired),
            ({"valid_from": calls.START + 1}, errors.AuthorisationNotStarted),
        ],
    )
    def test_follows_the_authorisation(self, city, changes, error):
        city.ledger.change(**changes)
        refused, receipt = refusal(city, city.sign(body()))
        assert type(refused) is error
        assert receipt.parsed_leaf.outcome == error.code

    def test_says_what_a_paper_says_is_wrong(self, city):
        city.papers.failure = errors.Contradictory("differs in items")
        assert isinstance(refusal(city, city.sign(body()))[0], errors.Contradictory)

    def test_counts_calls_by_the_day(self, city):
        city.ledger.change(calls_per_day=2)
        city.query()
        city.query()
        refused, receipt = refusal(city, city.sign(body()))
        assert isinstance(refused, errors.QuotaCalls)
        assert refused.facts["reset"] == "2026-09-21T16:00:00Z"
        assert receipt.parsed_leaf.outcome == "quota-calls"
        city.now += 2 * 3600
        assert city.query()["remaining"]["calls"] == 1

    def test_counts_rows_by_the_day(self, city):
        city.ledger.change(rows_per_day=150)
        city.query(where={})
        refused, receipt = refusal(city, city.sign(body(where={})))
        assert isinstance(refused, errors.QuotaRows)
        assert receipt.parsed_leaf.rows == 0
        assert city.query(where={}, page={"size": 50, "after": None})["remaining"]["rows"] == 0

    def test_logs_a_source_that_does_not_answer(self, city, tmp_path):
        (tmp_path / "people.db").unlink()
        (tmp_path / "people.db").write_bytes(b"not a database at all")
        refused, receipt = refusal(city, city.sign(body()))
        assert isinstance(refused, errors.SourceUnavailable)
        assert receipt.parsed_leaf.outcome == "source-unavailable"

    def test_takes_json_only(self, city):
        call = city.sign(body(), content_type="text/plain")
        assert isinstance(refusal(city, call)[0], errors.InvalidInput)
        city.handle(city.sign(body(), content_type="application/json;charset=utf-8"))


class Faulty:
    """A source that does whatever a test has it do."""

    def __init__(self, act):
        self.act = act

    def fetch(self, query):
        return self.act(query)


def raising(error):
    def act(_query):
        raise error

    return Faulty(act)


VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.text(st.characters(exclude_categories=[])),
    st.binary(),
    st.datetimes(),
    st.dates(),
    st.times(),
    st.timedeltas(),
    st.uuids(),
    st.complex_numbers(),
    st.lists(st.integers()),
    st.builds(object),
)
RAISED = st.sampled_from(
    [
        *(ValueError, TypeError, KeyError, IndexError, ArithmeticError, AssertionError, OSError),
        *(MemoryError, RecursionError, RuntimeError, StopIteration, UnicodeError, Exception),
        *(sqlite3.OperationalError, errors.SourceUnavailable, errors.MalformedFilter),
    ]
)
NONSENSE: list[Any] = [
    *(None, 7, Page([{}], None), Page([{"XM": "a"}], None)),
    *(Page([], cast("Any", object())), Page(cast("Any", None), 1)),
]
FUZZED = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


class TestSources:
    """Whatever a source does, its caller gets a leaf and a receipt."""

    @FUZZED
    @given(kind=RAISED)
    def test_that_raise_are_refusals_with_a_receipt(self, city, kind):
        city.sources[calls.ENTRY] = raising(kind("张三 130902200001010003"))
        error, receipt = refusal(city, city.sign(body()))
        assert error.code in {"source-unavailable", "malformed-filter"}
        assert receipt.parsed_leaf.outcome == error.code

    @FUZZED
    @given(values=st.lists(VALUES, min_size=3, max_size=3))
    def test_that_hold_anything_are_served_or_refused_with_a_receipt(self, city, values):
        row = dict(zip(("XM", "MJ", "CSRQ"), values, strict=True))
        city.sources[calls.ENTRY] = Faulty(lambda _query: Page([row], None))
        call = city.sign(body())
        try:
            answer = city.handle(call)
        except errors.SourceUnavailable as error:
            receipt = check_refusal(asked(call), error, city)
        else:
            receipt = check_answer(asked(call), answer, city, city.unwrapper).receipt
        assert receipt is not None

    @pytest.mark.parametrize("page", NONSENSE)
    def test_that_answer_nonsense_are_refusals_with_a_receipt(self, city, page):
        city.sources[calls.ENTRY] = Faulty(lambda _query: page)
        error, receipt = refusal(city, city.sign(body()))
        assert isinstance(error, errors.SourceUnavailable)
        assert receipt.parsed_leaf.outcome == "source-unavailable"

    @pytest.mark.parametrize("stored", ["2018-4-1", "0000-00-00", "", 20180401, b"\xff"])
    def test_with_a_date_that_is_none_are_refusals_with_a_receipt_and_name_the_row_at_home(
        self, city, tmp_path, stored, caplog
    ):
        with sqlite3.connect(tmp_path / "people.db") as database:
            database.execute("update person set born = ?", (stored,))
        error, receipt = refusal(city, city.sign(body()))
        assert isinstance(error, errors.SourceUnavailable)
        assert receipt.parsed_leaf.number == 1
        [record] = caplog.records
        assert record.msg == "source-unfit"
        assert vars(record)["facts"] == {
            "table": "person",
            "column": "born",
            "reason": "no date of the form 2018-04-01",
            "row": "130902200001010003",
        }
        assert "130902" not in f"{error.message} {error.facts}"

    def test_that_keep_their_asker_waiting_are_asked_by_several_at_once(self, city):
        def slow(_query):
            time.sleep(0.002)
            raise OSError("far away")

        def said():
            steps = city.service._handling(*city.sign(body()), 0.0, lambda _: None)
            return list(steps)

        city.sources[calls.ENTRY] = Faulty(slow)
        assert WAITS not in said()
        assert WAITS in said()

    def test_tell_the_operator_what_broke_and_nobody_what_the_data_was(self, city, caplog):
        city.sources[calls.ENTRY] = raising(ValueError("张三 130902200001010003"))
        error, _ = refusal(city, city.sign(body()))
        assert error.message == "the data behind the entry cannot be read or rendered"
        assert error.__cause__ is None
        [record] = caplog.records
        assert "ValueError" in record.getMessage()
        assert "test_service_calls.py:" in record.getMessage()
        for secret in ("张三", "130902"):
            assert secret not in caplog.text


class TestJudged:
    """A call is judged at one second, which stands in its leaf."""

    @pytest.mark.parametrize("drift", [-20, 0, 20])
    def test_is_the_later_of_clock_and_block_and_provable(self, city, drift):
        """A node's clock may be off from the chain's by 20 s either way."""
        city.ledger.block = replace(city.ledger.block, timestamp=int(city.now) - drift)
        call = city.sign(body(), created=city.ledger.block.timestamp)
        opened = check_answer(asked(call), city.handle(call), city, city.unwrapper)
        leaf = opened.receipt.parsed_leaf
        assert leaf.judged == max(int(city.now), city.ledger.block.timestamp)
        leaf.verify_times(block=city.ledger.block.timestamp)
        assert leaf.at == leaf.judged * 1000

    @pytest.mark.parametrize(("ahead", "served"), [(19, True), (20, False)])
    def test_rules_the_end_of_an_authorisation_when_the_clock_is_behind(self, city, ahead, served):
        city.ledger.block = replace(city.ledger.block, timestamp=int(city.now) + ahead)
        city.ledger.change(valid_until=int(city.now) + 20)
        call = city.sign(body())
        if served:
            city.handle(call)
        else:
            error, receipt = refusal(city, call)
            assert error.code == "authorisation-expired"
            assert receipt.parsed_leaf.judged == city.now + 20

    def test_rules_the_age_of_the_signature_and_the_key_too(self, city):
        key = city.signer.public_key.key_id
        city.ledger.block = replace(city.ledger.block, timestamp=int(city.now) + 20)
        with pytest.raises(errors.ClockSkew):
            city.handle(city.sign(body(), created=city.now - 281))
        city.ledger.keys[key] = city.ledger.keys[key]._replace(valid_until=int(city.now) + 20)
        with pytest.raises(errors.SignatureInvalid):
            city.handle(city.sign(body()))

    def test_a_call_that_waits_a_minute_for_the_log_leaves_none(self, city):
        def late(drafts):
            city.now += 61
            return city.writer.submit_all(drafts)

        city.service._submit_all = late
        with pytest.raises(errors.Overloaded) as refused:
            city.query()
        assert "receipt" not in refused.value.facts
        assert city.size == 0

    def test_whatever_fails_on_the_way_to_the_log_is_told_and_ends_no_thread(self, city):
        working = city.service._submit_all

        def broken(_drafts):
            raise RuntimeError("no draft was taken")

        city.service._submit_all = broken
        for _ in range(2 * len(city.service._workers._threads)):
            with pytest.raises(RuntimeError):
                city.query()
        city.service._submit_all = working
        city.query()
        assert city.size == 1


class TestStrangers:
    def test_are_told_of_no_authorisation_and_get_number_0(self, city):
        stranger = SoftwareSigner.generate()
        city.ledger.register(stranger, holder=ids.application_id(calls.CONSUMER, "other"))
        call = city.sign(body(), signer=stranger)
        refused, receipt = refusal(city, call)
        assert isinstance(refused, errors.AuthorisationUnknown)
        leaf = receipt.parsed_leaf
        assert (leaf.number, leaf.authorisation, leaf.entry) == (0, 12, bytes(32))

    def test_read_the_same_where_there_is_no_authorisation(self, city):
        stranger = SoftwareSigner.generate()
        city.ledger.register(stranger, holder=ids.application_id(calls.CONSUMER, "other"))
        named, _ = refusal(city, city.sign(body(), signer=stranger))
        missing, receipt = refusal(city, city.sign(body(), number=4711, signer=stranger))
        assert named.message == missing.message
        assert receipt.parsed_leaf.authorisation == 4711

    def test_do_not_break_the_numbers_of_the_application(self, city):
        stranger = SoftwareSigner.generate()
        city.ledger.register(stranger, holder=calls.PROVIDER, kind=KeyKind.DEPARTMENT)
        city.query()
        refusal(city, city.sign(body(), signer=stranger))
        assert Receipt.parse(city.query()["receipt"]).parsed_leaf.number == 2

    def test_keep_no_body(self, city):
        stranger = SoftwareSigner.generate()
        city.ledger.register(stranger, holder=ids.application_id(calls.CONSUMER, "other"))
        refusal(city, city.sign(body(), signer=stranger))
        refusal(city, city.sign(body(items=["SECRET"])))
        kept = [city.reader.request(city.identity.log, index) for index in (0, 1)]
        assert kept[0] is None
        assert kept[1] is not None

    def test_beyond_the_limit_of_a_day_get_no_leaf(self, tmp_path):
        city = City(tmp_path, strangers_per_day=2)
        stranger = SoftwareSigner.generate()
        city.ledger.register(stranger, holder=ids.application_id(calls.CONSUMER, "other"))
        first = city.sign(body(), signer=stranger)
        refusal(city, first)
        refusal(city, city.sign(body(), signer=stranger))
        for _ in range(3):
            error, receipt = refusal(city, city.sign(body(), signer=stranger))
            assert (error.code, receipt) == ("quota-refusals", None)
            assert error.facts["reset"] == "2026-09-21T16:00:00Z"
        assert city.size == 2
        assert refusal(city, first)[1] is not None
        city.query()
        city.now += 2 * 3600
        refusal(city, city.sign(body(), signer=stranger))
        assert city.size == 4
        city.close()

    def test_cannot_fill_the_disk(self, tmp_path):
        """Calls of 64 KiB grew the log by 140 KB each when their bodies were kept."""
        city = City(tmp_path)
        stranger = SoftwareSigner.generate()
        city.ledger.register(stranger, holder=ids.application_id(calls.CONSUMER, "other"))
        for number in range(110):
            call = city.sign(body(matter="x" * 65_000, salt=str(number)), signer=stranger)
            with pytest.raises((errors.AuthorisationUnknown, errors.QuotaRefusals)):
                city.handle(call)
        assert city.size == 100
        city.close()
        with sqlite3.connect(tmp_path / "log.db") as database:
            database.execute("pragma wal_checkpoint(truncate)")
        assert (tmp_path / "log.db").stat().st_size < 500_000

    def test_get_no_other_departments_authorisation_from_this_node(self, city):
        city.ledger.change(provider=calls.CONSUMER)
        assert isinstance(refusal(city, city.sign(body()))[0], errors.AuthorisationUnknown)


class TestNobody:
    """Calls nobody can be held to: refused without a leaf and without a receipt."""

    def refused(self, city, call, error):
        with pytest.raises(error) as refused:
            city.handle(call)
        assert "receipt" not in refused.value.facts
        assert city.size == 0
        return refused.value

    def test_unknown_keys_and_bad_signatures_read_the_same(self, city):
        unknown = city.sign(body(), signer=SoftwareSigner.generate())
        bad, number, data = city.sign(body())
        bad = replace(bad, signature=bytes(31) + b"\x01" + bytes(31) + b"\x01")
        said = [
            self.refused(city, call, errors.SignatureInvalid)
            for call in (unknown, (bad, number, data))
        ]
        assert len({error.message for error in said}) == 1
        assert {frozenset(error.facts) for error in said} == {frozenset({"base"})}

    def test_the_holder_of_a_revoked_key_is_told_so(self, city):
        key_id = city.signer.public_key.key_id
        city.ledger.keys[key_id] = city.ledger.keys[key_id]._replace(revoked_at=calls.START)
        error = self.refused(city, city.sign(body()), errors.KeyRevoked)
        assert error.facts == {"key": key_id.hex(), "revokedAt": calls.START}

    def test_the_base_that_was_rebuilt_is_told(self, city):
        call = city.sign(body(), signer=SoftwareSigner.generate())
        error = self.refused(city, call, errors.SignatureInvalid)
        assert error.facts["base"].encode() == call[0].base

    @pytest.mark.parametrize("shift", [-301, 61])
    def test_a_stale_clock_is_told_whoever_signed(self, city, shift):
        for signer in (city.signer, SoftwareSigner.generate()):
            call = city.sign(body(), created=calls.START + shift, signer=signer)
            self.refused(city, call, errors.ClockSkew)

    def test_a_ledger_that_is_behind_knows_no_caller(self, city):
        city.ledger.failure = errors.LedgerBehind("filling")
        self.refused(city, city.sign(body()), errors.LedgerBehind)

    def test_a_log_that_is_not_registered_takes_no_call(self, city):
        city.registered = False
        self.refused(city, city.sign(body()), errors.LogUnavailable)

    def test_a_log_that_cannot_be_written_serves_nothing(self, city):
        city.writer.stop()
        with pytest.raises(errors.LogUnavailable):
            city.query()


class TestClientChecks:
    def test_refuse_a_leaf_that_was_dated_back_or_judged_late(self, city):
        call = city.sign(body())
        answer = city.handle(call)
        for judged in (calls.START - 61, calls.START + 301):
            old = replace(call[0], created=2 * calls.START - judged)
            with pytest.raises(errors.ReceiptInvalid, match="judged"):
                check_answer(asked((old, call[1], call[2])), answer, city, city.unwrapper)

    def test_take_no_other_quota_without_a_receipt(self, city):
        call = city.sign(body())
        assert check_refusal(asked(call), errors.QuotaRefusals("used up"), city) is None
        for hidden in (errors.QuotaCalls("used up"), errors.QuotaRows("used up")):
            with pytest.raises(errors.ReceiptInvalid, match="without a receipt"):
                check_refusal(asked(call), hidden, city)

    def test_refuse_an_answer_that_was_changed(self, city):
        call = city.sign(body())
        answer = city.handle(call)
        sealed = {**answer["sealed"], "iv": encoding.b64u(bytes(12))}
        with pytest.raises(errors.ReceiptInvalid, match="another answer"):
            check_answer(asked(call), {**answer, "sealed": sealed}, city, city.unwrapper)

    def test_refuse_the_answer_to_another_call(self, city):
        first, second = city.sign(body()), city.sign(body())
        city.handle(first)
        with pytest.raises(errors.ReceiptInvalid, match="another event"):
            check_answer(asked(first), city.handle(second), city, city.unwrapper)

    def test_refuse_a_checkpoint_of_keys_that_are_not_registered(self, city):
        call = city.sign(body())
        answer = city.handle(call)
        city.identity = replace(city.identity, sm2=SoftwareSigner.generate())
        with pytest.raises(errors.CheckpointInvalid):
            check_answer(asked(call), answer, city, city.unwrapper)

    def test_refuse_a_receipt_without_its_proof(self, city):
        city.query()
        call = city.sign(body())
        answer = city.handle(call)
        with pytest.raises(errors.InclusionInvalid):
            check_answer(
                asked(call),
                {**answer, "receipt": {**answer["receipt"], "proof": []}},
                city,
                city.unwrapper,
            )

    def test_refuse_a_refusal_that_hides_its_receipt(self, city):
        call = city.sign(body(items=["SECRET"]))
        error, _ = refusal(city, call)
        del error.facts["receipt"]
        with pytest.raises(errors.ReceiptInvalid, match="without a receipt"):
            check_refusal(asked(call), error, city)

    def test_refuse_a_refusal_for_another_reason_than_was_logged(self, city):
        call = city.sign(body(items=["SECRET"]))
        error, _ = refusal(city, call)
        other = errors.PurposeNotGranted("no", receipt=error.facts["receipt"])
        with pytest.raises(errors.ReceiptInvalid, match="item-not-granted"):
            check_refusal(asked(call), other, city)

    def test_hold_the_answer_to_the_digest_in_the_leaf(self, city):
        answer = city.query()
        leaf = Receipt.parse(answer["receipt"]).parsed_leaf
        assert leaf.answer == sm3(envelope_bytes(answer["sealed"]))


class TestSignedCall:
    @settings(
        max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(data=st.data())
    def test_refuses_a_flip_of_any_byte(self, city, data):
        """Whatever is flipped on the wire, the call is refused and leaves no leaf."""
        content = canonical.dumps(body())
        path = f"/api/v1/authorisations/{calls.AUTHORISATION}/query"
        headers = signedcall.build(
            method="POST",
            authority=calls.AUTHORITY,
            path=path,
            query="",
            content_type="application/json",
            body=content,
            created=calls.START,
            nonce="AAECAwQFBgcICQoLDA0ODxAR",
            key_id=city.signer.public_key.key_id,
            signer=city.signer,
        )
        parts = {
            "method": b"POST",
            "authority": calls.AUTHORITY.encode(),
            "path": path.encode(),
            "body": content,
            **{name: value.encode() for name, value in headers.items()},
        }
        name = data.draw(st.sampled_from(sorted(parts)))
        at = data.draw(st.integers(0, len(parts[name]) - 1))
        bit = data.draw(st.integers(0, 7))
        flipped = bytearray(parts[name])
        flipped[at] ^= 1 << bit
        parts[name] = bytes(flipped)
        if parts["authority"].lower() == calls.AUTHORITY.encode() and name == "authority":
            return  # a host's name in capitals is the same name
        with pytest.raises((errors.InvalidInput, errors.Unauthenticated)):
            serve_parts(city, parts, headers)
        assert city.size == 0


def serve_parts(city, parts, headers):
    """Parse and serve a call as it came over the wire."""
    text = {name: parts[name].decode("latin-1") for name in ("method", "authority", "path")}
    received = [(name.encode(), parts[name]) for name in headers]
    call = signedcall.parse(
        text["method"], text["authority"], text["path"], b"", received, parts["body"]
    )
    return city.handle((call, calls.AUTHORISATION, parts["body"]))
